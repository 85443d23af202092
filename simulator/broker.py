"""MQTT 3.1.1 broker core over `protocols.mqtt`: QoS 0 and 1, in memory, sans-IO.

The shell (virtual network or `simulator.broker_server`) names connections, passes bytes and time
(`now_ms`, a growing int of any origin) and carries out `take_output()`: `(connection, bytes)` to
send, `(connection,)` to close, in order. A closed connection is forgotten at once; what the shell
still says of it is ignored. `wake_at()` may be early, never late. Same input, same output: no
clock, no random, no set of strings is iterated.

Rules, as Mosquitto 2 keeps them (tests/broker_conformance runs on both):
- A publish the rules forbid is acknowledged and dropped; a forbidden subscription is granted and
  filtered at delivery. With `identity_is_client_id` the identity replaces the client id.
- The will is published on loss, malformed bytes, keepalive (1.5 times) and takeover; not on
  DISCONNECT. A restart (`forget`) publishes nothing and forgets everything.
- Overlapping subscriptions deliver once, at the highest QoS. Retained: empty payload deletes.
- QoS 1 unacknowledged is sent again with DUP on reconnect only. A persistent session keeps at most
  `max_pending_bytes` (topics and payloads) of it; beyond that the newest is dropped and counted in
  `dropped_messages`. QoS 0 is not kept for the absent.
- A client id taken by another identity does not inherit the session.
"""

from functools import lru_cache
from heapq import heappop, heappush

from protocols.mqtt import MqttError, encode_puback, encode_publish
from protocols.mqtt_broker_side import (
    Connect,
    Disconnect,
    Pingreq,
    Subscribe,
    Unsubscribe,
    encode_connack,
    encode_suback,
    encode_unsuback,
)
from protocols.mqtt_packets import (
    ACCEPTED,
    BAD_CLIENT_ID,
    BAD_LEVEL,
    NOT_AUTHORISED,
    PINGRESP_BYTES,
    PROTOCOL_LEVEL,
    Packet,
    Puback,
    Publish,
)
from protocols.mqtt_topics import topic_matches
from simulator.broker_access import AccessRules
from simulator.broker_session import (
    CONNECT_TIMEOUT_MS,
    Connection,
    ConnectionName,
    Pending,
    Session,
    Will,
)

Output = tuple[ConnectionName, bytes] | tuple[ConnectionName]

ROUTES_KEPT = 4096
# The same few hundred pairs are asked again at every reconnection.
_takes = lru_cache(maxsize=1 << 16)(topic_matches)


