"""Packets encoded, damaged, cut anyhow and decoded; and a client session with its broker.

MicroPython subset.
"""

from protocols import mqtt
from protocols.mqtt_broker_side import encode_connack, encode_suback, encode_unsuback
from protocols.mqtt_packets import MAX_PACKET_ID, MqttError
from protocols.mqtt_session import ClientSession
from protocols.mqtt_topics import topic_matches
from protocols.ticks import TICKS_MASK, ticks_add
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.shown import show

TOPICS = (
    "a",
    "a/b",
    "hk1/lf/w1/up/ev",
    "",
    "+",
    "a/#",
    "窗口",
    "$SYS/x",
    "/",
    "a//b",
    "x\0y",
    "#/a",
)
TEXTS = ("", "w01", "窗口", "x" * 130, "a\0b")


def _any_packet(chance: Chance) -> bytes:
    """Bytes of one packet; MqttError when the arguments drawn are not MQTT."""
    packet_id = chance.pick((0, 1, 255, 256, MAX_PACKET_ID, MAX_PACKET_ID + 1))
    draw = chance.below(10)
    qos = chance.pick((0, 1, 1, 2))
    if draw < 4:
        payload = chance.bytes(chance.pick((0, 1, 20, 140)))
        flags = (chance.one_in(2), chance.one_in(4))
        return mqtt.encode_publish(chance.pick(TOPICS), payload, qos, flags[0], flags[1], packet_id)
    if draw == 4:
        will = None
        if chance.one_in(2):
            will = (chance.pick(TOPICS), chance.bytes(5), qos, chance.one_in(2))
        user = chance.pick((None, "w01", "x\0"))
        password = chance.pick((None, b"", b"\xff\x00"))
        name = chance.pick(TEXTS)
        keepalive_s = chance.pick((0, 15, 65535, 65536))
        return mqtt.encode_connect(name, keepalive_s, chance.one_in(2), will, user, password)
    if draw == 5:
        return encode_connack(chance.one_in(2), chance.below(7))
    if draw == 6:
        filters = [(chance.pick(TOPICS), chance.below(3)) for _ in range(chance.below(3))]
        return mqtt.encode_subscribe(packet_id, filters)
    if draw == 7:
        return encode_suback(packet_id, bytes([chance.pick((0, 1, 2, 128))]))
    if draw == 8:
        return mqtt.encode_unsubscribe(packet_id, [chance.pick(TOPICS)])
    made = (mqtt.encode_puback, encode_unsuback)
    return chance.pick(made)(packet_id)


def _codec(chance: Chance, say) -> None:
    data = b""
    for _ in range(chance.between(1, 4)):
        try:
            packet = _any_packet(chance)
        except MqttError as error:
            say(show(error))
            continue
        say(show(packet))
        data += packet
    if data and chance.one_in(2):
        at = chance.below(len(data))
        data = data[:at] + chance.bytes(1) + data[at + chance.below(2) :]
    decoder = mqtt.Decoder(chance.pick((64, 4096)))
    while data:
        size = chance.between(1, len(data))
        try:
            for decoded in decoder.feed(data[:size]):
                say(show(decoded))
        except MqttError as error:
            say(show(error) + " after " + show(error.packets))
            return
        data = data[size:]
    pattern, topic = chance.pick(TOPICS), chance.pick(TOPICS)
    try:
        mqtt.check_filter(pattern)
        mqtt.check_topic(topic)
    except MqttError as error:
        say(show(error))
    else:
        say(show(topic_matches(pattern, topic)))


def _session(chance: Chance, steps: int, say) -> None:
    now_ms = chance.pick((0, TICKS_MASK - 20000))
    session = ClientSession("w01", chance.pick((0, 15)), "w01", b"secret")
    ids = [1]
    for _ in range(steps):
        now_ms = ticks_add(now_ms, chance.pick((0, 1, 100, 5000, 16000)))
        draw = chance.below(12)
        try:
            if draw == 0:
                if not session.connected:
                    session.connection_lost(now_ms)
                    session.connection_made(now_ms)
            elif draw == 1:
                session.receive(now_ms, encode_connack(False, chance.pick((0, 0, 0, 5))))
            elif draw < 4:
                qos = chance.below(2)
                ids.append(session.publish(now_ms, "a/b", chance.bytes(3), qos, chance.one_in(2)))
            elif draw == 4:
                ids.append(session.subscribe(now_ms, [("a/#", 1)]))
            elif draw < 7:
                session.receive(now_ms, mqtt.encode_puback(chance.pick(ids[-3:]) or 1))
            elif draw == 7:
                session.receive(now_ms, encode_suback(chance.pick(ids[-3:]) or 1, b"\x01"))
            elif draw == 8:
                data = mqtt.encode_publish("c", chance.bytes(4), 1, False, chance.one_in(2), 9)
                session.receive(now_ms, data)
            elif draw == 9 and chance.one_in(4):
                session.receive(now_ms, chance.bytes(5))
            elif draw == 10 and chance.one_in(4):
                session.disconnect(now_ms)
            else:
                session.receive(now_ms, b"\xd0\x00")
        except MqttError as error:
            say(show(error))
        session.wake(now_ms)
        for event in session.take_events():
            say(show(event))
        say(show(session.take_output()) + " " + show(session.wake_at()))


def drive(what: str, chance: Chance, steps: int, say) -> None:
    """`steps` codec rounds, or steps of one session."""
    if what == "session":
        _session(chance, steps, say)
    else:
        for _ in range(steps):
            _codec(chance, say)
