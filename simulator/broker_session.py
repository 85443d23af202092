"""What the broker core remembers of one connection, one session and one message on its way.

Data and packet id numbering only; `simulator.broker` holds the rules.
"""

from protocols.mqtt import Decoder
from protocols.mqtt_packets import MAX_PACKET_ID

ConnectionName = int | str
Will = tuple[str, bytes, int, bool]

CONNECT_TIMEOUT_MS = 10_000


class Connection:
    """One socket: what it has said so far and how long it may be silent."""

    __slots__ = ("decoder", "grace_ms", "heard_ms", "name", "session", "timer", "will")

    def __init__(self, name: ConnectionName, now_ms: int, max_packet_bytes: int) -> None:
        self.name = name
        self.decoder = Decoder(max_packet_bytes)
        self.session: Session | None = None
        self.will: Will | None = None
        self.heard_ms = now_ms
        self.grace_ms = CONNECT_TIMEOUT_MS
        self.timer = 0


class Pending:
    """One QoS 1 message on its way to one client."""

    __slots__ = ("payload", "retain", "sent", "topic")

    def __init__(self, topic: str, payload: bytes, retain: bool) -> None:
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.sent = False


class Session:
    """One client id: its subscriptions and the QoS 1 messages it has not acknowledged."""

    __slots__ = (
        "clean",
        "client_id",
        "connection",
        "identity",
        "last_id",
        "pending",
        "pending_bytes",
        "subscriptions",
        "writable",
    )

    def __init__(self, client_id: str, identity: str, clean: bool) -> None:
        self.client_id = client_id
        self.identity = identity
        self.clean = clean
        self.connection: Connection | None = None
        self.subscriptions: dict[str, int] = {}
        self.pending: dict[int, Pending] = {}
        self.pending_bytes = 0
        self.last_id = 0
        self.writable: dict[str, bool] = {}

    def free_id(self) -> int:
        """The next packet id not in use; 0 when all are."""
        if len(self.pending) >= MAX_PACKET_ID:
            return 0
        packet_id = self.last_id
        while True:
            packet_id = packet_id + 1 if packet_id < MAX_PACKET_ID else 1
            if packet_id not in self.pending:
                self.last_id = packet_id
                return packet_id