class BrokerCore:
    """The broker. Without `rules` everyone may everything and is who the user name says."""

    def __init__(
        self,
        rules: AccessRules | None = None,
        *,
        identity_is_client_id: bool = False,
        max_packet_bytes: int = 1 << 20,
        max_pending_bytes: int = 1 << 20,
    ) -> None:
        self._rules = rules
        self._identity_is_client_id = identity_is_client_id
        self._max_packet_bytes = max_packet_bytes
        self._max_pending_bytes = max_pending_bytes
        self._connections: dict[ConnectionName, Connection] = {}
        self._sessions: dict[str, Session] = {}
        self._retained: dict[str, tuple[bytes, int]] = {}
        # Filter to client id to granted QoS, filters with wildcards apart.
        self._exact: dict[str, dict[str, int]] = {}
        self._wild: dict[str, dict[str, int]] = {}
        self._routes: dict[str, list[tuple[Session, int]]] = {}
        self._timers: list[tuple[int, int, Connection]] = []
        self._timer_count = 0
        self._named_count = 0
        self._output: list[Output] = []
        self.dropped_messages = 0
        self.forbidden_publishes = 0

    # ---- what the shell calls ----

    def connection_made(self, connection: ConnectionName, now_ms: int) -> None:
        """A socket was accepted; it has ten seconds to say CONNECT."""
        if connection in self._connections:
            raise ValueError(f"connection {connection!r}: the name is in use")
        made = Connection(connection, now_ms, self._max_packet_bytes)
        self._connections[connection] = made
        self._set_timer(made, now_ms + CONNECT_TIMEOUT_MS)

    def receive(self, connection: ConnectionName, now_ms: int, data: bytes) -> None:
        """Bytes from a connection, cut anyhow."""
        source = self._connections.get(connection)
        if source is None:
            return
        if source.session is not None:
            source.heard_ms = now_ms
        fault = False
        try:
            packets = source.decoder.feed(data)
        except MqttError as error:
            packets = error.packets
            fault = True
        for packet in packets:
            self._take(source, now_ms, packet)
            if self._connections.get(connection) is not source:
                return
        if fault:
            self._fail(source)

    def connection_lost(self, connection: ConnectionName, now_ms: int) -> None:  # noqa: ARG002
        """The socket is gone without DISCONNECT."""
        lost = self._connections.get(connection)
        if lost is not None:
            self._drop(lost, publish_will=True)

    def take_output(self) -> list[Output]:
        """What to send and close since the last call, in order."""
        output = self._output
        if output:
            self._output = []
        return output

    def wake_at(self) -> int | None:
        """When `wake` has to be called, or None while nobody is connected."""
        return self._timers[0][0] if self._timers else None

    def wake(self, now_ms: int) -> None:
        """Time has passed: give up those silent for too long."""
        timers = self._timers
        while timers and timers[0][0] <= now_ms:
            _, timer, connection = heappop(timers)
            if connection.timer != timer:
                continue
            due = connection.heard_ms + connection.grace_ms
            if due <= now_ms:
                self._fail(connection)
            else:
                self._set_timer(connection, due)

    def forget(self) -> None:
        """A restart that forgets everything: all are closed, no will is published."""
        for connection in self._connections.values():
            connection.timer = 0
            self._output.append((connection.name,))
        self._connections = {}
        self._sessions = {}
        self._retained = {}
        self._exact = {}
        self._wild = {}
        self._routes = {}
        self._timers = []

    def rules_changed(self) -> None:
        """The access rules answer differently from now on."""
        self._routes = {}
        for session in self._sessions.values():
            session.writable = {}

    @property
    def connection_count(self) -> int:
        """Sockets held, with or without CONNECT."""
        return len(self._connections)

    # ---- packets ----

    def _take(self, source: Connection, now_ms: int, packet: Packet) -> None:
        session = source.session
        if session is None:
            if isinstance(packet, Connect):
                self._take_connect(source, now_ms, packet)
            else:
                self._fail(source)
        elif isinstance(packet, Publish):
            self._publish(session, packet.topic, packet.payload, packet.qos, packet.retain)
            if packet.qos:
                self._output.append((source.name, encode_puback(packet.packet_id)))
        elif isinstance(packet, Puback):
            pending = session.pending.pop(packet.packet_id, None)
            if pending is not None:
                session.pending_bytes -= len(pending.topic) + len(pending.payload)
        elif isinstance(packet, Pingreq):
            self._output.append((source.name, PINGRESP_BYTES))
        elif isinstance(packet, Subscribe):
            self._subscribe(source, session, packet)
        elif isinstance(packet, Unsubscribe):
            for pattern in packet.filters:
                self._unsubscribe(session, pattern)
            self._output.append((source.name, encode_unsuback(packet.packet_id)))
        elif isinstance(packet, Disconnect):
            self._output.append((source.name,))
            self._drop(source, publish_will=False)
        else:
            self._fail(source)

    def _take_connect(self, source: Connection, now_ms: int, packet: Connect) -> None:
        refusal = ACCEPTED
        identity: str | None = None
        if packet.level != PROTOCOL_LEVEL:
            refusal = BAD_LEVEL
        elif not packet.client_id and not packet.clean:
            refusal = BAD_CLIENT_ID
        elif self._rules is None:
            identity = packet.username or packet.client_id
        else:
            identity = self._rules.authenticate(packet.client_id, packet.username, packet.password)
        if identity is None:
            self._output.append((source.name, encode_connack(False, refusal or NOT_AUTHORISED)))
            self._fail(source)
            return
        client_id = packet.client_id
        if self._identity_is_client_id and identity:
            client_id = identity
        if not client_id:
            self._named_count += 1
            client_id = f"auto-{self._named_count}"
        session, present = self._open_session(client_id, identity, packet.clean)
        session.connection = source
        source.session = session
        source.will = packet.will
        source.heard_ms = now_ms
        source.grace_ms = packet.keepalive_s * 1500
        if source.grace_ms:
            self._set_timer(source, now_ms + source.grace_ms)
        else:
            source.timer = 0
        self._output.append((source.name, encode_connack(present, ACCEPTED)))
        for packet_id, pending in session.pending.items():
            self._send_pending(source, packet_id, pending)

    def _open_session(self, client_id: str, identity: str, clean: bool) -> tuple[Session, bool]:
        """The session to use and whether it was there before."""
        old = self._sessions.get(client_id)
        if old is not None and old.connection is not None:
            self._fail(old.connection)
            old = self._sessions.get(client_id)
        if old is not None:
            if not clean and old.identity == identity:
                return old, True
            self._remove_session(old)
        session = Session(client_id, identity, clean)
        self._sessions[client_id] = session
        return session, False

    def _fail(self, connection: Connection) -> None:
        """Close from this side without a DISCONNECT having come."""
        self._output.append((connection.name,))
        self._drop(connection, publish_will=True)

    def _drop(self, connection: Connection, publish_will: bool) -> None:
        self._connections.pop(connection.name, None)
        connection.timer = 0
        session = connection.session
        if session is None:
            return
        connection.session = None
        session.connection = None
        if session.clean:
            self._remove_session(session)
        if publish_will and connection.will is not None:
            self._tell_will(session, connection.will)

    def _tell_will(self, session: Session, will: Will) -> None:
        self._publish(session, *will)

    def _remove_session(self, session: Session) -> None:
        del self._sessions[session.client_id]
        for pattern in list(session.subscriptions):
            self._unsubscribe(session, pattern)

    def _set_timer(self, connection: Connection, due_ms: int) -> None:
        self._timer_count += 1
        connection.timer = self._timer_count
        heappush(self._timers, (due_ms, self._timer_count, connection))

    # ---- subscriptions ----

    def _subscribe(self, source: Connection, session: Session, packet: Subscribe) -> None:
        granted = bytes([min(qos, 1) for _, qos in packet.filters])
        self._output.append((source.name, encode_suback(packet.packet_id, granted)))
        for (pattern, _), qos in zip(packet.filters, granted, strict=True):
            session.subscriptions[pattern] = qos
            self._holders(pattern).setdefault(pattern, {})[session.client_id] = qos
            self._forget_routes(pattern)
        for (pattern, _), qos in zip(packet.filters, granted, strict=True):
            self._send_retained(session, pattern, qos)

    def _unsubscribe(self, session: Session, pattern: str) -> None:
        if session.subscriptions.pop(pattern, None) is None:
            return
        holders = self._holders(pattern)
        del holders[pattern][session.client_id]
        if not holders[pattern]:
            del holders[pattern]
        self._forget_routes(pattern)

    def _forget_routes(self, pattern: str) -> None:
        """Who gets the topics of this filter is no longer known."""
        for topic in [topic for topic in self._routes if _takes(pattern, topic)]:
            del self._routes[topic]

    def _holders(self, pattern: str) -> dict[str, dict[str, int]]:
        return self._wild if "+" in pattern or "#" in pattern else self._exact

    def _send_retained(self, session: Session, pattern: str, granted: int) -> None:
        if pattern in self._retained:
            payload, qos = self._retained[pattern]
            if self._may_read(session, pattern):
                self._deliver(session, pattern, payload, min(qos, granted), True)
            return
        for topic, (payload, qos) in self._retained.items():
            if _takes(pattern, topic) and self._may_read(session, topic):
                self._deliver(session, topic, payload, min(qos, granted), True)

    def _may_read(self, session: Session, topic: str) -> bool:
        return self._rules is None or self._rules.may(session.identity, "read", topic)

    # ---- messages ----

    def _publish(self, source: Session, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        if self._rules is not None:
            allowed = source.writable.get(topic)
            if allowed is None:
                allowed = self._rules.may(source.identity, "write", topic)
                if len(source.writable) >= ROUTES_KEPT:
                    source.writable = {}
                source.writable[topic] = allowed
            if not allowed:
                self.forbidden_publishes += 1
                return
        if retain:
            if payload:
                self._retained[topic] = (payload, qos)
            else:
                self._retained.pop(topic, None)
        route = self._routes.get(topic)
        if route is None:
            route = self._find_route(topic)
        plain = b""
        for session, granted in route:
            if qos and granted:
                self._deliver(session, topic, payload, 1, False)
            elif session.connection is not None:
                plain = plain or encode_publish(topic, payload)
                self._output.append((session.connection.name, plain))

    def _find_route(self, topic: str) -> list[tuple[Session, int]]:
        best = dict(self._exact.get(topic, {}))
        for pattern, holders in self._wild.items():
            if _takes(pattern, topic):
                for client_id, qos in holders.items():
                    best[client_id] = max(qos, best.get(client_id, 0))
        route = [(self._sessions[client_id], qos) for client_id, qos in best.items()]
        route = [(session, qos) for session, qos in route if self._may_read(session, topic)]
        if len(self._routes) >= ROUTES_KEPT:
            self._routes = {}
        self._routes[topic] = route
        return route

    def _deliver(
        self, session: Session, topic: str, payload: bytes, qos: int, retain: bool
    ) -> None:
        connection = session.connection
        if not qos:
            if connection is not None:
                self._output.append((connection.name, encode_publish(topic, payload, 0, retain)))
            return
        size = len(topic) + len(payload)
        packet_id = session.free_id()
        if not packet_id or session.pending_bytes + size > self._max_pending_bytes:
            self.dropped_messages += 1
            return
        pending = Pending(topic, payload, retain)
        session.pending[packet_id] = pending
        session.pending_bytes += size
        if connection is not None:
            self._send_pending(connection, packet_id, pending)

    def _send_pending(self, connection: Connection, packet_id: int, pending: Pending) -> None:
        data = encode_publish(
            pending.topic, pending.payload, 1, pending.retain, pending.sent, packet_id
        )
        pending.sent = True
        self._output.append((connection.name, data))
