"""MQTT 3.1.1 client session: one client's side of the conversation. Sans-IO, time passed in.

The shell owns the socket and the clock. It calls a method with the time, then sends what
`take_output()` gives and handles what `take_events()` gives, and calls `wake(now_ms)` at
`wake_at()`. Times are ticks of `protocols.ticks`: wrapped, milliseconds. `wake_at()` may be early
(then `wake` does nothing), never late.

Events, in order of happening:
  ("connected", session_present)
  ("message", topic, payload, qos, retain, dup, packet_id)
  ("published", packet_id)              the broker has it: no more than that
  ("subscribed", packet_id, granted)    granted: one byte per filter, 0, 1 or 0x80 refused
  ("unsubscribed", packet_id)
  ("closed", reason)                    once per connection: send the rest, close the socket

Rules: a peer that is late with CONNACK, PUBACK, SUBACK, UNSUBACK or PINGRESP, or says what it
must not say, gets the connection closed without DISCONNECT, so that the will is published.
Any bytes received put off the ping time-out. Acknowledgements of unknown ids are ignored.
Nothing outlives the connection here: what was published and not acknowledged before "closed" is
forgotten, and sending it again is the business of the application's outbox. With clean=False the
broker keeps its side (subscriptions, queue), this side still starts empty.
Raises `MqttError` for wrong arguments and for calls in the wrong state.
"""

from protocols.mqtt import (
    Decoder,
    MqttError,
    encode_connect,
    encode_puback,
    encode_publish,
    encode_subscribe,
    encode_unsubscribe,
)
from protocols.mqtt_packets import (
    ACCEPTED,
    DISCONNECT_BYTES,
    MAX_PACKET_ID,
    PINGREQ_BYTES,
    REFUSALS,
    Connack,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Unsuback,
)
from protocols.ticks import ticks_add, ticks_diff

_DOWN = 0
_AWAITING_CONNACK = 1
_UP = 2
_CLOSED = 3


