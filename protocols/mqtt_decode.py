"""MQTT 3.1.1 decoder: bytes in any pieces to whole packets. Sans-IO, no clock.

Rules: anything wrong raises `MqttError` naming it; its `packets` holds what came before the fault
in the same piece, so that how the bytes were cut changes nothing. After an error the stream has
no meaning any more: close the connection and make a new decoder.
A packet longer than the limit is refused from its header, before it is collected.
A CONNECT of another protocol level than 4 is returned with its level and no more, because the
broker owes it an answer (3.1.2.2). A SUBSCRIBE may ask for QoS 2; the broker grants 1.
"""

from protocols.mqtt_packets import (
    CONNACK,
    CONNECT,
    DISCONNECT,
    NOT_AUTHORISED,
    PACKET_NAMES,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    SUBSCRIBE,
    SUBSCRIBE_REFUSED,
    UNSUBACK,
    UNSUBSCRIBE,
    Connack,
    MqttError,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Unsuback,
)
from protocols.mqtt_topics import check_topic
from protocols.utf8 import text_of

# PUBLISH with every flag but QoS 2, and (3.3.1.1) without DUP on QoS 0.
_PUBLISH_HEADS = (0x30, 0x31, 0x32, 0x33, 0x3A, 0x3B)
_FIXED_HEADS = (CONNECT, CONNACK, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK)
_EMPTY_HEADS = (PINGREQ, PINGRESP, DISCONNECT)
_CLIENT_HEADS = (CONNECT, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT)
_ALL_HEADS = _PUBLISH_HEADS + _FIXED_HEADS + _EMPTY_HEADS
_GOOD_HEAD = bytes([1 if head in _ALL_HEADS else 0 for head in range(256)])


class Decoder:
    """One direction of one connection. `max_packet_bytes` counts the packet with its header."""

    __slots__ = ("_held", "_max", "_need")

    def __init__(self, max_packet_bytes: int) -> None:
        self._max = max_packet_bytes
        self._held = bytearray()
        self._need = 0

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that `data` completes, in order."""
        if self._held:
            self._held += data
            if len(self._held) < self._need:
                return []
            data = bytes(self._held)
            self._held = bytearray()
        packets: list[Packet] = []
        at = 0
        end = len(data)
        need = 0
        try:
            while at < end:
                head = data[at]
                if not _GOOD_HEAD[head]:
                    raise _bad_head(head)
                body = at + 2
                if body > end:
                    break
                length = data[at + 1]
                if length > 127:
                    length, body = _long_length(data, at + 1, end)
                stop = body + length
                if stop - at > self._max:
                    raise MqttError(
                        f"{PACKET_NAMES[head >> 4]}: {stop - at} bytes, the limit is {self._max}"
                    )
                if body == 0 or stop > end:
                    need = stop - at
                    break
                if head & 0xF0 == PUBLISH:
                    packets.append(_publish(head, data, body, stop))
                else:
                    packets.append(_other(head, data, body, stop))
                at = stop
        except MqttError as error:
            error.packets = packets
            raise
        if at < end:
            self._held = bytearray(data[at:])
            self._need = need
        return packets


def _bad_head(head: int) -> MqttError:
    name = PACKET_NAMES[head >> 4]
    if name in ("PUBREC", "PUBREL", "PUBCOMP"):
        return MqttError(f"{name}: QoS 2 is not spoken here")
    if head & 0xF0 != PUBLISH:
        return MqttError(f"{name}: first byte 0x{head:02x} is not allowed")
    if head & 6 == 4:
        return MqttError("PUBLISH: QoS 2 is not spoken here")
    if head & 6 == 6:
        return MqttError("PUBLISH: QoS 3 does not exist")
    return MqttError("PUBLISH: DUP on QoS 0")


def _long_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(remaining length, where the body starts); (0, 0) while its bytes are not all there."""
    length = 0
    for index in range(4):
        if at + index >= end:
            return 0, 0
        digit = data[at + index]
        length |= (digit & 127) << (7 * index)
        if digit < 128:
            return length, at + index + 1
    raise MqttError("remaining length: more than four bytes")


def _publish(head: int, data: bytes, at: int, stop: int) -> Publish:
    if at + 2 > stop:
        raise MqttError("PUBLISH: ends inside the topic")
    name_end = at + 2 + (data[at] << 8 | data[at + 1])
    packet_id = 0
    start = name_end
    if head & 2:
        start += 2
        if start > stop:
            raise MqttError("PUBLISH: ends inside the topic or packet id")
        packet_id = data[name_end] << 8 | data[name_end + 1]
        if not packet_id:
            raise MqttError("PUBLISH: packet id 0")
    elif start > stop:
        raise MqttError("PUBLISH: ends inside the topic")
    try:
        topic = text_of(data[at + 2 : name_end])
    except UnicodeError:
        raise MqttError("PUBLISH: topic is not UTF-8")
    check_topic(topic)
    return Publish(topic, data[start:stop], head >> 1 & 1, head & 1 == 1, head & 8 == 8, packet_id)


def _other(head: int, data: bytes, at: int, stop: int) -> Packet:
    if head == PUBACK:
        return Puback(_only_id("PUBACK", data, at, stop))
    if head in _EMPTY_HEADS and at != stop:
        raise MqttError(f"{PACKET_NAMES[head >> 4]}: must be empty")
    if head == PINGRESP:
        return Pingresp()
    if head == SUBACK:
        return _suback(data, at, stop)
    if head == CONNACK:
        return _connack(data, at, stop)
    if head in _CLIENT_HEADS:
        # Only where there is a broker: a board has no room for what it never hears.
        from protocols.mqtt_broker_side import decode_request

        return decode_request(head, data, at, stop)
    return Unsuback(_only_id("UNSUBACK", data, at, stop))


def read_packet_id(name: str, data: bytes, at: int, stop: int) -> int:
    """The two bytes at `at`."""
    if at + 2 > stop:
        raise MqttError(f"{name}: ends inside the packet id")
    packet_id = data[at] << 8 | data[at + 1]
    if not packet_id:
        raise MqttError(f"{name}: packet id 0")
    return packet_id


def _only_id(name: str, data: bytes, at: int, stop: int) -> int:
    packet_id = read_packet_id(name, data, at, stop)
    if at + 2 != stop:
        raise MqttError(f"{name}: must be two bytes")
    return packet_id


def _connack(data: bytes, at: int, stop: int) -> Connack:
    if stop - at != 2:
        raise MqttError("CONNACK: must be two bytes")
    flags = data[at]
    code = data[at + 1]
    if flags > 1:
        raise MqttError("CONNACK flags: reserved bits are set")
    if code > NOT_AUTHORISED:
        raise MqttError(f"CONNACK code {code}: must be 0 to 5")
    if flags and code:
        raise MqttError("CONNACK: a refusal with a session present")
    return Connack(flags == 1, code)


def _suback(data: bytes, at: int, stop: int) -> Suback:
    packet_id = read_packet_id("SUBACK", data, at, stop)
    granted = data[at + 2 : stop]
    for code in granted:
        if code > 2 and code != SUBSCRIBE_REFUSED:
            raise MqttError(f"SUBACK code {code}: must be 0 to 2 or 128")
    if not granted:
        raise MqttError("SUBACK: no code")
    return Suback(packet_id, granted)
