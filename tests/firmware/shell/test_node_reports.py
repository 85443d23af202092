"""The reports of a node: numbered, aged, sent until settled, and kept over a power cut."""

from collections.abc import Callable
from typing import Any

import pytest

from protocols import topics
from protocols.messages.node import JobResult
from protocols.messages.rating import RatingWant
from protocols.wire import AGE_MS_MAX

Make = Callable[..., Any]


def rating_want(rev: int, visit: str) -> RatingWant:
    return RatingWant(epoch=9, rev=rev, visit=visit, number="A001", officer="", open_ms=60000)


# ---- reports ----


def test_a_press_travels_with_its_age_and_the_gateways_clock(pad: Any) -> None:
    pad.run(500)
    pad.press()
    press = pad.said(topics.EVENT)[0]
    stamp = press.stamp
    assert (stamp.boot, stamp.seq, stamp.age_ms, stamp.epoch) == (1, 1, 0, 9)
    assert stamp.heard_ms == 1000 + 500 + 20
    assert (press.command, press.seen) == ("next", 7)


def test_a_press_is_sent_until_it_is_acknowledged_and_keeps_its_number(pad: Any) -> None:
    pad.press()
    pad.run(2500)
    ages = [report.stamp.age_ms for report in pad.said(topics.EVENT)]
    assert ages == [0, 1000, 2000]
    assert set(pad.stamps()) == {(1, 1)}
    pad.ack(1)
    assert ("light", "done") in pad.effects
    pad.run(5000)
    assert len(pad.said(topics.EVENT)) == 3
    assert pad.node.outbox_size == 0


def test_a_second_acknowledgement_changes_nothing(pad: Any) -> None:
    pad.press()
    pad.ack(1)
    before = len(pad.effects)
    pad.ack(1, result="denied")
    assert len(pad.effects) == before


def test_an_unsettled_press_is_sent_again_at_once_after_a_reconnection(pad: Any) -> None:
    pad.drop = True
    pad.press()
    assert pad.said(topics.EVENT) == []
    pad.cut()
    pad.drop = False
    pad.connect()
    assert [report.stamp.age_ms > 100 for report in pad.said(topics.EVENT)] == [True]


def test_a_press_that_waited_longer_than_ticks_can_tell_is_still_old(pad: Any) -> None:
    pad.drop = True
    pad.press()
    pad.cut()
    pad.drop = False
    pad.run(8 * 24 * 3600 * 1000)  # nobody dials; 6.2 days is half a period of the ticks
    pad.connect()
    assert [report.stamp.age_ms for report in pad.said(topics.EVENT)] == [AGE_MS_MAX]


def test_an_acknowledgement_of_another_boot_settles_nothing(pad: Any) -> None:
    pad.press()
    pad.ack(1, boot=2)
    assert pad.node.outbox_size == 1


def test_a_cumulative_acknowledgement_does_not_invent_the_result_of_earlier_reports(
    pad: Any,
) -> None:
    pad.press()
    pad.ack(2, cumulative=True)
    assert pad.node.outbox_size == 0
    assert ("light", "done") not in pad.effects
    assert pad.effects[-1] == ("light", "busy")


def test_a_report_before_any_beat_has_epoch_zero(peer: Make, voice_job: Make) -> None:
    voice = peer("voice")
    voice.connect()
    voice.send(topics.JOB, voice_job("v1"))
    voice.input("spoken", "v1")
    stamp = voice.said(topics.RESULT)[0].stamp
    assert (stamp.epoch, stamp.heard_ms) == (0, 0)


def test_a_gateway_that_connects_anew_is_told_the_birth_once_more(peer: Make) -> None:
    voice = peer("voice")
    voice.connect()
    voice.beat(1000, epoch=9, connection=1)
    births = len(voice.said(topics.STATE))
    voice.beat(2000, epoch=9, connection=1)
    assert len(voice.said(topics.STATE)) == births
    voice.beat(3000, epoch=9, connection=2)
    voice.beat(100, epoch=10, connection=1)
    assert [state.state for state in voice.said(topics.STATE)][births:] == ["online", "online"]


def test_a_full_outbox_refuses_visibly_and_loses_nothing_that_is_in_it(
    peer: Make, voice_job: Make
) -> None:
    voice = peer("voice")
    voice.connect()
    for place in range(20):
        voice.send(topics.JOB, voice_job(f"v{place}"))
        voice.input("spoken", f"v{place}")
    assert voice.node.outbox_size == 16
    for seq in range(1, 17):
        voice.ack(seq)
    voice.run(1100)
    assert voice.node.outbox_size == 4
    answered = {report.id for report in voice.said(topics.RESULT)}
    assert answered == {f"v{place}" for place in range(20)}


# ---- restart ----


def test_an_unacknowledged_result_survives_a_restart_with_its_number(
    peer: Make, voice_job: Make
) -> None:
    voice = peer("voice")
    voice.connect()
    voice.send(topics.JOB, voice_job("v1"))
    voice.input("spoken", "v1")
    again = peer("voice", stored=voice.stored, boot=2)
    again.connect()
    results = again.said(topics.RESULT)
    assert results == [JobResult(id="v1", state="done", why="")]
    assert (results[0].stamp.boot, results[0].stamp.seq) == (1, 1)
    assert results[0].stamp.age_ms == AGE_MS_MAX
    again.ack(1, boot=1)
    third = peer("voice", stored=again.stored, boot=3)
    assert third.node.outbox_size == 0


def test_a_job_under_way_at_a_power_cut_is_unknown_after_it(peer: Make, voice_job: Make) -> None:
    voice = peer("voice")
    voice.connect()
    voice.send(topics.JOB, voice_job("v1"))
    again = peer("voice", stored=voice.stored, boot=2)
    again.connect()
    assert [(r.id, r.state) for r in again.said(topics.RESULT)] == [("v1", "unknown")]
    again.send(topics.JOB, voice_job("v1"))
    assert again.all("speak") == []


@pytest.mark.parametrize("cut_after", range(12))
def test_a_verdict_is_given_at_most_once_wherever_the_power_fails(
    peer: Make, cut_after: int
) -> None:
    pad = peer("rating")
    pad.connect()
    pad.beat(1000)
    pad.send(topics.WANT, rating_want(1, "v1"))
    pad.press(4)
    stores = pad.all("store")
    stored = {effect[1]: effect[2] for effect in stores[:cut_after]}
    again = peer("rating", stored=stored, boot=2)
    again.connect()
    again.beat(2000)
    again.send(topics.WANT, rating_want(1, "v1"))
    again.press(0)
    sent = {report.grade for report in again.said(topics.EVENT)}
    assert sent == ({1} if cut_after == 0 else {5})


def test_a_press_is_not_stored_because_it_would_be_too_old(pad: Any) -> None:
    pad.press()
    assert pad.stored == {}


def test_a_broken_stored_outbox_is_told_and_the_node_goes_on(peer: Make) -> None:
    good = b'{"k":"job_result","v":1,"boot":1,"seq":3,"age_ms":0,"epoch":0,"heard_ms":0,'
    good += b'"id":"v1","state":"done","why":""}'
    voice = peer("voice", stored={"outbox": b"\xff\x00broken\n" + good}, boot=2)
    voice.connect()
    assert [report.id for report in voice.said(topics.RESULT)] == ["v1"]
    assert voice.node.bad_count == 1
