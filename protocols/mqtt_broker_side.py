"""MQTT 3.1.1: what only a client says, decoded, and what only a broker says, encoded. Sans-IO.

The broker's half of the codec, apart from protocols.mqtt and protocols.mqtt_decode because a board
has no room for it. The same rules and the same source; section numbers are those of MQTT 3.1.1.
"""

from protocols.mqtt import frame, id_bytes
from protocols.mqtt_decode import read_packet_id
from protocols.mqtt_packets import (
    CONNACK,
    CONNECT,
    NOT_AUTHORISED,
    PINGREQ,
    PROTOCOL_LEVEL,
    SUBACK,
    SUBSCRIBE,
    SUBSCRIBE_REFUSED,
    UNSUBACK,
    UNSUBSCRIBE,
    MqttError,
    Packet,
)
from protocols.mqtt_topics import check_filter, check_topic
from protocols.utf8 import text_of


class Connect(Packet):
    """3.1. `will` is None or (topic, payload, qos, retain). Level other than 4: rest is empty."""

    __slots__ = ("clean", "client_id", "keepalive_s", "level", "password", "username", "will")

    def __init__(
        self,
        level: int,
        client_id: str,
        keepalive_s: int,
        clean: bool,
        will: tuple[str, bytes, int, bool] | None,
        username: str | None,
        password: bytes | None,
    ) -> None:
        self.level = level
        self.client_id = client_id
        self.keepalive_s = keepalive_s
        self.clean = clean
        self.will = will
        self.username = username
        self.password = password


class Subscribe(Packet):
    """3.8. `filters` is a list of (filter, wanted QoS 0 to 2)."""

    __slots__ = ("filters", "packet_id")

    def __init__(self, packet_id: int, filters: list[tuple[str, int]]) -> None:
        self.packet_id = packet_id
        self.filters = filters


class Unsubscribe(Packet):
    """3.10."""

    __slots__ = ("filters", "packet_id")

    def __init__(self, packet_id: int, filters: list[str]) -> None:
        self.packet_id = packet_id
        self.filters = filters


class Pingreq(Packet):
    """3.12."""

    __slots__ = ()


class Disconnect(Packet):
    """3.14."""

    __slots__ = ()


def decode_request(head: int, data: bytes, at: int, stop: int) -> Packet:
    """The packet of a client whose body is data[at:stop]; an empty one has been seen to be so."""
    if head == PINGREQ:
        return Pingreq()
    if head == SUBSCRIBE:
        return _subscribe(data, at, stop)
    if head == CONNECT:
        return _connect(data, at, stop)
    if head == UNSUBSCRIBE:
        return _unsubscribe(data, at, stop)
    return Disconnect()


def encode_connack(session_present: bool, code: int) -> bytes:
    """3.2."""
    if not 0 <= code <= NOT_AUTHORISED:
        raise MqttError(f"CONNACK code {code}: must be 0 to 5")
    if session_present and code:
        raise MqttError("CONNACK: a refusal can not have a session present")
    return bytes((CONNACK, 2, 1 if session_present else 0, code))


def encode_suback(packet_id: int, granted: bytes) -> bytes:
    """3.9. One byte per filter: 0, 1 or 0x80."""
    for code in granted:
        if code > 1 and code != SUBSCRIBE_REFUSED:
            raise MqttError(f"SUBACK code {code}: must be 0, 1 or 128")
    return frame(SUBACK, id_bytes(packet_id) + granted)


def encode_unsuback(packet_id: int) -> bytes:
    """3.11."""
    return bytes((UNSUBACK, 2)) + id_bytes(packet_id)


def _connect(data: bytes, at: int, stop: int) -> Connect:
    name, at = _text("CONNECT protocol name", data, at, stop)
    if name not in ("MQTT", "MQIsdp"):
        raise MqttError("CONNECT protocol name: is not MQTT")
    if at + 1 > stop:
        raise MqttError("CONNECT: ends before the protocol level")
    level = data[at]
    if name != "MQTT" or level != PROTOCOL_LEVEL:
        return Connect(0 if level == PROTOCOL_LEVEL else level, "", 0, True, None, None, None)
    if at + 4 > stop:
        raise MqttError("CONNECT: ends inside flags or keepalive")
    flags = data[at + 1]
    _check_connect_flags(flags)
    keepalive_s = data[at + 2] << 8 | data[at + 3]
    client_id, at = _text("CONNECT client id", data, at + 4, stop)
    will: tuple[str, bytes, int, bool] | None = None
    username: str | None = None
    password: bytes | None = None
    if flags & 4:
        topic, at = _text("CONNECT will topic", data, at, stop)
        check_topic(topic)
        payload, at = _binary("CONNECT will payload", data, at, stop)
        will = (topic, payload, flags >> 3 & 1, flags & 32 == 32)
    if flags & 128:
        username, at = _text("CONNECT user name", data, at, stop)
    if flags & 64:
        password, at = _binary("CONNECT password", data, at, stop)
    if at != stop:
        raise MqttError("CONNECT: bytes after the last field")
    return Connect(level, client_id, keepalive_s, flags & 2 == 2, will, username, password)


def _check_connect_flags(flags: int) -> None:
    if flags & 1:
        raise MqttError("CONNECT flags: reserved bit is set")
    if flags & 0x10:
        raise MqttError("CONNECT flags: will of QoS 2 or 3 is not spoken here")
    if not flags & 4 and flags & 0x28:
        raise MqttError("CONNECT flags: will QoS or retain without a will")
    if flags & 64 and not flags & 128:
        raise MqttError("CONNECT flags: password without user name")


def _subscribe(data: bytes, at: int, stop: int) -> Subscribe:
    packet_id = read_packet_id("SUBSCRIBE", data, at, stop)
    at += 2
    filters: list[tuple[str, int]] = []
    while at < stop:
        pattern, at = _text("SUBSCRIBE filter", data, at, stop)
        check_filter(pattern)
        if at >= stop:
            raise MqttError("SUBSCRIBE: QoS of a filter is missing")
        if data[at] > 2:
            raise MqttError(f"SUBSCRIBE QoS {data[at]}: must be 0 to 2")
        filters.append((pattern, data[at]))
        at += 1
    if not filters:
        raise MqttError("SUBSCRIBE: no filter")
    return Subscribe(packet_id, filters)


def _unsubscribe(data: bytes, at: int, stop: int) -> Unsubscribe:
    packet_id = read_packet_id("UNSUBSCRIBE", data, at, stop)
    at += 2
    filters: list[str] = []
    while at < stop:
        pattern, at = _text("UNSUBSCRIBE filter", data, at, stop)
        check_filter(pattern)
        filters.append(pattern)
    if not filters:
        raise MqttError("UNSUBSCRIBE: no filter")
    return Unsubscribe(packet_id, filters)


def _binary(name: str, data: bytes, at: int, stop: int) -> tuple[bytes, int]:
    """(value, where the next field starts) of a field with a two-byte length."""
    if at + 2 > stop:
        raise MqttError(f"{name}: is missing")
    end = at + 2 + (data[at] << 8 | data[at + 1])
    if end > stop:
        raise MqttError(f"{name}: ends after the packet")
    return data[at + 2 : end], end


def _text(name: str, data: bytes, at: int, stop: int) -> tuple[str, int]:
    value, end = _binary(name, data, at, stop)
    try:
        text = text_of(value)
    except UnicodeError:
        raise MqttError(f"{name}: is not UTF-8")
    if "\0" in text:
        raise MqttError(f"{name}: holds NUL")
    return text, end
