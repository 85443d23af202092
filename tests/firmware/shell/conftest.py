"""A scripted broker and gateway for one node: real MQTT bytes, no socket, virtual ticks.

And real sockets that speak as MicroPython's do: `write` and `readinto` give None when they would
have to wait, whatever lies over the socket.
"""

from __future__ import annotations

import base64
import importlib
import select
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.logic.registry import make_logic
from firmware.shell.node import Node
from protocols import topics
from protocols.catalogue import messages_on
from protocols.messages.node import Ack, GatewayState
from protocols.messages.pad import PadWant
from protocols.messages.voice import VoiceJob
from protocols.mqtt import Decoder, encode_puback, encode_publish
from protocols.mqtt_broker_side import (
    Connect,
    Disconnect,
    Pingreq,
    Subscribe,
    encode_connack,
    encode_suback,
)
from protocols.mqtt_packets import PINGRESP_BYTES, Publish
from protocols.ticks import ticks_add, ticks_diff
from protocols.topics import Channel
from protocols.wire import Message, decode, encode

HALL = "lf"
NODE = "n1"
WAKES_MAX = 20


class Peer:
    """Drives one node as its shell, and answers it as its broker."""

    def __init__(
        self, kind: str, start_ms: int, stored: dict[str, bytes], boot: int, updater: Any
    ) -> None:
        self.node = Node(
            HALL,
            NODE,
            kind,
            "virtual",
            "1.0.0",
            boot,
            make_logic(kind),
            lambda limit: limit // 2,
            updater=updater,
        )
        self.now_ms = start_ms
        self.stored = dict(stored)
        self.effects: list[tuple[Any, ...]] = []
        self.packets: list[Any] = []
        self.open = False
        self.mute = False  # the broker answers nothing
        self.drop = False  # what the node says is lost on the way
        self.granted = 1
        self._decoder = Decoder(65536)
        self.node.input(self.now_ms, ("restore", self.stored))
        self.node.input(self.now_ms, ("start",))
        self.pump()

    # ---- the shell ----

    def pump(self) -> None:
        """Effects first, then bytes, then the socket: the contract of a shell."""
        while True:
            for effect in self.node.take_effects():
                self.effects.append(effect)
                if effect[0] == "store":
                    self.stored[effect[1]] = effect[2]
            data = self.node.take_output()
            answer = b""
            if data and self.open and not self.drop:
                for packet in self._decoder.feed(data):
                    self.packets.append(packet)
                    answer += self._answer(packet)
            if self.node.wants_close:
                self.open = False
                self.node.connection_lost(self.now_ms)
            elif answer:
                self.node.receive(self.now_ms, answer)
            elif not data:
                return

    def _answer(self, packet: Any) -> bytes:
        if self.mute:
            return b""
        if isinstance(packet, Connect):
            return encode_connack(False, 0)
        if isinstance(packet, Subscribe):
            return encode_suback(packet.packet_id, bytes([self.granted] * len(packet.filters)))
        if isinstance(packet, Publish) and packet.qos:
            return encode_puback(packet.packet_id)
        if isinstance(packet, Pingreq):
            return PINGRESP_BYTES
        assert isinstance(packet, Publish | Disconnect), packet
        return b""

    def run(self, duration_ms: int) -> None:
        """Let time pass, waking the node when it asks."""
        left_ms = duration_ms
        wakes = 0
        while (wake := self.node.wake_at()) is not None:
            ahead_ms = ticks_diff(wake, self.now_ms)
            if ahead_ms > left_ms:
                break
            wakes = wakes + 1 if ahead_ms <= 0 else 0
            assert wakes < WAKES_MAX, "the node asks to be woken again and again at one tick"
            self.now_ms = ticks_add(self.now_ms, max(0, ahead_ms))
            left_ms -= max(0, ahead_ms)
            self.node.wake(self.now_ms)
            self.pump()
        self.now_ms = ticks_add(self.now_ms, left_ms)

    def input(self, *event: Any) -> None:
        """A device event now."""
        self.node.input(self.now_ms, event)
        self.pump()

    def press(self, index: int = 0) -> None:
        """A clean press and release."""
        self.input("key", index, 1)
        self.run(100)
        self.input("key", index, 0)
        self.run(50)

    def connect(self) -> None:
        """Wait until the node dials, and let it in."""
        for _ in range(100):
            if self.node.wants_connection:
                break
            self.run(100)
        assert self.node.wants_connection, "it never dialled"
        self._decoder = Decoder(65536)
        self.open = True
        self.node.connection_made(self.now_ms)
        self.pump()

    def cut(self) -> None:
        """The socket is gone."""
        self.open = False
        self.node.connection_lost(self.now_ms)
        self.pump()

    # ---- the gateway ----

    def say(self, topic: str, payload: bytes, retain: bool = False, qos: int = 0) -> None:
        """The broker delivers a message."""
        assert self.open
        packet_id = 77 if qos else 0
        data = encode_publish(topic, payload, qos, retain, False, packet_id)
        self.node.receive(self.now_ms, data)
        self.pump()

    def send(self, channel: Channel, message: Message, retain: bool = False) -> None:
        """A message of the gateway to this node."""
        self.say(topics.node_topic(HALL, NODE, channel), encode(message), retain)

    def beat(self, at_ms: int, retain: bool = False, **changes: Any) -> None:
        """The gateway's state."""
        values: dict[str, Any] = {
            "state": "online",
            "epoch": 9,
            "connection": 1,
            "at_ms": at_ms,
            "protocol": "1.0",
        }
        values.update(changes)
        self.say(topics.gateway_topic(HALL), encode(GatewayState(**values)), retain)

    def ack(self, seq: int, boot: int = 1, cumulative: bool = False, result: Any = "ok") -> None:
        """The gateway settles a report."""
        told = Ack(boot=boot, seq=seq, result=result, first=None, why="", cumulative=cumulative)
        self.send(topics.ACK, told)

    # ---- what the node said ----

    def said(self, channel: Channel) -> list[Any]:
        """Every message the broker got on this channel, decoded, oldest first."""
        topic = topics.node_topic(HALL, NODE, channel)
        found = [packet for packet in self.packets if isinstance(packet, Publish)]
        kinds = messages_on(channel)
        return [decode(packet.payload, kinds) for packet in found if packet.topic == topic]

    def stamps(self) -> list[tuple[int, int]]:
        """(boot, seq) of every report the broker got, events and results."""
        reports = self.said(topics.EVENT) + self.said(topics.RESULT)
        return [(report.stamp.boot, report.stamp.seq) for report in reports]

    def all(self, name: str) -> list[tuple[Any, ...]]:
        """Every effect of this name."""
        return [effect for effect in self.effects if effect[0] == name]


