"""MQTT 3.1.1 codec: bytes to packets and back. Sans-IO, no clock.

`Decoder.feed(data)` (in `protocols.mqtt_decode`) takes whatever the socket gave and returns the
whole packets in it; `encode_*` below make the bytes of one packet, as a client says it. What only
a broker needs is in `protocols.mqtt_broker_side`. Source: OASIS MQTT Version 3.1.1 (2014), section
numbers below.

Rules: QoS 0 and 1 only; a packet of QoS 2 (publish, will, PUBREC, PUBREL, PUBCOMP) is refused.
Whatever is wrong in bytes or arguments raises `MqttError`, which names it, and nothing else.
"""

from protocols.mqtt_decode import Decoder
from protocols.mqtt_packets import (
    CONNECT,
    MAX_PACKET_ID,
    PROTOCOL_LEVEL,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    UNSUBSCRIBE,
    MqttError,
)
from protocols.mqtt_topics import check_filter, check_topic, topic_matches

__all__ = (
    "Decoder",
    "MqttError",
    "check_filter",
    "check_topic",
    "encode_connect",
    "encode_puback",
    "encode_publish",
    "encode_subscribe",
    "encode_unsubscribe",
    "topic_matches",
)


def frame(head: int, body: bytes) -> bytes:
    """A packet of a first byte and what follows the length."""
    length = len(body)
    if length < 128:
        return bytes((head, length)) + body
    return bytes((head,)) + _length_bytes(length) + body


def _length_bytes(length: int) -> bytes:
    if length > 268435455:
        raise MqttError(f"packet of {length} bytes: MQTT ends at 268435455")
    out = bytearray()
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out)


def _text_bytes(name: str, text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeError:
        raise MqttError(f"{name}: holds half a surrogate pair, which UTF-8 does not have")
    if "\0" in text:
        raise MqttError(f"{name}: must not hold NUL")
    return _binary(name, data)


def _binary(name: str, data: bytes) -> bytes:
    length = len(data)
    if length > 65535:
        raise MqttError(f"{name}: {length} bytes, the longest is 65535")
    return bytes((length >> 8, length & 255)) + data


def id_bytes(packet_id: int) -> bytes:
    """Two bytes, not 0."""
    if not 1 <= packet_id <= MAX_PACKET_ID:
        raise MqttError(f"packet id {packet_id}: must be 1 to 65535")
    return bytes((packet_id >> 8, packet_id & 255))


def encode_connect(
    client_id: str,
    keepalive_s: int,
    clean: bool = True,
    will: tuple[str, bytes, int, bool] | None = None,
    username: str | None = None,
    password: bytes | None = None,
) -> bytes:
    """3.1. `will` is (topic, payload, qos, retain)."""
    if not 0 <= keepalive_s <= 65535:
        raise MqttError(f"keepalive_s {keepalive_s}: must be 0 to 65535")
    if password is not None and username is None:
        raise MqttError("password: needs a user name in MQTT 3.1.1")
    if not client_id and not clean:
        raise MqttError("client_id: may be empty only for a clean session")
    flags = 2 if clean else 0
    tail = _text_bytes("client_id", client_id)
    if will is not None:
        topic, payload, qos, retain = will
        check_topic(topic)
        _check_qos(qos)
        flags |= 4 | qos << 3 | (32 if retain else 0)
        tail += _text_bytes("will topic", topic) + _binary("will payload", payload)
    if username is not None:
        flags |= 128
        tail += _text_bytes("username", username)
    if password is not None:
        flags |= 64
        tail += _binary("password", password)
    head = bytes((PROTOCOL_LEVEL, flags, keepalive_s >> 8, keepalive_s & 255))
    return frame(CONNECT, b"\x00\x04MQTT" + head + tail)


def _check_qos(qos: int) -> None:
    if qos != 0 and qos != 1:
        raise MqttError(f"QoS {qos}: only 0 and 1 are spoken here")


def encode_publish(
    topic: str,
    payload: bytes,
    qos: int = 0,
    retain: bool = False,
    dup: bool = False,
    packet_id: int = 0,
) -> bytes:
    """3.3. `packet_id` 1 to 65535 for QoS 1, unused for QoS 0."""
    check_topic(topic)
    _check_qos(qos)
    try:
        name = topic.encode()
    except UnicodeError:
        raise MqttError("topic: holds half a surrogate pair, which UTF-8 does not have")
    size = len(name)
    if size > 65535:
        raise MqttError(f"topic: {size} bytes, the longest is 65535")
    length = 2 + size + len(payload)
    head = PUBLISH | 1 if retain else PUBLISH
    if qos:
        if not 1 <= packet_id <= MAX_PACKET_ID:
            raise MqttError(f"packet id {packet_id}: must be 1 to 65535")
        head |= 10 if dup else 2
        length += 2
        payload = bytes((packet_id >> 8, packet_id & 255)) + payload
    elif dup:
        raise MqttError("dup: QoS 0 is never sent again")
    if length < 128:
        return bytes((head, length, size >> 8, size & 255)) + name + payload
    fixed = bytes((head,)) + _length_bytes(length) + bytes((size >> 8, size & 255))
    return fixed + name + payload


def encode_puback(packet_id: int) -> bytes:
    """3.4."""
    return bytes((PUBACK, 2)) + id_bytes(packet_id)


def encode_subscribe(packet_id: int, filters: list[tuple[str, int]]) -> bytes:
    """3.8. `filters` is a list of (filter, QoS 0 or 1)."""
    body = id_bytes(packet_id)
    if not filters:
        raise MqttError("SUBSCRIBE: needs at least one filter")
    for pattern, qos in filters:
        check_filter(pattern)
        _check_qos(qos)
        body += _text_bytes("filter", pattern) + bytes((qos,))
    return frame(SUBSCRIBE, body)


def encode_unsubscribe(packet_id: int, filters: list[str]) -> bytes:
    """3.10."""
    body = id_bytes(packet_id)
    if not filters:
        raise MqttError("UNSUBSCRIBE: needs at least one filter")
    for pattern in filters:
        check_filter(pattern)
        body += _text_bytes("filter", pattern)
    return frame(UNSUBSCRIBE, body)
