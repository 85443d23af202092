"""Wills, takeover, persistent sessions, keepalive, refusals, malformed bytes; on both brokers."""

import pytest

from protocols.mqtt import encode_connect, encode_puback, encode_publish, encode_subscribe
from protocols.mqtt_packets import PINGREQ_BYTES, Connack, Pingresp, Publish, Suback


def test_the_will_is_published_when_the_cable_is_pulled(peer, base):
    watcher = peer()
    watcher.subscribe((base, 1))
    peer(will=(base, b"lost", 1, True)).lose()
    assert watcher.next() == (base, b"lost", 1, False)
    late = peer()
    late.subscribe((base, 1))
    assert late.next() == (base, b"lost", 1, True)


def test_the_will_is_not_published_after_disconnect(peer, base):
    watcher = peer()
    watcher.subscribe((f"{base}/+", 1))
    peer(will=(f"{base}/will", b"lost", 1, False)).leave()
    watcher.publish(f"{base}/end", b"")
    assert watcher.until(f"{base}/end") == []


def test_a_second_client_of_the_same_id_closes_the_first_and_its_will_is_published(peer, base):
    watcher = peer()
    watcher.subscribe((base, 1))
    first = peer(client_id=base, will=(base, b"lost", 1, False))
    second = peer(client_id=base)
    assert first.closed.wait(8)
    assert watcher.next() == (base, b"lost", 1, False)
    second.publish(base, b"here")
    assert watcher.next() == (base, b"here", 1, False)


def test_a_malformed_packet_publishes_the_will(peer, wire, secret, base):
    watcher = peer()
    watcher.subscribe((base, 1))
    raw = wire()
    raw.connect(base, password=secret("gw"), will=(base, b"lost", 1, False))
    raw.send(b"\x00\x00")
    assert raw.next() is None
    assert watcher.next() == (base, b"lost", 1, False)


@pytest.mark.slow
def test_silence_longer_than_the_keepalive_publishes_the_will_and_pings_prevent_it(
    peer, wire, secret, base
):
    watcher = peer(keepalive_s=1, will=(base, b"watcher lost", 1, False))
    watcher.subscribe((base, 1))
    raw = wire()
    raw.connect(base, keepalive_s=1, password=secret("gw"), will=(base, b"lost", 1, False))
    assert watcher.next() == (base, b"lost", 1, False)
    assert raw.next() is None
    assert not watcher.closed.is_set()


def test_an_absent_persistent_session_gets_its_messages_in_order_afterwards(peer, base):
    name = f"{base}-persistent"
    reader = peer(client_id=name, clean=False)
    assert not reader.session_present
    reader.subscribe((f"{base}/a", 1), (f"{base}/b", 1))
    reader.lose()
    writer = peer()
    for number in range(50):
        writer.publish(f"{base}/{'ab'[number % 2]}", b"%d" % number)
    writer.publish(f"{base}/a", b"QoS 0 is not kept", 0)
    again = peer(client_id=name, clean=False)
    assert again.session_present
    assert [int(again.next()[1]) for _ in range(50)] == list(range(50))
    writer.publish(f"{base}/a", b"live")
    assert again.next() == (f"{base}/a", b"live", 1, False)


def test_a_clean_connect_discards_the_persistent_session(peer, base):
    name = f"{base}-discarded"
    first = peer(client_id=name, clean=False)
    first.subscribe((base, 1))
    first.leave()
    second = peer(client_id=name, clean=True)
    assert not second.session_present
    second.leave()
    third = peer(client_id=name, clean=False)
    assert not third.session_present
    third.publish(base, b"x")
    third.subscribe((f"{base}/end", 1))
    third.publish(f"{base}/end", b"")
    assert third.until(f"{base}/end") == []


def test_what_was_not_acknowledged_comes_again_with_dup_and_in_order(peer, wire, secret, base):
    raw = wire()
    raw.connect(base, clean=False, password=secret("gw"))
    raw.send(encode_subscribe(1, [(base, 1)]))
    assert isinstance(raw.next(), Suback)
    writer = peer()
    for number in range(4):
        writer.publish(base, b"%d" % number)
    first = [raw.next() for _ in range(4)]
    assert [(packet.payload, packet.dup) for packet in first] == [
        (b"%d" % number, False) for number in range(4)
    ]
    raw.send(encode_puback(first[0].packet_id) + PINGREQ_BYTES)
    assert isinstance(raw.next(), Pingresp)
    raw.socket.close()
    again = wire()
    assert again.connect(base, clean=False, password=secret("gw")).session_present
    second = [again.next() for _ in range(3)]
    assert [(packet.payload, packet.dup, packet.packet_id) for packet in second] == [
        (packet.payload, True, packet.packet_id) for packet in first[1:]
    ]


