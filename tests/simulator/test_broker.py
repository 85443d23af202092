"""Broker core in virtual time: what the conformance suite can not reach from outside."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.mqtt import (
    Decoder,
    encode_connect,
    encode_puback,
    encode_publish,
    encode_subscribe,
    encode_unsubscribe,
)
from protocols.mqtt_broker_side import encode_connack
from protocols.mqtt_packets import DISCONNECT_BYTES, PINGREQ_BYTES, Packet, Publish
from simulator.broker import BrokerCore
from simulator.broker_access import Grant, PatternRules


class Wires:
    """Clients of one core, by name: packets received, and whether they were closed."""

    def __init__(self, core: BrokerCore) -> None:
        self.core = core
        self.packets: dict[int | str, list[Packet]] = {}
        self.closed: list[int | str] = []
        self._decoders: dict[int | str, Decoder] = {}

    def connect(self, name: str, now_ms: int = 0, client_id: str = "", **options) -> None:
        self.core.connection_made(name, now_ms)
        self._decoders[name] = Decoder(1 << 21)
        self.packets[name] = []
        keepalive_s = options.pop("keepalive_s", 0)
        self.say(name, encode_connect(client_id or name, keepalive_s, **options), now_ms)

    def say(self, name: str, data: bytes, now_ms: int = 0) -> None:
        self.core.receive(name, now_ms, data)
        self.drain()

    def drain(self) -> None:
        for item in self.core.take_output():
            if len(item) == 2:
                assert item[0] not in self.closed
                self.packets[item[0]] += self._decoders[item[0]].feed(item[1])
            else:
                self.closed.append(item[0])

    def messages(self, name: str) -> list[tuple]:
        """(topic, payload, qos, retain, dup) of what came since the last call."""
        taken = [packet for packet in self.packets[name] if isinstance(packet, Publish)]
        self.packets[name] = []
        return [(p.topic, p.payload, p.qos, p.retain, p.dup) for p in taken]


@pytest.fixture
def wires() -> Wires:
    return Wires(BrokerCore())


def qos1(topic: str, payload: bytes, packet_id: int = 1, retain: bool = False) -> bytes:
    return encode_publish(topic, payload, 1, retain, False, packet_id)


def test_no_connect_within_ten_seconds_closes_however_many_bytes_drip(wires):
    wires.core.connection_made("slow", 0)
    for second in range(10):
        wires.core.receive("slow", second * 1000, encode_connect("slow", 0)[second : second + 1])
    wires.core.wake(9_999)
    wires.drain()
    assert wires.closed == []
    assert wires.core.wake_at() == 10_000
    wires.core.wake(10_000)
    wires.drain()
    assert wires.closed == ["slow"]


def test_keepalive_closes_at_one_and_a_half_times_and_not_before(wires):
    wires.connect("a", keepalive_s=2, will=("w", b"lost", 1, False))
    wires.connect("b")
    wires.say("b", encode_subscribe(1, [("w", 1)]))
    wires.say("a", PINGREQ_BYTES, 2_000)
    now = 0
    while (due := wires.core.wake_at()) is not None and due <= 20_000:
        wires.core.wake(due - 1)
        wires.core.wake(due)
        now = due
        wires.drain()
        if wires.closed:
            break
    assert (wires.closed, now) == (["a"], 5_000)
    assert wires.messages("b") == [("w", b"lost", 1, False, False)]


def test_a_client_with_keepalive_zero_stays_for_ever(wires):
    wires.connect("a")
    wires.core.wake(10**9)
    wires.drain()
    assert wires.closed == []
    assert wires.core.wake_at() is None


def test_beyond_the_byte_cap_the_newest_is_dropped_and_counted():
    wires = Wires(BrokerCore(max_pending_bytes=30))
    wires.connect("a", clean=False)
    wires.say("a", encode_subscribe(1, [("t", 1)]))
    wires.core.connection_lost("a", 1)
    wires.connect("p")
    for number in range(5):
        wires.say("p", qos1("t", b"%09d" % number))
    assert wires.core.dropped_messages == 2
    wires.connect("a2", 5, client_id="a", clean=False)
    assert [message[1][-1:] for message in wires.messages("a2")] == [b"0", b"1", b"2"]
    for packet_id in (1, 2, 3):
        wires.say("a2", encode_puback(packet_id))
    wires.say("p", qos1("t", b"room"))
    assert [message[1] for message in wires.messages("a2")] == [b"room"]


def test_unacknowledged_is_sent_again_in_order_with_dup_on_reconnect_only(wires):
    wires.connect("a", clean=False)
    wires.say("a", encode_subscribe(1, [("t", 1)]))
    wires.connect("p")
    wires.say("p", qos1("t", b"1") + qos1("t", b"2"))
    wires.say("a", encode_puback(1), 1)
    wires.messages("a")
    wires.core.wake(10**6)
    wires.drain()
    assert wires.messages("a") == []
    wires.core.connection_lost("a", 2)
    wires.say("p", qos1("t", b"3"))
    wires.connect("a2", 3, client_id="a", clean=False)
    assert wires.messages("a2") == [
        ("t", b"2", 1, False, True),
        ("t", b"3", 1, False, False),
    ]


def test_forget_closes_all_publishes_no_will_and_knows_nothing_afterwards(wires):
    wires.connect("a", clean=False, will=("w", b"lost", 0, False))
    wires.say("a", encode_subscribe(1, [("#", 1)]) + qos1("keep", b"1", retain=True))
    wires.connect("b")
    wires.say("b", encode_subscribe(1, [("w", 0)]))
    wires.messages("b")
    wires.core.forget()
    wires.drain()
    assert sorted(map(str, wires.closed)) == ["a", "b"]
    assert wires.messages("b") == []
    assert wires.core.wake_at() is None
    wires.closed = []
    wires.connect("c", client_id="a", clean=False)
    assert wires.core.connection_count == 1
    connack = wires.packets["c"][0]
    assert vars_of(connack) == (False, 0)
    wires.say("c", encode_subscribe(1, [("keep", 1)]))
    assert wires.messages("c") == []


def vars_of(connack) -> tuple[bool, int]:
    return connack.session_present, connack.code


@pytest.mark.parametrize(
    "change",
    [
        encode_unsubscribe(2, ["t/+"]),
        DISCONNECT_BYTES,
    ],
)
def test_a_route_used_before_is_not_used_after_the_subscription_ended(wires, change):
    wires.connect("a")
    wires.say("a", encode_subscribe(1, [("t/+", 0)]))
    wires.connect("p")
    wires.say("p", encode_publish("t/1", b"1"))
    assert len(wires.messages("a")) == 1
    wires.say("a", change)
    wires.say("p", encode_publish("t/1", b"2"))
    assert wires.messages("a") == []


def test_overlapping_subscriptions_deliver_once_at_the_highest_qos(wires):
    wires.connect("a")
    wires.say("a", encode_subscribe(1, [("t", 0), ("+", 1), ("#", 0)]))
    wires.say("a", qos1("t", b"x"))
    assert wires.messages("a") == [("t", b"x", 1, False, False)]


def test_a_route_used_before_reaches_a_new_subscriber(wires):
    wires.connect("p")
    wires.say("p", encode_publish("t", b"1"))
    wires.connect("a")
    wires.say("a", encode_subscribe(1, [("t", 0)]))
    wires.say("p", encode_publish("t", b"2"))
    assert [message[1] for message in wires.messages("a")] == [b"2"]


def test_a_client_id_taken_by_another_identity_does_not_inherit_the_queue():
    rules = PatternRules({"ann": b"1", "bob": b"2"}, Grant(("#",), ("#",)))
    wires = Wires(BrokerCore(rules))
    wires.connect("a", client_id="x", clean=False, username="ann", password=b"1")
    wires.say("a", encode_subscribe(1, [("secret", 1)]))
    wires.core.connection_lost("a", 1)
    wires.connect("p", username="bob", password=b"2")
    wires.say("p", qos1("secret", b"for ann"))
    wires.connect("b", client_id="x", clean=False, username="bob", password=b"2")
    assert vars_of(wires.packets["b"][0]) == (False, 0)
    wires.say("b", encode_subscribe(1, [("other", 1)]))
    wires.say("p", qos1("secret", b"for ann, again"))
    assert wires.messages("b") == []


class Switch:
    """Rules that can be turned round while the broker runs."""

    def __init__(self) -> None:
        self.open = True

    def authenticate(self, client_id, username, password):
        return client_id

    def may(self, identity, access, topic):
        return self.open


def test_changed_rules_hold_from_rules_changed_on():
    rules = Switch()
    wires = Wires(BrokerCore(rules))
    wires.connect("a")
    wires.say("a", encode_subscribe(1, [("t", 0)]))
    wires.say("a", encode_publish("t", b"1"))
    assert len(wires.messages("a")) == 1
    rules.open = False
    wires.core.rules_changed()
    wires.say("a", encode_publish("t", b"2"))
    assert wires.messages("a") == []
    assert wires.core.forbidden_publishes == 1


def test_what_the_shell_says_of_a_closed_connection_is_ignored(wires):
    wires.connect("a", will=("w", b"lost", 0, True))
    wires.connect("a2", client_id="a")
    assert wires.closed == ["a"]
    wires.say("a", encode_publish("t", b"late", 0, True))
    wires.core.connection_lost("a", 5)
    wires.say("a2", encode_subscribe(1, [("#", 0)]))
    assert wires.messages("a2") == [("w", b"lost", 0, True, False)]


def test_bytes_after_disconnect_are_not_acted_on(wires):
    wires.connect("a")
    again = encode_connect("a", 0) + encode_publish("t", b"late", 0, True)
    wires.say("a", DISCONNECT_BYTES + again)
    assert wires.closed == ["a"]
    wires.connect("b")
    wires.say("b", encode_subscribe(1, [("t", 0)]))
    assert wires.messages("b") == []


def test_an_empty_client_id_gets_a_name_of_its_own(wires):
    for name in ("a", "b"):
        wires.core.connection_made(name, 0)
        wires.packets[name] = []
        wires._decoders[name] = Decoder(1000)
        wires.say(name, encode_connect("", 0))
        assert vars_of(wires.packets[name][0]) == (False, 0)
    assert wires.closed == []


def test_another_protocol_level_is_answered_with_code_one(wires):
    wires.core.connection_made("v5", 0)
    wires.core.receive("v5", 0, bytes.fromhex("100d00044d5154540502003c000000"))
    assert wires.core.take_output() == [("v5", encode_connack(False, 1)), ("v5",)]


@pytest.mark.parametrize("name", ["", "a/b", "+", "x#"])
def test_a_user_name_that_would_widen_a_pattern_is_refused(name):
    with pytest.raises(ValueError, match="user name"):
        PatternRules({name: b"x"}, Grant(("h/%u/#",), ()))


def test_a_grant_without_a_password_is_refused():
    with pytest.raises(ValueError, match="no password"):
        PatternRules({}, Grant(), {"ghost": Grant(("#",), ())})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4000), st.binary(max_size=40))))
def test_hostile_bytes_never_break_the_core(steps):
    core = BrokerCore()
    now = 0
    for index, (name, wait_ms, data) in enumerate(steps):
        now += wait_ms
        core.wake(now)
        try:
            core.connection_made(name, now)
            if index % 2:
                core.receive(name, now, encode_connect(f"c{name}", 1))
        except ValueError:  # it is connected
            pass
        core.receive(name, now, data)
    for name in range(4):
        core.connection_lost(name, now)
    assert core.connection_count == 0


TRACE = """
from protocols.mqtt import encode_connect, encode_publish, encode_subscribe
from simulator.broker import BrokerCore
import hashlib
core, said = BrokerCore(), hashlib.sha256()
for i in range(60):
    core.connection_made(i, i)
    core.receive(i, i, encode_connect(f"node-{i % 40}", 2, i % 3 == 0, (f"w/{i}", b"x", 1, True)))
    core.receive(i, i, encode_subscribe(1, [("#", 1), (f"t/{i % 7}", 0), ("t/+", 1)]))
    core.receive(i, i, encode_publish(f"t/{i % 7}", b"y", 1, i % 2 == 0, False, 3))
core.wake(100_000)
said.update(repr(core.take_output()).encode())
print(said.hexdigest())
"""


def test_the_same_input_gives_the_same_output_whatever_the_hash_seed():
    traces = {
        subprocess.run(
            [sys.executable, "-c", TRACE],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(traces) == 1
    assert len(traces.pop().strip()) == 64
