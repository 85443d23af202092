"""MQTT 3.1.1 codec: golden bytes of every packet, round trips, any cutting, hostile bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mqtt import (
    Decoder,
    MqttError,
    encode_connect,
    encode_puback,
    encode_publish,
    encode_subscribe,
    encode_unsubscribe,
)
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
    DISCONNECT_BYTES,
    PINGREQ_BYTES,
    PINGRESP_BYTES,
    Connack,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Unsuback,
)

LIMIT = 1 << 20

# Written out by hand from the tables of the standard, sections 3.1 to 3.14.
GOLDEN = [
    (
        encode_connect(
            "pad-03",
            15,
            will=("h/pad-03/up/state", b"lost", 1, True),
            username="pad-03",
            password=b"pw",
        ),
        (
            "10 37 0004 4d515454 04 ee 000f 0006 7061642d3033"
            "0011 682f7061642d30332f75702f7374617465 0004 6c6f7374 0006 7061642d3033 0002 7077"
        ),
        (
            *(Connect, 4, "pad-03", 15, True),
            *(("h/pad-03/up/state", b"lost", 1, True), "pad-03", b"pw"),
        ),
    ),
    (
        encode_connect("a", 65535, clean=False),
        "10 0d 0004 4d515454 04 00 ffff 0001 61",
        (Connect, 4, "a", 65535, False, None, None, None),
    ),
    (encode_connack(True, 0), "20 02 01 00", (Connack, True, 0)),
    (encode_connack(False, 5), "20 02 00 05", (Connack, False, 5)),
    (
        encode_publish("a/b", b"hi"),
        "30 07 0003 612f62 6869",
        (Publish, "a/b", b"hi", 0, False, False, 0),
    ),
    (
        encode_publish("a/b", b"hi", 1, True, True, 0x1234),
        "3b 09 0003 612f62 1234 6869",
        (Publish, "a/b", b"hi", 1, True, True, 0x1234),
    ),
    (
        encode_publish("窗口", b""),
        "30 08 0006 e7aa97e58fa3",
        (Publish, "窗口", b"", 0, False, False, 0),
    ),
    (encode_puback(65535), "40 02 ffff", (Puback, 65535)),
    (
        encode_subscribe(10, [("a/+", 1), ("#", 0)]),
        "82 0c 000a 0003 612f2b 01 0001 23 00",
        (Subscribe, 10, [("a/+", 1), ("#", 0)]),
    ),
    (encode_suback(10, b"\x01\x00\x80"), "90 05 000a 01 00 80", (Suback, 10, b"\x01\x00\x80")),
    (
        encode_unsubscribe(11, ["a/+", "#"]),
        "a2 0a 000b 0003 612f2b 0001 23",
        (Unsubscribe, 11, ["a/+", "#"]),
    ),
    (encode_unsuback(11), "b0 02 000b", (Unsuback, 11)),
    (PINGREQ_BYTES, "c0 00", (Pingreq,)),
    (PINGRESP_BYTES, "d0 00", (Pingresp,)),
    (DISCONNECT_BYTES, "e0 00", (Disconnect,)),
]

FIELDS = {
    Connect: "level client_id keepalive_s clean will username password",
    Connack: "session_present code",
    Publish: "topic payload qos retain dup packet_id",
    Puback: "packet_id",
    Subscribe: "packet_id filters",
    Suback: "packet_id granted",
    Unsubscribe: "packet_id filters",
    Unsuback: "packet_id",
}


def plain(packet: Packet) -> tuple:
    fields = FIELDS.get(type(packet), "").split()
    return (type(packet), *(getattr(packet, field) for field in fields))


def decoded(data: bytes, limit: int = LIMIT) -> list[tuple]:
    return [plain(packet) for packet in Decoder(limit).feed(data)]


def outcome(decoder: Decoder, pieces: list[bytes]) -> tuple[list[tuple], str]:
    """All packets up to the end or the fault, and the fault."""
    packets: list[Packet] = []
    try:
        for piece in pieces:
            packets += decoder.feed(piece)
    except MqttError as error:
        packets += error.packets
        return [plain(packet) for packet in packets], str(error)
    return [plain(packet) for packet in packets], ""


@pytest.mark.parametrize(("made", "golden", "fields"), GOLDEN)
def test_each_packet_has_the_bytes_of_the_standard_both_ways(made, golden, fields):
    assert made.hex() == golden.replace(" ", "")
    assert decoded(made) == [fields]


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (127, "307f"),
        (128, "308001"),
        (16383, "30ff7f"),
        (16384, "30808001"),
        (2097152, "3080808001"),
    ],
)
def test_remaining_length_grows_at_the_limits_of_the_standard(length, header):
    data = encode_publish("t", bytes(length - 3))
    assert data.hex().startswith(header)
    assert decoded(data, 1 << 22) == [(Publish, "t", bytes(length - 3), 0, False, False, 0)]


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
topics = text.map(lambda value: value.replace("+", "").replace("#", "") or "t")
level = st.sampled_from(["a", "b", "", "$x", "窗"])
filters = st.builds(
    lambda levels, end: "/".join([*levels, *end]) or "+",
    st.lists(st.one_of(level, st.just("+")), max_size=4),
    st.sampled_from([[], ["#"]]),
)
ids = st.integers(1, 65535)
blobs = st.binary(max_size=300)
wills = st.none() | st.tuples(topics, blobs, st.integers(0, 1), st.booleans())


@st.composite
def connects(draw) -> bytes:
    username = draw(st.none() | text)
    password = None if username is None else draw(st.none() | blobs)
    clean = draw(st.booleans())
    client_id = draw(text) or ("" if clean else "c")
    keepalive_s = draw(st.integers(0, 65535))
    return encode_connect(client_id, keepalive_s, clean, draw(wills), username, password)


@st.composite
def publishes(draw) -> bytes:
    if draw(st.booleans()):
        return encode_publish(draw(topics), draw(blobs), 0, draw(st.booleans()))
    flags = draw(st.booleans()), draw(st.booleans())
    return encode_publish(draw(topics), draw(blobs), 1, *flags, draw(ids))


codes = st.sampled_from([0, 1, 0x80])
packets = st.one_of(
    connects(),
    publishes(),
    st.builds(encode_connack, st.just(False), st.integers(0, 5)),
    st.builds(encode_puback, ids),
    st.builds(
        encode_subscribe,
        ids,
        st.lists(st.tuples(filters, st.integers(0, 1)), min_size=1, max_size=4),
    ),
    st.builds(encode_suback, ids, st.lists(codes, min_size=1, max_size=4).map(bytes)),
    st.builds(encode_unsubscribe, ids, st.lists(filters, min_size=1, max_size=4)),
    st.builds(encode_unsuback, ids),
    st.sampled_from([PINGREQ_BYTES, PINGRESP_BYTES, DISCONNECT_BYTES]),
)


def encoded(packet: Packet) -> bytes:
    """The bytes of a decoded packet, by the encoder of its kind."""
    if isinstance(packet, Connect):
        return encode_connect(
            packet.client_id,
            packet.keepalive_s,
            packet.clean,
            packet.will,
            packet.username,
            packet.password,
        )
    encoders = {
        Connack: encode_connack,
        Publish: encode_publish,
        Puback: encode_puback,
        Subscribe: encode_subscribe,
        Suback: encode_suback,
        Unsubscribe: encode_unsubscribe,
        Unsuback: encode_unsuback,
        Pingreq: lambda: PINGREQ_BYTES,
        Pingresp: lambda: PINGRESP_BYTES,
        Disconnect: lambda: DISCONNECT_BYTES,
    }
    return encoders[type(packet)](*plain(packet)[1:])


@given(packets)
def test_every_packet_survives_the_round_trip(data):
    (packet,) = Decoder(LIMIT).feed(data)
    assert encoded(packet) == data


@given(st.lists(packets, max_size=6), st.binary(max_size=12), st.data())
def test_how_the_stream_is_cut_changes_nothing(parts, tail, data):
    stream = b"".join(parts) + tail
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    whole = outcome(Decoder(1000), [stream])
    assert outcome(Decoder(1000), pieces) == whole
    assert outcome(Decoder(1000), [stream[i : i + 1] for i in range(len(stream))]) == whole


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_an_mqtt_error(first, second):
    decoder = Decoder(150)
    outcome(decoder, [first])
    outcome(decoder, [second])  # also when the first was already a fault


@given(packets, st.data())
def test_a_damaged_packet_raises_nothing_but_an_mqtt_error(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    outcome(Decoder(LIMIT), [bytes(damaged)])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("0000", "reserved type 0: first byte 0x00"),
        ("f000", "reserved type 15"),
        ("3405000161", "PUBLISH: QoS 2 is not spoken"),
        ("3605000161", "PUBLISH: QoS 3"),
        ("3803000161", "DUP on QoS 0"),
        ("50020001", "PUBREC: QoS 2"),
        ("62020001", "PUBREL: QoS 2"),
        ("70020001", "PUBCOMP: QoS 2"),
        ("8000", "SUBSCRIBE: first byte 0x80"),
        ("30ffffffff01", "remaining length: more than four"),
        ("30ffffff7f", "PUBLISH: 268435460 bytes, the limit is 1048576"),
        ("3000", "PUBLISH: ends inside the topic"),
        ("3003000361", "PUBLISH: ends inside the topic"),
        ("3204000161 00", "PUBLISH: ends inside the topic or packet id"),
        ("3205000161 0000", "PUBLISH: packet id 0"),
        ("30020000", "topic '': must not be empty"),
        ("300300012b", r"topic '\+'"),
        ("3003000100", "NUL"),
        ("30030001ff", "PUBLISH: topic is not UTF-8"),
        ("40020000", "PUBACK: packet id 0"),
        ("400100", "PUBACK: ends inside"),
        ("4003000100", "PUBACK: must be two bytes"),
        ("82020001", "SUBSCRIBE: no filter"),
        ("8205000100 0161", "SUBSCRIBE: QoS of a filter is missing"),
        ("82060001 0001 61 03", "SUBSCRIBE QoS 3"),
        ("82070001 0002 612b 00", r"filter 'a\+'"),
        ("82060001 0009 61 00", "SUBSCRIBE filter: ends after"),
        ("90020001", "SUBACK: no code"),
        ("9003000103", "SUBACK code 3"),
        ("a2020001", "UNSUBSCRIBE: no filter"),
        ("c00100", "PINGREQ: must be empty"),
        ("20020200", "CONNACK flags"),
        ("20020006", "CONNACK code 6"),
        ("20020101", "CONNACK: a refusal"),
        ("1003000161", "protocol name: is not MQTT"),
        ("10060004 4d515454", "CONNECT: ends before the protocol level"),
        ("10070004 4d515454 04", "CONNECT: ends inside flags"),
        ("100c0004 4d515454 04 03 0000 0000", "reserved bit"),
        ("100c0004 4d515454 04 16 0000 0000", "will of QoS 2"),
        ("100c0004 4d515454 04 22 0000 0000", "without a will"),
        ("100c0004 4d515454 04 42 0000 0000", "password without user name"),
        ("100a0004 4d515454 04 02 0000", "client id: is missing"),
        ("100e0004 4d515454 04 02 0000 0000 0000", "bytes after the last field"),
    ],
)
def test_what_is_wrong_with_a_packet_is_named(data, message):
    with pytest.raises(MqttError, match=message):
        Decoder(LIMIT).feed(bytes.fromhex(data))


def test_packets_before_a_fault_are_handed_over_with_it():
    with pytest.raises(MqttError) as caught:
        Decoder(LIMIT).feed(encode_puback(7) + b"\x00\x00")
    assert [plain(packet) for packet in caught.value.packets] == [(Puback, 7)]


def test_a_packet_over_the_limit_is_refused_from_its_header():
    packet = encode_publish("t", bytes(200))
    assert len(Decoder(len(packet)).feed(packet)) == 1
    with pytest.raises(MqttError, match="the limit is"):
        Decoder(len(packet) - 1).feed(packet[:3])


@pytest.mark.parametrize(
    "data",
    ["10 0e 0006 4d5149736470 03 02 003c 0000", "10 0d 0004 4d515454 05 02 003c 00 0000"],
)
def test_another_protocol_level_is_handed_to_the_broker_to_answer(data):
    (packet,) = Decoder(LIMIT).feed(bytes.fromhex(data))
    assert isinstance(packet, Connect)
    assert packet.level in (3, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: encode_connect("a", 65536),
        lambda: encode_connect("a", -1),
        lambda: encode_connect("", 1, clean=False),
        lambda: encode_connect("a", 1, password=b"x"),
        lambda: encode_connect("a", 1, will=("a/#", b"", 0, False)),
        lambda: encode_connect("a", 1, will=("a", b"", 2, False)),
        lambda: encode_connect("a\0", 1),
        lambda: encode_connect("x" * 65536, 1),
        lambda: encode_connack(True, 1),
        lambda: encode_connack(False, 6),
        lambda: encode_publish("", b""),
        lambda: encode_publish("\ud800", b""),
        lambda: encode_publish("x" * 65536, b""),
        lambda: encode_publish("a", b"", 2, False, False, 1),
        lambda: encode_publish("a", b"", 1),
        lambda: encode_publish("a", b"", 1, False, False, 65536),
        lambda: encode_publish("a", b"", 0, False, True),
        lambda: encode_puback(0),
        lambda: encode_subscribe(1, []),
        lambda: encode_subscribe(1, [("a", 2)]),
        lambda: encode_subscribe(1, [("a#", 1)]),
        lambda: encode_suback(1, b"\x02"),
        lambda: encode_unsubscribe(1, []),
        lambda: encode_unsubscribe(1, ["#/a"]),
    ],
)
def test_wrong_arguments_are_refused_before_any_byte_is_made(wrong):
    with pytest.raises(MqttError, match=r".+"):
        wrong()