def test_every_filter_is_granted_in_order_and_qos_two_as_at_most_two(wire, secret, base):
    raw = wire()
    raw.connect(base, password=secret("gw"))
    raw.send(bytes.fromhex("820f 1234 0001 61 00 0001 62 01 0002 632f 02".replace(" ", "")))
    suback = raw.next()
    assert isinstance(suback, Suback)
    assert suback.packet_id == 0x1234
    assert suback.granted[:2] == b"\x00\x01"
    assert suback.granted[2] in (1, 2)


def test_packets_cut_into_single_bytes_are_understood(wire, secret, base):
    raw = wire()
    stream = encode_connect(base, 0, username="gw", password=secret("gw"))
    stream += encode_subscribe(1, [(base, 1)]) + encode_publish(base, b"x", 1, False, False, 7)
    for position in range(len(stream)):
        raw.send(stream[position : position + 1])
    assert isinstance(raw.next(), Connack)
    assert isinstance(raw.next(), Suback)
    kinds = sorted(type(raw.next()).__name__ for _ in range(2))
    assert kinds == ["Puback", "Publish"]


def test_many_packets_in_one_piece_are_all_answered(wire, secret, base):
    raw = wire()
    raw.connect(base, password=secret("gw"))
    raw.send(
        encode_subscribe(1, [(base, 0)])
        + b"".join(encode_publish(base, b"%d" % number) for number in range(50))
        + PINGREQ_BYTES
    )
    assert isinstance(raw.next(), Suback)
    answers = [raw.next() for _ in range(51)]
    messages = [int(packet.payload) for packet in answers if isinstance(packet, Publish)]
    assert messages == list(range(50))
    assert sum(isinstance(packet, Pingresp) for packet in answers) == 1


@pytest.mark.parametrize(
    ("user", "word"), [("gw", b"wrong"), ("nobody", b"x"), ("gw", None), (None, None)]
)
def test_a_wrong_or_missing_login_is_refused_and_closed(wire, base, user, word):
    raw = wire()
    connack = raw.connect(base, user=user, password=word)
    assert (connack.session_present, connack.code) == (False, 5)
    assert raw.next() is None


def test_an_empty_client_id_needs_a_clean_session(wire, secret):
    raw = wire()
    clean = encode_connect("", 0, username="gw", password=secret("gw"))
    raw.send(clean.replace(b"MQTT\x04\xc2", b"MQTT\x04\xc0"))
    connack = raw.next()
    assert isinstance(connack, Connack)
    assert connack.code == 2
    assert raw.next() is None
    assert wire().connect("", password=secret("gw")).code == 0


def test_an_unknown_protocol_level_is_answered_with_code_one(wire):
    raw = wire()
    raw.send(bytes.fromhex("100d00044d5154540902003c000161"))
    connack = raw.next()
    assert isinstance(connack, Connack)
    assert connack.code == 1
    assert raw.next() is None


@pytest.mark.parametrize(
    "first",
    [
        PINGREQ_BYTES,
        encode_publish("t", b""),
        encode_subscribe(1, [("t", 0)]),
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_anything_before_connect_closes(wire, first):
    raw = wire()
    raw.send(first)
    assert raw.next() is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("0000", id="reserved type"),
        pytest.param("f000", id="reserved type 15"),
        pytest.param("3605000161 0001", id="QoS 3"),
        pytest.param("3003000123", id="wildcard in a topic"),
        pytest.param("30020000", id="empty topic"),
        pytest.param("30040009 6161", id="topic longer than the packet"),
        pytest.param("3205000161 0000", id="packet id 0"),
        pytest.param("8006 0001 0001 61 00", id="SUBSCRIBE flags"),
        pytest.param("8202 0001", id="SUBSCRIBE without a filter"),
        pytest.param("8206 0001 0001 61 03", id="SUBSCRIBE QoS 3"),
        pytest.param("8208 0001 0003 612f23 2f 00", id="SUBSCRIBE cut wrongly"),
        pytest.param("8209 0001 0004 612f2362 00", id="misplaced wildcard"),
        pytest.param("30ffffffffff01", id="length of five bytes"),
        pytest.param("3003 0001ff", id="topic that is not UTF-8"),
        pytest.param("2002 0000", id="a packet only a broker may send"),
        pytest.param("100d0004 4d515454 0402 003c 0001 61", id="a second CONNECT"),
    ],
)
def test_malformed_bytes_close_the_connection(wire, secret, base, data):
    raw = wire()
    raw.connect(base, password=secret("gw"))
    raw.send(bytes.fromhex(data))
    assert raw.next() is None
