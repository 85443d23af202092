"""One connection of paho-mqtt to the broker, from CONNECT to its end; never used again after it.

Rules:
- one paho client per connection: nothing of an old connection (queued publications, packet ids,
  its will) can leak into a new one;
- clean session, manual acknowledgement, TCP_NODELAY; it is "up" only after the SUBACK, so the
  subscription stands before anybody announces anything;
- paho's callbacks run in its network thread and must not raise, or that thread dies while paho
  still claims to be connected: everything is caught, and becomes a `Down` with the reason;
- all that happens goes to `sink`, in order, from the network thread.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.core.effects import Publish

CONNECT_TIMEOUT_S = 3.0
# paho's default of 20 would hold back the wants of a large hall after each connect.
IN_FLIGHT_MAX = 1000


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who the gateway is there; `ca_file` switches TLS on.

    `cert_file` and `key_file`: the gateway's own, for a broker that asks for one.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""

    generation: int


@dataclass(frozen=True, slots=True)
class Down:
    """The connection is over, or never came about; `reason` is for the technician."""

    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What acknowledges one message: the packet id means nothing on another connection."""

    generation: int
    packet_id: int


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the broker; QoS 0 has no receipt. `kept`: a copy it kept, not said now."""

    generation: int
    topic: str
    payload: bytes
    receipt: Receipt | None
    kept: bool


Happening = Up | Down | Received
Sink = Callable[[Happening], None]


class Sent(Protocol):
    """A publication on its way."""

    def wait_for_publish(self, timeout: float | None = None) -> None:
        """Block until the broker has it, or time is up."""


class Connection(Protocol):
    """One connection as the line sees it: `Session`, or one of the simulator's."""

    generation: int

    def connect(self) -> object: ...
    def publish(self, message: Publish) -> Sent: ...
    def acknowledge(self, packet_id: int) -> None: ...
    def complaint(self) -> str: ...
    def disconnect(self) -> None: ...
    def abandon(self) -> None: ...


# generation, address, client id, filter, will, keepalive in seconds, sink
MakeSession = Callable[[int, BrokerAddress, str, str, Publish, int, Sink], Connection]


class Session:
    """See the module. `connect` blocks; `publish` and `acknowledge` do not."""

    def __init__(
        self,
        generation: int,
        address: BrokerAddress,
        client_id: str,
        topic_filter: str,
        will: Publish,
        keepalive_s: int,
        sink: Sink,
    ) -> None:
        self.generation = generation
        self._address = address
        self._filter = topic_filter
        self._keepalive_s = keepalive_s
        self._sink = sink
        self._ended = False
        self._thread: threading.Thread | None = None
        self._heard_at = time.monotonic()
        self._client = self._make_client(client_id, will)

    def _make_client(self, client_id: str, will: Publish) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=paho.MQTTv311,
            manual_ack=True,
            reconnect_on_failure=False,  # a new connection is a new Session
        )
        client.suppress_exceptions = True
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.will_set(will.topic, will.payload, will.qos, will.retain)
        if self._address.username is not None:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.ca_file is not None:
            cert, key = self._address.cert_file, self._address.key_file
            client.tls_set(
                ca_certs=str(self._address.ca_file),
                certfile=None if cert is None else str(cert),
                keyfile=None if key is None else str(key),
            )
        client.on_socket_open = _no_delay
        client.on_log = self._on_log
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def connect(self) -> None:
        """Open the socket and start the network thread. Blocks up to CONNECT_TIMEOUT_S.

        Raises OSError, ValueError for a host that cannot be one.
        """
        self._client.connect(self._address.host, self._address.port, self._keepalive_s)
        self._client.loop_start()

    def publish(self, message: Publish) -> paho.MQTTMessageInfo:
        """Hand a publication to the network thread."""
        return self._client.publish(message.topic, message.payload, message.qos, message.retain)

    def acknowledge(self, packet_id: int) -> None:
        """Send the PUBACK of a message received on this connection."""
        self._client.ack(packet_id, 1)

    def complaint(self) -> str:
        """Why this connection must be given up though paho does not say so, or ""."""
        if self._thread is not None and not self._thread.is_alive() and not self._ended:
            return "the network thread died"
        silent_s = time.monotonic() - self._heard_at
        if silent_s > 2 * self._keepalive_s:
            return f"nothing came from the broker for {silent_s:.0f} s"
        return ""

    def disconnect(self) -> None:
        """Say DISCONNECT and wait for the network thread: for a clean stop. Blocks shortly."""
        self._ended = True
        self._client.disconnect()
        self._client.loop_stop()

    def abandon(self) -> None:
        """Cut the socket without a word, and never wait: the thread may be stuck."""
        self._ended = True
        sock = self._client.socket()
        if isinstance(sock, socket.socket):  # a TLS socket is one too
            # It may be closed by the network thread in this very moment; then it is cut already.
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            if self._thread is not None and not self._thread.is_alive():
                sock.close()

    # ---- called by paho, in its network thread ----

    def _tell(self, happening: Happening) -> None:
        if self._ended:
            return
        self._ended = isinstance(happening, Down)
        self._sink(happening)

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001  # a raise here would kill the network thread
            self._tell(Down(self.generation, f"{type(error).__name__}: {error}"))
            self._client.disconnect()

    def _on_log(self, _client: paho.Client, _userdata: Any, _level: int, text: str) -> None:
        # paho has no other public sign of life from the broker; it logs each packet it receives.
        if text.startswith("Received"):
            self._heard_at = time.monotonic()

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        def step() -> None:
            self._thread = threading.current_thread()
            if reason.is_failure:
                self._tell(Down(self.generation, f"the broker refused: {reason}"))
                client.disconnect()
            else:
                client.subscribe(self._filter, 1)

        self._guard(step)

    def _on_connect_fail(self, _client: paho.Client, _userdata: Any) -> None:
        self._tell(Down(self.generation, "no connection"))

    def _on_subscribe(
        self,
        client: paho.Client,
        _userdata: Any,
        _packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        def step() -> None:
            if any(reason.is_failure for reason in reasons):
                self._tell(Down(self.generation, f"the broker refused to subscribe {self._filter}"))
                client.disconnect()
            else:
                self._tell(Up(self.generation))

        self._guard(step)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._guard(lambda: self._tell(Down(self.generation, f"the connection broke: {reason}")))

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        def step() -> None:
            receipt = Receipt(self.generation, message.mid) if message.qos else None
            try:
                topic = message.topic
            except UnicodeDecodeError:
                topic = ""  # no topic of ours: the engine counts it as rejected
            payload = bytes(message.payload)
            self._tell(Received(self.generation, topic, payload, receipt, message.retain))

        self._guard(step)


def _no_delay(_client: paho.Client, _userdata: Any, sock: Any) -> None:
    # Nagle and delayed acknowledgement together cost up to 40 ms a press.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
