"""A node and its broker over real MQTT bytes: birth, pictures, lease, and a hostile broker."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.logic import events
from firmware.logic.registry import KINDS, make_logic
from firmware.shell.backoff import BACKOFF_MAX_MS
from firmware.shell.node import LOG_EVERY_MS, Node
from protocols import topics
from protocols.messages.node import NodeState, Shown
from protocols.messages.service import Block, Identify, UpdateOffer
from protocols.mqtt_broker_side import Connect, Subscribe
from protocols.mqtt_packets import Publish
from protocols.wire import decode, encode

OFFER = UpdateOffer(release=13, name="0.2.1", manifest_bytes=4310, signature_bytes=1456)
Make = Callable[..., Any]


# ---- connection ----


def test_it_connects_as_itself_with_a_will_that_names_the_connection(peer: Make) -> None:
    pad = peer("pad", boot=4)
    pad.connect()
    pad.cut()
    pad.connect()
    first, second = [packet for packet in pad.packets if isinstance(packet, Connect)]
    assert (second.client_id, second.username, second.clean) == ("n1", "n1", True)
    topic, payload, qos, retain = second.will
    assert (topic, qos, retain) == ("hk1/lf/n1/up/state", 1, True)
    will = decode(payload, (NodeState,))
    assert (will.state, will.boot, will.connection) == ("lost", 4, 2)
    assert decode(first.will[1], (NodeState,)).connection == 1


def test_it_subscribes_before_it_says_it_is_online(peer: Make) -> None:
    pad = peer("pad")
    pad.connect()
    subscribe, birth = pad.packets[1], pad.packets[2]
    assert isinstance(subscribe, Subscribe)
    assert subscribe.filters == [("hk1/lf/n1/down/#", 1), ("hk1/lf/gw/state", 0)]
    assert isinstance(birth, Publish)
    assert (birth.topic, birth.qos, birth.retain) == ("hk1/lf/n1/up/state", 1, True)
    state = pad.said(topics.STATE)[0]
    assert (state.state, state.connection, state.kind) == ("online", 1, "pad")


def test_the_link_is_up_only_when_the_subscription_is_granted(peer: Make) -> None:
    pad = peer("pad")
    pad.mute = True
    pad.connect()
    assert not pad.node.link_up
    assert pad.said(topics.STATE) == []
    pad.run(5000)
    assert not pad.open, "a broker that does not answer is given up"
    pad.mute = False
    pad.connect()
    assert pad.node.link_up


def test_a_refused_subscription_closes_the_connection_and_says_so(peer: Make) -> None:
    pad = peer("pad")
    pad.granted = 0x80
    pad.connect()
    assert not pad.open
    assert not pad.node.link_up
    assert pad.said(topics.STATE) == []
    assert "credential" in pad.said(topics.LOG)[0].text


def test_it_waits_longer_each_time_dialling_fails_and_starts_over_once_up(peer: Make) -> None:
    pad = peer("pad")
    waits = []
    for _ in range(6):
        while not pad.node.wants_connection:
            pad.run(50)
        start = pad.now_ms
        pad.node.connection_refused(pad.now_ms)
        assert not pad.node.wants_connection
        while not pad.node.wants_connection:
            pad.run(50)
        waits.append((pad.now_ms - start) % (1 << 30))
    assert waits == [750, 1500, 3000, 4500, 4500, 4500]
    assert waits[-1] <= BACKOFF_MAX_MS
    pad.connect()
    pad.cut()
    start = pad.now_ms
    while not pad.node.wants_connection:
        pad.run(50)
    assert (pad.now_ms - start) % (1 << 30) == 750


def test_a_silent_broker_is_noticed_and_left(pad: Any) -> None:
    pad.mute = True
    pad.run(40000)
    assert pad.node.connection == 1
    assert not pad.open
    assert "time-out" in pad.node.close_reason or "lost" in pad.node.close_reason
    assert ("light", "offline") in pad.effects


def test_leaving_before_the_first_connection_says_nothing(peer: Make) -> None:
    pad = peer("pad")
    pad.node.leave(pad.now_ms)
    pad.run(60000)
    assert pad.said(topics.STATE) == []
    assert not pad.node.wants_connection


def test_leaving_says_bye_and_does_not_come_back(pad: Any) -> None:
    pad.node.leave(pad.now_ms)
    pad.pump()
    assert pad.said(topics.STATE)[-1].state == "bye"
    pad.run(60000)
    assert not pad.node.wants_connection


# ---- wants and lease ----


def test_only_a_newer_picture_reaches_the_logic(pad: Any, pad_want: Make) -> None:
    before = len(pad.effects)
    pad.send(topics.WANT, pad_want(rev=1, number="X001"))
    pad.send(topics.WANT, pad_want(rev=9, epoch=8, number="X002"))
    assert len(pad.effects) == before
    pad.send(topics.WANT, pad_want(rev=2, number="A002"))
    assert pad.effects[-1] == ("display", "A002")
    pad.send(topics.WANT, pad_want(rev=0, epoch=10, number="B001"))
    assert pad.effects[-1] == ("display", "B001")


def test_what_is_shown_is_published_when_it_or_the_lease_changes(pad: Any, pad_want: Make) -> None:
    pad.run(12000)
    pad.beat(15000)
    assert pad.said(topics.SHOWN) == [
        Shown(epoch=9, rev=1, fresh=True, outbox_age_ms=0),
        Shown(epoch=9, rev=1, fresh=False, outbox_age_ms=0),
        Shown(epoch=9, rev=1, fresh=True, outbox_age_ms=0),
    ]
    pad.send(topics.WANT, pad_want(rev=1))
    assert len(pad.said(topics.SHOWN)) == 4, "wanted again: the gateway asks"
    pad.cut()
    pad.connect()
    assert len(pad.said(topics.SHOWN)) == 5, "a broker may have forgotten it"


def test_a_backlog_is_told_while_it_lasts_and_when_it_is_gone(pad: Any, pad_want: Make) -> None:
    pad.press(0)
    pad.run(12000)
    backlog = pad.said(topics.SHOWN)[-1]
    assert backlog.outbox_age_ms > 9000, "told with the end of the lease"
    pad.ack(seq=1)
    assert pad.said(topics.SHOWN)[-1].outbox_age_ms == 0


def test_a_retained_beat_does_not_make_an_old_picture_fresh(peer: Make, pad_want: Make) -> None:
    pad = peer("pad")
    pad.connect()
    pad.beat(1000, retain=True)
    pad.send(topics.WANT, pad_want(), retain=True)
    assert not pad.node.lease_fresh
    assert pad.effects[-1] != ("display", "A001")
    pad.beat(4000)
    assert ("display", "A001") in pad.effects


def test_the_lease_ends_after_ten_silent_seconds_even_while_the_link_is_down(pad: Any) -> None:
    pad.cut()
    pad.run(9999)
    assert pad.node.lease_fresh
    pad.run(1)
    assert not pad.node.lease_fresh
    assert ("display", "----") in pad.effects[-2:]


def test_the_will_of_the_present_gateway_ends_the_lease_and_an_older_one_does_not(pad: Any) -> None:
    pad.beat(0, state="lost", epoch=8, connection=5)
    assert pad.node.lease_fresh
    pad.beat(1000, state="lost")
    assert not pad.node.lease_fresh


def test_data_that_arrives_after_the_lease_ended_does_not_hide_the_end(
    pad: Any, pad_want: Make
) -> None:
    pad.now_ms = (pad.now_ms + 20000) % (1 << 30)  # nobody woke the node meanwhile
    pad.send(topics.WANT, pad_want(rev=2, number="A002"))
    assert not pad.node.lease_fresh
    assert ("display", "A002") not in pad.effects


def test_a_key_after_the_lease_ended_is_refused_even_if_nobody_woke_the_node(pad: Any) -> None:
    pad.now_ms = (pad.now_ms + 20000) % (1 << 30)
    pad.input("key", 0, 1)
    pad.now_ms = (pad.now_ms + 30) % (1 << 30)
    pad.input("key", 0, 0)
    assert ("beep", "refused") in pad.effects
    assert pad.said(topics.EVENT) == []


# ---- a hostile broker ----


def test_bad_messages_are_counted_told_once_in_ten_seconds_and_change_nothing(
    pad: Any, pad_want: Make
) -> None:
    before = len(pad.effects)
    for payload in (b"", b"{", b"\xff", b'{"k":"ack"}', b"[]", b"9" * 1200):
        pad.say("hk1/lf/n1/down/want", payload)
    pad.say("hk1/lf/n1/down/ack", encode(pad_want(rev=5)))
    pad.say("hk1/lf/n2/down/want", encode(pad_want(rev=6)))
    assert pad.node.bad_count == 8
    assert len(pad.effects) == before
    assert len(pad.said(topics.LOG)) == 1
    pad.run(LOG_EVERY_MS)
    pad.say("hk1/lf/gw/state", b"nonsense")
    assert "9 bad messages" in pad.said(topics.LOG)[1].text


def test_a_retained_job_is_not_done(peer: Make, voice_job: Make) -> None:
    voice = peer("voice")
    voice.connect()
    voice.send(topics.JOB, voice_job("v1"), retain=True)
    assert voice.all("speak") == []
    assert voice.node.bad_count == 1


def test_a_job_delivered_twice_is_done_once(peer: Make, voice_job: Make) -> None:
    voice = peer("voice")
    voice.connect()
    voice.send(topics.JOB, voice_job("v1"))
    voice.send(topics.JOB, voice_job("v1"))
    assert len(voice.all("speak")) == 1


@given(st.lists(st.binary(max_size=60), max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_bytes_crash_a_node(chunks: list[bytes]) -> None:
    node = Node("lf", "n1", "pad", "virtual", "1", 1, make_logic("pad"), lambda limit: 0)
    node.input(0, ("start",))
    node.connection_made(0)
    node.receive(0, b"\x20\x02\x00\x00")
    for chunk in chunks:
        node.receive(1, chunk)
    node.wake(2)
    node.connection_lost(3)
    assert not node.link_up


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_born_and_runs_an_idle_hour(peer: Make, kind: str) -> None:
    node = peer(kind)
    node.connect()
    assert node.said(topics.STATE)[0].kind == kind
    for minute in range(20):
        node.beat(1000 * (minute + 1))
        node.run(9000)
    assert node.node.link_up
    assert node.node.lease_fresh
    assert node.node.bad_count == 0


def test_an_unknown_kind_is_named(peer: Make) -> None:
    with pytest.raises(ValueError, match=r"'fax'.*pad, wall"):
        peer("fax")


def test_identify_is_handed_to_the_logic_and_told_to_the_technician(pad: Any) -> None:
    seen: list[tuple[Any, ...]] = []
    pad.node.logic.step = lambda _, event: seen.append(event) or []
    pad.send(topics.JOB, Identify(id="i-1", seconds=10))
    assert (events.IDENTIFY, 10_000, "n1") in seen
    assert "10 s" in pad.said(topics.LOG)[0].text


def test_a_node_without_an_updater_refuses_a_release_and_says_why(pad: Any) -> None:
    pad.send(topics.JOB, OFFER)
    told = pad.said(topics.LOG)[0]
    assert (told.release, told.state) == (13, "refused")
    assert told.why
    pad.send(topics.BLOCK, Block(release=13, file=0, at=0, data=""))
    assert pad.node.bad_count == 1


def test_what_concerns_an_update_goes_to_the_updater_of_a_node(peer: Make) -> None:
    class Updater:
        got: ClassVar[list[Any]] = []

        def receive(self, now_ms: int, message: Any) -> None:
            self.got.append(message)

    pad = peer("pad", updater=Updater())
    pad.connect()
    pad.send(topics.JOB, OFFER)
    block = Block(release=13, file=0, at=0, data="aGFsbGtpdA==")
    pad.send(topics.BLOCK, block)
    pad.send(topics.BLOCK, block, retain=True)
    assert Updater.got == [OFFER, block]


def test_a_line_of_the_log_is_cut_to_what_may_travel_never_within_a_character(pad: Any) -> None:
    pad.node.log(pad.now_ms, "warning", "窗" * 100)
    pad.pump()
    assert pad.said(topics.LOG)[0].text == "窗" * 66