def make_pad_want(rev: int = 1, turn: int = 7, epoch: int = 9, number: str = "A001") -> PadWant:
    return PadWant(
        epoch=epoch,
        rev=rev,
        turn=turn,
        mode="serving",
        number=number,
        waiting=1,
        held=0,
        help=False,
        services=6,
    )


@pytest.fixture
def pad_want() -> Callable[..., PadWant]:
    """A serving window's picture."""
    return make_pad_want


@pytest.fixture
def voice_job() -> Callable[[str], VoiceJob]:
    """A call of A001 to window 3."""
    return lambda job_id: VoiceJob(id=job_id, ttl_ms=60000, number="A001", window="3", again=False)


@pytest.fixture
def pad(peer: Callable[..., Peer]) -> Peer:
    """A pad that is connected, fresh, and shows A001."""
    pad = peer("pad")
    pad.connect()
    pad.beat(1000)
    pad.send(topics.WANT, make_pad_want(), retain=True)
    return pad


@pytest.fixture
def peer(start_ms: int) -> Callable[..., Peer]:
    """Makes a node of a kind with its scripted peer."""

    def make(
        kind: str, stored: dict[str, bytes] | None = None, boot: int = 1, updater: Any = None
    ) -> Peer:
        return Peer(kind, start_ms, stored or {}, boot, updater)

    return make


class MicroSocket:
    """A socket as MicroPython has it."""

    def __init__(self) -> None:
        self.real = socket.socket()

    def setblocking(self, blocking: bool) -> None:
        self.real.setblocking(blocking)

    def connect(self, address: Any) -> None:
        self.real.connect(address)

    def fileno(self) -> int:
        return self.real.fileno()

    def close(self) -> None:
        self.real.close()

    def write(self, data: bytes) -> int | None:
        try:
            return self.real.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def readinto(self, buffer: bytearray) -> int | None:
        try:
            return self.real.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None


def pem(name: str, data: bytes) -> bytes:
    """mbedTLS takes both forms, OpenSSL's files PEM only."""
    if data.startswith(b"-----"):
        return data
    body = base64.encodebytes(data)
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name.encode(), body, name.encode())


class MicroContext:
    """MicroPython's SSLContext, which takes certificates as bytes, not as files."""

    def __init__(self, protocol: int) -> None:
        self._real = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._real.maximum_version = ssl.TLSVersion.TLSv1_2  # what the ESP32 speaks
        self.verify_mode = ssl.CERT_NONE

    def load_verify_locations(self, *, cadata: bytes) -> None:
        self._real.load_verify_locations(cadata=pem("CERTIFICATE", cadata).decode())

    def load_cert_chain(self, certificate: bytes, key: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            paths = Path(folder, "certificate"), Path(folder, "key")
            paths[0].write_bytes(pem("CERTIFICATE", certificate))
            paths[1].write_bytes(pem("EC PRIVATE KEY", key))
            self._real.load_cert_chain(*paths)

    def wrap_socket(
        self, sock: MicroSocket, *, server_hostname: str, do_handshake_on_connect: bool
    ) -> MicroSocket:
        assert self.verify_mode == ssl.CERT_REQUIRED, "any broker would be believed"
        wrapped = MicroSocket()
        wrapped.real.close()
        wrapped.real = self._real.wrap_socket(
            sock.real,
            server_hostname=server_hostname,
            do_handshake_on_connect=do_handshake_on_connect,
        )
        sock.real = wrapped.real  # polled through the raw one, as on the chip
        return wrapped


@pytest.fixture
def micro_link(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`firmware.shell.link` over MicroPython's sockets."""
    link = importlib.import_module("firmware.shell.link")
    sockets = SimpleNamespace(socket=MicroSocket, getaddrinfo=socket.getaddrinfo)
    monkeypatch.setattr(link, "socket", sockets)
    secure = SimpleNamespace(
        SSLContext=MicroContext,
        PROTOCOL_TLS_CLIENT=ssl.PROTOCOL_TLS_CLIENT,
        CERT_REQUIRED=ssl.CERT_REQUIRED,
    )
    monkeypatch.setitem(sys.modules, "ssl", secure)  # type: ignore[arg-type]  # is one to it
    polling = SimpleNamespace(
        poll=select.poll,
        POLLIN=select.POLLIN,
        POLLOUT=select.POLLOUT,
        POLLERR=select.POLLERR,
        POLLHUP=select.POLLHUP,
    )
    monkeypatch.setattr(link, "select", polling)
    return link
