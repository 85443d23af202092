"""MQTT 3.1.1: the packet classes, the constants of the wire and the one error.

Pure data, no bytes made or read here: `protocols.mqtt` is the codec. Source: OASIS MQTT
Version 3.1.1 (2014), section numbers below.
"""

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 0x82, 0x90, 0xA2, 0xB0
PINGREQ, PINGRESP, DISCONNECT = 0xC0, 0xD0, 0xE0

PROTOCOL_LEVEL = 4
MAX_PACKET_ID = 65535
SUBSCRIBE_REFUSED = 0x80

ACCEPTED, BAD_LEVEL, BAD_CLIENT_ID, UNAVAILABLE, BAD_LOGIN, NOT_AUTHORISED = 0, 1, 2, 3, 4, 5
REFUSALS = (
    "accepted",
    "protocol level not supported",
    "client id refused",
    "server unavailable",
    "bad user name or password",
    "not authorised",
)

PINGREQ_BYTES = b"\xc0\x00"
PINGRESP_BYTES = b"\xd0\x00"
DISCONNECT_BYTES = b"\xe0\x00"

# By the upper half of the first byte.
PACKET_NAMES = (
    ("reserved type 0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP")
    + ("SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT")
    + ("reserved type 15",)
)


class MqttError(Exception):
    """Bytes or arguments that are not MQTT 3.1.1 as spoken here.

    `packets` holds what the same `feed` had decoded before it met the fault, in order.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.packets: list[Packet] = []


class Packet:
    """One decoded packet; the subclasses carry the fields."""

    __slots__ = ()


class Connack(Packet):
    """3.2. `code` is one of ACCEPTED .. NOT_AUTHORISED."""

    __slots__ = ("code", "session_present")

    def __init__(self, session_present: bool, code: int) -> None:
        self.session_present = session_present
        self.code = code


class Publish(Packet):
    """3.3. `packet_id` is 0 for QoS 0."""

    __slots__ = ("dup", "packet_id", "payload", "qos", "retain", "topic")

    def __init__(
        self, topic: str, payload: bytes, qos: int, retain: bool, dup: bool, packet_id: int
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.dup = dup
        self.packet_id = packet_id


class Puback(Packet):
    """3.4."""

    __slots__ = ("packet_id",)

    def __init__(self, packet_id: int) -> None:
        self.packet_id = packet_id


class Suback(Packet):
    """3.9. `granted` holds one QoS, or 0x80 for refused, per filter."""

    __slots__ = ("granted", "packet_id")

    def __init__(self, packet_id: int, granted: bytes) -> None:
        self.packet_id = packet_id
        self.granted = granted


class Unsuback(Packet):
    """3.11."""

    __slots__ = ("packet_id",)

    def __init__(self, packet_id: int) -> None:
        self.packet_id = packet_id


class Pingresp(Packet):
    """3.13."""

    __slots__ = ()
