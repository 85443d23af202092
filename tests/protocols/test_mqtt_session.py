"""MQTT client session against a scripted broker: bytes in, bytes and events out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mqtt import Decoder, MqttError, encode_puback, encode_publish
from protocols.mqtt_broker_side import Connect, encode_connack, encode_suback, encode_unsuback
from protocols.mqtt_packets import DISCONNECT_BYTES, PINGREQ_BYTES, PINGRESP_BYTES
from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_PERIOD, ticks_add

# Close below the wrap, so that every time-out below crosses it.
START = TICKS_PERIOD - 1000


def up(**options) -> ClientSession:
    """A session that has just been accepted at START."""
    session = ClientSession("pad-03", 15, **options)
    session.connection_made(START)
    session.receive(START, encode_connack(False, 0))
    assert session.take_events() == [("connected", False)]
    session.take_output()
    return session


def at(delta_ms: int) -> int:
    return ticks_add(START, delta_ms)


def test_connect_carries_what_the_session_was_made_with():
    will = ("h/pad-03/up/state", b"lost", 1, True)
    session = ClientSession("pad-03", 15, "pad-03", b"secret", will)
    session.connection_made(START)
    (packet,) = Decoder(1000).feed(session.take_output())
    assert isinstance(packet, Connect)
    assert (packet.client_id, packet.keepalive_s, packet.clean) == ("pad-03", 15, True)
    assert (packet.username, packet.password, packet.will) == ("pad-03", b"secret", will)
    assert not session.connected
    session.receive(START, encode_connack(False, 0))
    assert session.connected


def test_a_new_will_is_used_by_the_next_connection():
    session = up()
    session.set_will(("t", b"2", 0, False))
    session.connection_lost(at(1))
    session.connection_made(at(2))
    (packet,) = Decoder(1000).feed(session.take_output())
    assert isinstance(packet, Connect)
    assert packet.will == ("t", b"2", 0, False)


def test_a_refusal_closes_with_its_reason():
    session = ClientSession("pad-03", 15)
    session.connection_made(START)
    session.receive(START, encode_connack(False, 5))
    assert session.take_events() == [("closed", "refused: not authorised")]
    assert session.wake_at() is None


def test_no_connack_within_five_seconds_closes():
    session = ClientSession("pad-03", 15)
    session.connection_made(START)
    assert session.wake_at() == at(5000)
    session.wake(at(4999))
    assert session.take_events() == []
    session.wake(at(5000))
    assert session.take_events() == [("closed", "time-out: no CONNACK")]


def test_a_message_is_handed_over_and_acknowledged():
    session = up()
    session.receive(at(5), encode_publish("t", b"x", 1, True, True, 9) + encode_publish("u", b"y"))
    assert session.take_events() == [
        ("message", "t", b"x", 1, True, True, 9),
        ("message", "u", b"y", 0, False, False, 0),
    ]
    assert session.take_output() == encode_puback(9)


def test_with_manual_ack_nothing_is_acknowledged_until_told():
    session = up(manual_ack=True)
    session.receive(at(5), encode_publish("t", b"x", 1, False, False, 9))
    assert session.take_output() == b""
    session.acknowledge(at(6), 9)
    assert session.take_output() == encode_puback(9)


def test_a_publish_is_done_when_its_own_acknowledgement_comes():
    session = up()
    assert session.publish(at(1), "t", b"0") == 0
    first = session.publish(at(1), "t", b"1", 1)
    second = session.publish(at(1), "t", b"2", 1, True)
    assert session.take_output() == (
        encode_publish("t", b"0")
        + encode_publish("t", b"1", 1, False, False, first)
        + encode_publish("t", b"2", 1, True, False, second)
    )
    assert session.in_flight == 2
    session.receive(at(2), encode_puback(second) + encode_puback(second) + encode_puback(77))
    assert session.take_events() == [("published", second)]
    session.receive(at(3), encode_puback(first))
    assert session.take_events() == [("published", first)]
    assert session.in_flight == 0


def test_an_acknowledgement_of_the_wrong_kind_settles_nothing():
    session = up()
    packet_id = session.subscribe(at(1), [("t", 1)])
    session.receive(at(2), encode_puback(packet_id))
    assert session.take_events() == []
    session.receive(at(2), encode_suback(packet_id, b"\x80"))
    assert session.take_events() == [("subscribed", packet_id, b"\x80")]
    packet_id = session.unsubscribe(at(3), ["t"])
    session.receive(at(4), encode_unsuback(packet_id))
    assert session.take_events() == [("unsubscribed", packet_id)]


@pytest.mark.parametrize("kind", ["published", "subscribed", "unsubscribed"])
def test_an_acknowledgement_later_than_three_seconds_closes(kind):
    session = up()
    if kind == "published":
        session.publish(at(100), "t", b"", 1)
    elif kind == "subscribed":
        session.subscribe(at(100), [("t", 1)])
    else:
        session.unsubscribe(at(100), ["t"])
    assert session.wake_at() == at(3100)
    session.wake(at(3099))
    assert session.connected
    session.wake(at(3100))
    assert session.take_events() == [("closed", f"time-out: not {kind} within 3000 ms")]
    assert session.in_flight == 0


def test_the_deadline_follows_the_oldest_that_still_waits():
    session = up()
    first = session.publish(at(0), "t", b"", 1)
    session.publish(at(500), "t", b"", 1)
    session.receive(at(600), encode_puback(first))
    assert session.wake_at() == at(3500)
    session.wake(at(3000))
    assert session.connected
    session.wake(at(3500))
    assert not session.connected


def test_the_nearer_of_two_deadlines_on_either_side_of_the_wrap_is_next():
    start = TICKS_PERIOD - 4000
    session = ClientSession("pad-03", 15)
    session.connection_made(start)
    session.receive(start, encode_connack(False, 0))
    session.publish(start, "t", b"", 1)
    assert session.wake_at() == TICKS_PERIOD - 1000


def test_packet_ids_wrap_to_one_and_step_over_those_in_use():
    session = up()
    held = session.publish(at(0), "t", b"", 1)
    assert held == 1
    for expected in range(2, 65536):
        packet_id = session.publish(at(0), "t", b"", 1)
        assert packet_id == expected
        if packet_id != 2:
            session.receive(at(0), encode_puback(packet_id))
    assert session.publish(at(0), "t", b"", 1) == 3


def test_when_every_packet_id_is_in_use_the_publish_is_refused():
    session = up()
    for _ in range(65535):
        session.publish(at(0), "t", b"", 1)
    with pytest.raises(MqttError, match="all 65535"):
        session.publish(at(0), "t", b"", 1)


def test_silence_of_one_keepalive_is_broken_by_a_ping():
    session = up()
    assert session.wake_at() == at(15_000)
    session.wake(at(15_000))
    assert session.take_output() == PINGREQ_BYTES
    assert session.wake_at() == at(18_000)
    session.receive(at(15_020), PINGRESP_BYTES)
    assert session.wake_at() == at(30_020)
    session.wake(at(30_020))
    assert session.take_output() == PINGREQ_BYTES


def test_traffic_both_ways_puts_the_ping_off():
    session = up()
    session.publish(at(6_000), "t", b"")
    session.receive(at(7_000), encode_publish("t", b""))
    session.take_output()
    session.wake(at(15_000))
    assert session.take_output() == b""
    assert session.wake_at() == at(21_000)


@pytest.mark.parametrize("talks", ["client", "broker"])
def test_traffic_one_way_only_does_not_put_the_ping_off(talks):
    session = up()
    for second in range(1, 15):
        if talks == "client":
            session.publish(at(second * 1000), "t", b"")
        else:
            session.receive(at(second * 1000), encode_publish("t", b""))
    session.take_output()
    session.wake(at(15_000))
    assert session.take_output() == PINGREQ_BYTES


def test_an_unanswered_ping_closes_without_disconnect():
    session = up()
    session.wake(at(15_000))
    session.take_output()
    session.wake(at(18_000))
    assert session.take_events() == [("closed", "time-out: no PINGRESP")]
    assert session.take_output() == b""


def test_bytes_on_their_way_put_the_ping_time_out_off():
    session = up()
    session.wake(at(15_000))
    session.receive(at(17_500), encode_publish("t", bytes(100))[:50])
    session.wake(at(18_000))
    assert session.connected
    assert session.wake_at() == at(20_500)
    session.wake(at(20_500))
    assert not session.connected


def test_keepalive_zero_never_pings():
    session = ClientSession("pad-03", 0)
    session.connection_made(START)
    session.receive(START, encode_connack(False, 0))
    assert session.wake_at() is None
    session.wake(at(1_000_000))
    assert session.connected


@pytest.mark.parametrize(
    "data",
    [b"\x00\x00", PINGREQ_BYTES, encode_connack(False, 0), b"\x34\x05\x00\x01a\x00\x01"],
)
def test_what_a_broker_must_not_say_closes(data):
    session = up()
    session.receive(at(1), encode_publish("t", b"x", 1, False, False, 9) + data)
    events = session.take_events()
    assert events[0][0] == "message"
    assert events[1][0] == "closed"
    assert len(events) == 2
    session.receive(at(2), encode_publish("t", b"y"))
    assert session.take_events() == []


def test_anything_before_connack_closes():
    session = ClientSession("pad-03", 15)
    session.connection_made(START)
    session.receive(START, encode_publish("t", b"x"))
    assert session.take_events() == [("closed", "protocol error: something else before CONNACK")]


def test_disconnect_is_the_last_word():
    session = up()
    session.publish(at(1), "t", b"bye")
    session.disconnect(at(1))
    assert session.take_output() == encode_publish("t", b"bye") + DISCONNECT_BYTES
    assert session.take_events() == [("closed", "disconnected")]
    session.connection_lost(at(2))
    assert session.take_events() == []


def test_a_lost_connection_is_told_once_and_the_next_starts_empty():
    session = up()
    session.publish(at(1), "t", b"", 1)
    session.receive(at(1), encode_publish("t", b"half")[:4])
    session.connection_lost(at(2))
    assert session.take_events() == [("closed", "connection lost")]
    assert session.take_output() == b""
    session.connection_made(at(3))
    assert session.in_flight == 0
    session.receive(at(4), encode_connack(True, 0))
    assert session.take_events() == [("connected", True)]


@pytest.mark.parametrize(
    "call",
    [
        lambda session: session.publish(START, "t", b"", 1),
        lambda session: session.subscribe(START, [("t", 0)]),
        lambda session: session.unsubscribe(START, ["t"]),
        lambda session: session.acknowledge(START, 1),
    ],
)
def test_nothing_is_sent_before_the_connection_is_up(call):
    session = ClientSession("pad-03", 15)
    with pytest.raises(MqttError, match="not connected"):
        call(session)
    session.connection_made(START)
    session.take_output()
    with pytest.raises(MqttError, match="not connected"):
        call(session)
    assert session.take_output() == b""


def test_a_refused_publish_takes_no_packet_id():
    session = up()
    with pytest.raises(MqttError, match="topic"):
        session.publish(at(0), "a/#", b"", 1)
    assert session.in_flight == 0
    assert session.publish(at(0), "a", b"", 1) == 1


def test_a_second_connection_without_losing_the_first_is_an_error():
    session = up()
    with pytest.raises(MqttError, match="connection_made"):
        session.connection_made(at(1))


@given(st.lists(st.tuples(st.integers(0, 9000), st.binary(max_size=30)), max_size=12))
def test_a_hostile_broker_can_only_get_the_connection_closed(steps):
    session = up()
    session.publish(START, "t", b"", 1)
    now = START
    for wait_ms, data in steps:
        now = ticks_add(now, wait_ms)
        session.wake(now)
        session.receive(now, data)
        session.take_output()
    events = [event[0] for event in session.take_events()]
    assert events.count("closed") == (0 if session.connected else 1)
    assert (session.wake_at() is None) == (not session.connected)