class ClientSession:
    """One client, over any number of connections one after the other.

    `will` is None or (topic, payload, qos, retain). With `manual_ack` a QoS 1 message is
    acknowledged only by `acknowledge`. `keepalive_s` 0 means no pings and no liveness check.
    """

    def __init__(
        self,
        client_id: str,
        keepalive_s: int,
        username: str | None = None,
        password: bytes | None = None,
        will: tuple[str, bytes, int, bool] | None = None,
        clean: bool = True,
        manual_ack: bool = False,
        max_packet_bytes: int = 16384,
        ack_timeout_ms: int = 3000,
        connack_timeout_ms: int = 5000,
        ping_timeout_ms: int = 3000,
    ) -> None:
        self._client_id = client_id
        self._keepalive_s = keepalive_s
        self._username = username
        self._password = password
        self._clean = clean
        self._manual_ack = manual_ack
        self._max_packet_bytes = max_packet_bytes
        self._ack_timeout_ms = ack_timeout_ms
        self._connack_timeout_ms = connack_timeout_ms
        self._ping_timeout_ms = ping_timeout_ms
        self._connect_bytes = b""
        self.set_will(will)
        self._state = _DOWN
        self._decoder = Decoder(max_packet_bytes)
        self._out: list[bytes] = []
        # The kinds of event differ in length, and the subset has no typing to say so.
        self._events: list[tuple] = []  # type: ignore[type-arg]  # no typing.Any in the subset
        self._last_id = 0
        # What each id in use waits for, and the same ids in order of sending with their deadlines.
        self._waiting: dict[int, tuple[str, int]] = {}
        self._order: list[tuple[int, int]] = []
        # Deadline of CONNACK, next look at the silence, or deadline of PINGRESP.
        self._life_at = 0
        self._pinged = False
        self._sent_at = 0
        self._heard_at = 0

    @property
    def connected(self) -> bool:
        """Whether CONNACK has come and the connection is not closed."""
        return self._state == _UP

    @property
    def in_flight(self) -> int:
        """How many publishes and subscriptions wait for their acknowledgement."""
        return len(self._waiting)

    def set_will(self, will: tuple[str, bytes, int, bool] | None) -> None:
        """The will of the next connection (a birth counter in it changes with each)."""
        self._connect_bytes = encode_connect(
            self._client_id, self._keepalive_s, self._clean, will, self._username, self._password
        )

    def connection_made(self, now_ms: int) -> None:
        """The socket is open: say CONNECT."""
        if self._state not in (_DOWN, _CLOSED):
            raise MqttError("connection_made: the connection before has not been lost yet")
        self._state = _AWAITING_CONNACK
        self._decoder = Decoder(self._max_packet_bytes)
        self._out = []
        self._pinged = False
        self._heard_at = now_ms
        self._send(now_ms, self._connect_bytes)
        self._life_at = ticks_add(now_ms, self._connack_timeout_ms)

    def connection_lost(self, now_ms: int) -> None:  # noqa: ARG002  # every input has its time
        """The socket is gone, by either side. Unsent output is dropped with it."""
        self._close("connection lost")
        self._out = []
        self._state = _DOWN

    def disconnect(self, now_ms: int) -> None:
        """Say DISCONNECT (the will is not published) and close."""
        if self._state == _UP or self._state == _AWAITING_CONNACK:
            self._send(now_ms, DISCONNECT_BYTES)
            self._close("disconnected")

    def receive(self, now_ms: int, data: bytes) -> None:
        """Bytes from the socket, cut anyhow. Ignored once closed."""
        if self._state != _UP and self._state != _AWAITING_CONNACK:
            return
        self._heard_at = now_ms
        fault = ""
        try:
            packets = self._decoder.feed(data)
        except MqttError as error:
            packets = error.packets
            fault = str(error)
        for packet in packets:
            if self._state == _UP:
                self._take(now_ms, packet)
            elif self._state == _AWAITING_CONNACK:
                self._take_connack(now_ms, packet)
        if fault:
            self._close("malformed: " + fault)

    def publish(
        self, now_ms: int, topic: str, payload: bytes, qos: int = 0, retain: bool = False
    ) -> int:
        """The packet id to expect in "published", or 0 for QoS 0."""
        self._require_up("publish")
        if qos == 0:
            self._send(now_ms, encode_publish(topic, payload, 0, retain))
            return 0
        packet_id = self._free_id()
        data = encode_publish(topic, payload, qos, retain, False, packet_id)
        self._expect(now_ms, packet_id, "published", data)
        return packet_id

    def subscribe(self, now_ms: int, filters: list[tuple[str, int]]) -> int:
        """The packet id to expect in "subscribed". `filters`: (filter, QoS 0 or 1)."""
        self._require_up("subscribe")
        packet_id = self._free_id()
        self._expect(now_ms, packet_id, "subscribed", encode_subscribe(packet_id, filters))
        return packet_id

    def unsubscribe(self, now_ms: int, filters: list[str]) -> int:
        """The packet id to expect in "unsubscribed"."""
        self._require_up("unsubscribe")
        packet_id = self._free_id()
        self._expect(now_ms, packet_id, "unsubscribed", encode_unsubscribe(packet_id, filters))
        return packet_id

    def acknowledge(self, now_ms: int, packet_id: int) -> None:
        """PUBACK a message taken with `manual_ack`, in the order they came (4.6)."""
        self._require_up("acknowledge")
        self._send(now_ms, encode_puback(packet_id))

    def take_output(self) -> bytes:
        """What to send now; b"" when nothing."""
        if not self._out:
            return b""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out = []
        return data

    def take_events(self) -> list[tuple]:  # type: ignore[type-arg]  # no typing.Any in the subset
        """What happened since the last call, in order."""
        events = self._events
        if events:
            self._events = []
        return events

    def wake_at(self) -> int | None:
        """The tick at which `wake` has to be called, or None while nothing can time out."""
        if self._state == _AWAITING_CONNACK:
            return self._life_at
        if self._state != _UP:
            return None
        oldest = self._oldest_deadline()
        if self._keepalive_s == 0:
            return oldest
        if oldest is None or ticks_diff(self._life_at, oldest) < 0:
            return self._life_at
        return oldest

    def wake(self, now_ms: int) -> None:
        """Time has passed: ping, or give the peer up."""
        if self._state == _AWAITING_CONNACK:
            if ticks_diff(now_ms, self._life_at) >= 0:
                self._close("time-out: no CONNACK")
            return
        if self._state != _UP:
            return
        oldest = self._oldest_deadline()
        if oldest is not None and ticks_diff(now_ms, oldest) >= 0:
            kind = self._waiting[self._order[0][1]][0]
            self._close(f"time-out: not {kind} within {self._ack_timeout_ms} ms")
        elif self._keepalive_s and ticks_diff(now_ms, self._life_at) >= 0:
            self._look_at_silence(now_ms)

    def _look_at_silence(self, now_ms: int) -> None:
        if self._pinged:
            due = ticks_add(self._heard_at, self._ping_timeout_ms)
            if ticks_diff(now_ms, due) < 0:
                self._life_at = due
                return
            self._close("time-out: no PINGRESP")
            return
        # A client that only sends never learns of a dead peer, so silence in either way counts.
        older = self._sent_at
        if ticks_diff(self._heard_at, older) < 0:
            older = self._heard_at
        due = ticks_add(older, self._keepalive_s * 1000)
        if ticks_diff(now_ms, due) < 0:
            self._life_at = due
            return
        self._send(now_ms, PINGREQ_BYTES)
        self._pinged = True
        self._life_at = ticks_add(now_ms, self._ping_timeout_ms)

    def _take(self, now_ms: int, packet: Packet) -> None:
        if isinstance(packet, Publish):
            message = packet
            self._events.append(
                ("message", message.topic, message.payload, message.qos)
                + (message.retain, message.dup, message.packet_id)
            )
            if message.qos and not self._manual_ack:
                self._send(now_ms, encode_puback(message.packet_id))
        elif isinstance(packet, Puback):
            if self._settled(packet.packet_id, "published"):
                self._events.append(("published", packet.packet_id))
        elif isinstance(packet, Suback):
            if self._settled(packet.packet_id, "subscribed"):
                self._events.append(("subscribed", packet.packet_id, packet.granted))
        elif isinstance(packet, Unsuback):
            if self._settled(packet.packet_id, "unsubscribed"):
                self._events.append(("unsubscribed", packet.packet_id))
        elif isinstance(packet, Pingresp):
            self._pinged = False
            self._life_at = ticks_add(now_ms, self._keepalive_s * 1000)
        else:
            self._close("protocol error: a packet only a client may send, or a second CONNACK")

    def _take_connack(self, now_ms: int, packet: Packet) -> None:
        if not isinstance(packet, Connack):
            self._close("protocol error: something else before CONNACK")
        elif packet.code != ACCEPTED:
            self._close("refused: " + REFUSALS[packet.code])
        else:
            self._state = _UP
            self._life_at = ticks_add(now_ms, self._keepalive_s * 1000)
            self._events.append(("connected", packet.session_present))

    def _close(self, reason: str) -> None:
        if self._state == _DOWN or self._state == _CLOSED:
            return
        self._state = _CLOSED
        self._waiting = {}
        self._order = []
        self._events.append(("closed", reason))

    def _require_up(self, what: str) -> None:
        if self._state != _UP:
            raise MqttError(f"{what}: not connected; wait for the event connected")

    def _send(self, now_ms: int, data: bytes) -> None:
        self._sent_at = now_ms
        self._out.append(data)

    def _free_id(self) -> int:
        if len(self._waiting) >= MAX_PACKET_ID:
            raise MqttError("all 65535 packet ids wait for an acknowledgement")
        packet_id = self._last_id
        while True:
            packet_id = packet_id + 1 if packet_id < MAX_PACKET_ID else 1
            if packet_id not in self._waiting:
                return packet_id

    def _expect(self, now_ms: int, packet_id: int, kind: str, data: bytes) -> None:
        self._last_id = packet_id
        deadline = ticks_add(now_ms, self._ack_timeout_ms)
        self._waiting[packet_id] = (kind, deadline)
        self._order.append((deadline, packet_id))
        self._send(now_ms, data)

    def _settled(self, packet_id: int, kind: str) -> bool:
        waiting = self._waiting.get(packet_id)
        if waiting is None or waiting[0] != kind:
            return False
        del self._waiting[packet_id]
        return True

    def _oldest_deadline(self) -> int | None:
        order = self._order
        while order:
            deadline, packet_id = order[0]
            waiting = self._waiting.get(packet_id)
            if waiting is not None and waiting[1] == deadline:
                return deadline
            order.pop(0)
        return None
