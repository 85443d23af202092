"""Two brokers, one suite: the embedded broker and a real Mosquitto 2, same users, same rules.

Fixtures: `broker` and `strict_broker` (client id = user name) run on both; `peer` makes paho
clients, `wire` raw sockets over our codec where paho can not say it. Topics are apart per test
(`base`), for the brokers live as long as the session.
"""

import asyncio
import getpass
import itertools
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from protocols.mqtt import Decoder, encode_connect
from protocols.mqtt_packets import Connack, Packet
from simulator.broker import BrokerCore
from simulator.broker_access import Grant, PatternRules
from simulator.broker_server import BrokerServer

DEADLINE_S = 20.0
USERS = ("gw", "pad-01", "pad-02")
EVERYONE = Grant(read=("hall/%u/down/#", "hall/gw/state"), write=("hall/%u/up/#",))
NAMED = {"gw": Grant(read=("#", "$hall/#"), write=("#", "$hall/#"))}


def password(user: str) -> bytes:
    return f"secret of {user}".encode()


class Embedded:
    """The embedded broker in a thread of its own."""

    def __init__(self, strict: bool) -> None:
        rules = PatternRules({user: password(user) for user in USERS}, EVERYONE, NAMED)
        self._server = BrokerServer(BrokerCore(rules, identity_is_client_id=strict))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop)
        self.port = started.result(DEADLINE_S)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(DEADLINE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()


class Mosquitto:
    """A Mosquitto of its own, configured as production is but for TLS and persistence."""

    def __init__(self, strict: bool, folder: Path) -> None:
        self._folder = folder
        binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        tool = shutil.which("mosquitto_passwd")
        if binary is None or tool is None:
            pytest.fail("no mosquitto on this machine: apt-get install mosquitto", pytrace=False)
        passwords = folder / "passwords"
        passwords.write_text("".join(f"{user}:{password(user).decode()}\n" for user in USERS))
        passwords.chmod(0o600)
        subprocess.run([tool, "-U", str(passwords)], check=True, capture_output=True)
        (folder / "acl").write_text(self._acl())
        for _ in range(5):
            if self._started(binary, strict):
                return
        pytest.fail("mosquitto does not start: " + (folder / "log").read_text(), pytrace=False)

    @staticmethod
    def _acl() -> str:
        lines = []
        for user, grant in NAMED.items():
            lines += [f"user {user}"]
            lines += [f"topic read {pattern}" for pattern in grant.read]
            lines += [f"topic write {pattern}" for pattern in grant.write]
        lines += [f"pattern read {pattern}" for pattern in EVERYONE.read]
        lines += [f"pattern write {pattern}" for pattern in EVERYONE.write]
        return "\n".join(lines) + "\n"

    def _started(self, binary: str, strict: bool) -> bool:
        """False when the free port was taken by somebody else meanwhile."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder = self._folder
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            f"log_dest file {folder / 'log'}",
            f"password_file {folder / 'passwords'}",
            f"acl_file {folder / 'acl'}",
            f"use_username_as_clientid {str(strict).lower()}",
            "allow_anonymous false",
            "set_tcp_nodelay true",
            "max_inflight_messages 0",
            # Not 0: with 0, Mosquitto 2.0.11 closes the connection after a forbidden publish.
            "max_queued_messages 1000000",
            f"max_queued_bytes {16 << 20}",
            "persistence false",
        ]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._process = subprocess.Popen(
            [binary, "-c", str(folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except ConnectionRefusedError:
                time.sleep(0.01)
            else:
                return True
        self.stop()
        return False

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(DEADLINE_S)


def _run(kind: str, strict: bool, folder: Path) -> Iterator[Embedded | Mosquitto]:
    running = Embedded(strict) if kind == "embedded" else Mosquitto(strict, folder)
    yield running
    running.stop()


@pytest.fixture(scope="session", params=["embedded", "mosquitto"])
def broker(request, tmp_path_factory) -> Iterator[Embedded | Mosquitto]:
    yield from _run(request.param, False, tmp_path_factory.mktemp("broker"))


@pytest.fixture(scope="session", params=["embedded", "mosquitto"])
def strict_broker(request, tmp_path_factory) -> Iterator[Embedded | Mosquitto]:
    yield from _run(request.param, True, tmp_path_factory.mktemp("strict"))


class Peer:
    """One paho client. Every wait has a deadline."""

    def __init__(self, port: int, user: str, client_id: str, clean: bool, keepalive_s: int) -> None:
        self._port = port
        self._keepalive_s = keepalive_s
        self._messages: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self._connected: queue.Queue[tuple[int, bool]] = queue.Queue()
        self._granted: queue.Queue[list[int]] = queue.Queue()
        self.closed = threading.Event()
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=clean,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        self.client.username_pw_set(user, password(user).decode())
        self.client.max_inflight_messages_set(0)
        self.client.on_message = lambda *got: self._messages.put(got[2])
        self.client.on_connect = lambda *got: self._connected.put(
            (got[3].value, got[2].session_present)
        )
        self.client.on_subscribe = lambda *got: self._granted.put([code.value for code in got[3]])
        self.client.on_unsubscribe = lambda *got: self._granted.put([])
        self.client.on_disconnect = lambda *got: self.closed.set()

    def start(self) -> "Peer":
        self.closed.clear()
        self.client.connect("127.0.0.1", self._port, self._keepalive_s)
        self.client.loop_start()
        code, self.session_present = self._connected.get(timeout=DEADLINE_S)
        assert code == 0
        return self

    def subscribe(self, *filters: tuple[str, int]) -> list[int]:
        self.client.subscribe(list(filters))
        return self._granted.get(timeout=DEADLINE_S)

    def unsubscribe(self, *filters: str) -> None:
        self.client.unsubscribe(list(filters))
        self._granted.get(timeout=DEADLINE_S)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Returns when sent (QoS 0) or acknowledged (QoS 1)."""
        sent = self.client.publish(topic, payload, qos, retain)
        sent.wait_for_publish(DEADLINE_S)
        assert sent.is_published()

    def next(self) -> tuple[str, bytes, int, bool]:
        message = self._messages.get(timeout=DEADLINE_S)
        return message.topic, message.payload, message.qos, message.retain

    def until(self, topic: str) -> list[tuple[str, bytes, int, bool]]:
        """All messages before the one on `topic`."""
        taken = []
        while (message := self.next())[0] != topic:
            taken.append(message)
        return taken

    def lose(self) -> None:
        """The cable is pulled: no DISCONNECT."""
        connection = self.client.socket()
        assert connection is not None
        connection.shutdown(socket.SHUT_RDWR)
        assert self.closed.wait(DEADLINE_S)
        self.client.loop_stop()

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Wire:
    """One raw socket speaking our codec."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = Decoder(1 << 20)
        self._packets: list[Packet] = []

    def connect(self, client_id: str, user: str = "gw", keepalive_s: int = 0, **options) -> Connack:
        self.send(encode_connect(client_id, keepalive_s, username=user, **options))
        connack = self.next()
        assert isinstance(connack, Connack)
        return connack

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def next(self) -> Packet | None:
        """The next packet; None when the broker has closed the connection."""
        while not self._packets:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._packets = self._decoder.feed(data)
        return self._packets.pop(0)


@pytest.fixture
def secret() -> Callable[[str], bytes]:
    """The password of a user."""
    return password


_numbers = itertools.count(1)


@pytest.fixture
def base() -> str:
    """A topic prefix no other test uses."""
    return f"test/{next(_numbers)}"


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    made: list[Peer] = []
    yield made
    for one in made:
        one.leave()


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for one in made:
        one.socket.close()


@pytest.fixture
def peer(broker, peers) -> Callable[..., Peer]:
    """peer(user, client_id, clean, will, keepalive_s, port) -> a connected paho client."""

    def make(
        user: str = "gw",
        client_id: str = "",
        clean: bool = True,
        will: tuple[str, bytes, int, bool] | None = None,
        keepalive_s: int = 60,
    ) -> Peer:
        name = client_id or f"peer-{next(_numbers)}"
        one = Peer(broker.port, user, name, clean, keepalive_s)
        if will is not None:
            one.client.will_set(*will)
        peers.append(one)
        return one.start()

    return make


@pytest.fixture
def wire_to(wires) -> Callable[[int], Wire]:
    """wire_to(port) -> a raw socket, nothing said yet."""

    def make(port: int) -> Wire:
        one = Wire(port)
        wires.append(one)
        return one

    return make


@pytest.fixture
def wire(broker, wire_to) -> Callable[[], Wire]:
    """wire() -> a raw socket to `broker`, nothing said yet."""
    return lambda: wire_to(broker.port)
