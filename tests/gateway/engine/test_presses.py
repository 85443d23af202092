"""A press is settled once, whatever is lost, repeated or cut off on the way."""

import pytest

from gateway.core.effects import Publish
from gateway.journal.errors import JournalFailed
from gateway.systems.calling import commands as c
from protocols.messages.pad import PadPressed
from protocols.messages.rating import RatingGiven
from protocols.topics import ACK, EVENT, JOB, WANT, parse
from protocols.wire import AGE_MS_MAX, Stamp


@pytest.fixture
def hall(rig):
    """Window 1 with its officer and three people waiting; its pad, the voice and the kiosk live."""
    rig.ready("w01-pad", "w01-rating", "w02-rating", "kiosk-1", "voice-1")
    rig.sign_in("w01-pad", 1, "1111")
    rig.round()
    for _ in range(3):
        rig.issue()
    return rig


def test_press_is_counted_once_and_its_double_gets_the_first_result(hall, read):
    seen = hall.turn("w01")
    hall.press("w01-pad", 2, seen=seen)
    ((node, ack),) = read.acks(hall.round())
    assert (node, ack.boot, ack.seq, ack.result, ack.first) == ("w01-pad", 1, 2, "ok", None)
    hall.press("w01-pad", 2, seen=seen)
    ((_, again),) = read.acks(hall.round())
    assert (again.result, again.first) == ("dup", "ok")
    assert len(hall.stored("calling.ticket_called")) == 1
    assert len(hall.stored("core.report_settled")) == 2, "the sign-in and the press"


def test_double_in_the_same_batch_is_a_double_too(hall, read):
    seen = hall.turn("w01")
    hall.press("w01-pad", 2, seen=seen)
    hall.press("w01-pad", 2, seen=seen)
    acks = [ack for _, ack in read.acks(hall.round())]
    assert [(ack.result, ack.first) for ack in acks] == [("ok", None), ("dup", "ok")]
    assert len(hall.stored("calling.ticket_called")) == 1


def test_refused_press_gets_its_refusal_again_though_it_would_be_accepted_now(hall, read):
    hall.press("w01-pad", 2, "start")
    ((_, ack),) = read.acks(hall.round())
    assert (ack.result, ack.why) == ("denied", "not_called")
    hall.press("w01-pad", 3)
    hall.round()
    hall.press("w01-pad", 2, "start")
    ((_, again),) = read.acks(hall.round())
    assert (again.result, again.first, again.why) == ("dup", "denied", "not_called")
    assert hall.stored("calling.service_started") == []


def test_doubles_are_counted_for_the_technician(hall):
    for _ in range(3):
        hall.press("w01-pad", 2)
    hall.round()
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-pad"]
    assert (view["reports"], view["duplicates"]) == (4, 2)


def test_two_quick_presses_with_two_numbers_call_one_ticket(hall, read):
    seen = hall.turn("w01")
    hall.press("w01-pad", 2, seen=seen)
    hall.press("w01-pad", 3, seen=seen)
    acks = [ack for _, ack in read.acks(hall.round())]
    assert [(ack.result, ack.why) for ack in acks] == [("ok", ""), ("denied", "seen")]


def test_picture_goes_before_the_acknowledgement_and_the_job_after(hall):
    hall.press("w01-pad", 2)
    order = [
        parse(effect.topic)[2]
        for effect in hall.round()
        if isinstance(effect, Publish) and parse(effect.topic) is not None
    ]
    assert set(order) == {WANT, ACK, JOB}
    assert order == sorted(order, key=[WANT, ACK, JOB].index)


def test_press_of_a_node_that_may_not_is_denied(hall, read):
    message = PadPressed(command="next", argument=0, seen=hall.turn("w01"))
    hall.say("wall-1", EVENT, message, hall.stamp(1))
    ((node, ack),) = read.acks(hall.round())
    assert (node, ack.result, ack.why) == ("wall-1", "denied", "not_yours")
    assert hall.stored("calling.ticket_called") == []


# --- a stolen node acts as itself only (P13)


def finish_a_visit(hall):
    hall.press("w01-pad", 2)
    hall.round()
    hall.press("w01-pad", 3, "finish")
    hall.round()
    return hall.stored("calling.rating_opened")[0]["visit"]


def test_verdict_from_the_rating_pad_of_another_window_is_denied(hall, read):
    visit = finish_a_visit(hall)
    hall.say("w02-rating", EVENT, RatingGiven(visit=visit, grade=1), hall.stamp(1))
    ((_, ack),) = read.acks(hall.round())
    assert (ack.result, ack.why) == ("denied", "no_rating")
    hall.say("w01-rating", EVENT, RatingGiven(visit=visit, grade=5), hall.stamp(1))
    ((_, ack),) = read.acks(hall.round())
    assert ack.result == "ok"
    assert [r["grade"] for r in hall.stored("calling.rating_received")] == [5]


def test_print_is_settled_by_its_own_kiosk_only(hall, read):
    hall.touch(1)
    (job,) = [m.id for node, m in read.jobs(hall.round()) if node == "kiosk-1"]
    hall.result("voice-1", 1, job)
    ((_, ack),) = read.acks(hall.round())
    assert (ack.result, ack.why) == ("denied", "unknown_job")
    hall.result("kiosk-1", 2, job)
    ((_, ack),) = read.acks(hall.round())
    assert ack.result == "ok"


def test_announcement_is_settled_by_the_voice_only(hall, read):
    hall.press("w01-pad", 2)
    (job,) = [m.id for node, m in read.jobs(hall.round()) if node == "voice-1"]
    hall.result("kiosk-1", 1, job)
    hall.round()
    assert hall.stored("calling.announcement_settled") == []
    hall.result("voice-1", 1, job)
    hall.round()
    assert [s["result"] for s in hall.stored("calling.announcement_settled")] == ["done"]


# --- nothing leaves before it is durable


def test_nothing_leaves_before_committed(hall):
    """prepare gives records and keeps the rest to itself."""
    hall.press("w01-pad", 2)
    number = hall.engine.request("k", "desk", c.IssueTicket("filing", "kiosk-1"))
    sent_before = len(hall.sent)
    batch = hall.engine.prepare(hall.now_ms)
    assert len(batch.records) >= 4
    assert len(hall.sent) == sent_before
    assert hall.engine.seq == hall.journal.last_seq, "still what is durable"
    effects = hall.commit(batch)
    assert any(getattr(effect, "number", None) == number for effect in effects)


def test_failed_append_lets_nothing_out_and_the_press_is_executed_once_after_the_restart(
    hall, read
):
    for fate, called in (("lost", 0), ("kept", 1)):
        seen = hall.turn("w01")
        hall.press("w01-pad", 2 + called, seen=seen)
        before = len(hall.stored("calling.ticket_called"))
        hall.journal.fail_append(1, fate)
        with pytest.raises(JournalFailed):
            hall.round()
        hall.crash()
        hall.boot()
        hall.ready("w01-pad")
        # What the pad does after its lease is back: the same press, with its age.
        hall.press("w01-pad", 2 + called, seen=seen, age_ms=1000)
        ((_, ack),) = read.acks(hall.round())
        assert (ack.first or ack.result) == "ok"
        assert len(hall.stored("calling.ticket_called")) == before + 1, fate


@pytest.mark.parametrize("point", ["after prepare", "after append", "after committed"])
def test_press_cut_off_anywhere_is_executed_exactly_once(hall, read, point):
    seen = hall.turn("w01")
    hall.press("w01-pad", 2, seen=seen)
    batch = hall.engine.prepare(hall.now_ms)
    if point != "after prepare":
        records = hall.journal.append(batch.records)
        if point == "after committed":
            hall.engine.committed(batch, records, hall.now_ms)
    hall.crash()
    hall.now_ms += 500
    hall.boot()
    hall.ready("w01-pad")
    for age_ms in (1500, 2500):
        hall.press("w01-pad", 2, seen=seen, age_ms=age_ms)
    first, second = [ack for _, ack in read.acks(hall.round())]
    assert (first.result, first.first) == (
        ("ok", None) if point == "after prepare" else ("dup", "ok")
    )
    assert (second.result, second.first) == ("dup", "ok")
    assert len(hall.stored("calling.ticket_called")) == 1


def test_twenty_presses_with_every_acknowledgement_lost_once_call_twenty_tickets(hall):
    for _ in range(20):
        hall.issue()
    for seq in range(2, 22):
        seen = hall.turn("w01")
        hall.press("w01-pad", seq, seen=seen)
        hall.round()  # its acknowledgement is lost
        hall.press("w01-pad", seq, seen=seen, age_ms=1000)
        hall.round(later_ms=1000)
    called = [event["ticket"] for event in hall.stored("calling.ticket_called")]
    assert len(called) == len(set(called)) == 20


# --- the age of a press


def result_of(hall, read, stamp, node="w01-pad"):
    hall.say(node, EVENT, PadPressed(command="next", argument=0, seen=hall.turn("w01")), stamp)
    ((_, ack),) = read.acks(hall.round())
    return ack.result


def test_press_is_stale_when_its_age_and_its_way_together_are_too_long(hall, read):
    hall.round(later_ms=60_000)
    heard_ms = hall.now_ms - hall.engine._hall.started_ms
    epoch = hall.engine.epoch
    assert result_of(hall, read, Stamp(1, 2, 4000, epoch, heard_ms - 6000)) == "ok"
    assert result_of(hall, read, Stamp(1, 3, 4001, epoch, heard_ms - 6000)) == "stale"


def test_clock_of_a_node_that_runs_ahead_makes_no_press_younger(hall, read):
    heard_ms = hall.now_ms - hall.engine._hall.started_ms + 60_000
    assert result_of(hall, read, Stamp(1, 2, 10_001, hall.engine.epoch, heard_ms)) == "stale"


@pytest.mark.parametrize("heard_none", [False, True])
def test_press_that_an_older_gateway_dated_waits_until_its_pad_has_heard_this_one(
    hall, read, heard_none
):
    hall.issue()
    epoch = 0 if heard_none else hall.engine.epoch - 1
    message = PadPressed(command="next", argument=0, seen=hall.turn("w01"))
    # The network may have held it since before this gateway started: nobody knows how long.
    hall.say("w01-pad", EVENT, message, Stamp(1, 2, 0, epoch, 10**9))
    assert read.acks(hall.round()) == []
    assert hall.stored("calling.ticket_called") == []
    hall.say("w01-pad", EVENT, message, hall.stamp(2, age_ms=1000))
    ((_, ack),) = read.acks(hall.round())
    assert (ack.seq, ack.result) == (2, "ok")
    assert len(hall.stored("calling.ticket_called")) == 1


def test_verdict_that_an_older_gateway_dated_counts_at_once(hall, read):
    hall.say("w01-rating", EVENT, RatingGiven(visit="20261123-A001", grade=5), Stamp(1, 2, 0, 1, 0))
    ((_, ack),) = read.acks(hall.round())
    assert ack.seq == 2


def test_press_restored_after_a_restart_of_its_pad_is_stale(hall, read):
    assert result_of(hall, read, hall.stamp(2, age_ms=AGE_MS_MAX)) == "stale"


def test_press_that_waited_in_the_gateway_grows_older(hall, read):
    message = PadPressed(command="next", argument=0, seen=hall.turn("w01"))
    hall.say("w01-pad", EVENT, message, hall.stamp(2, age_ms=9_000))
    ((_, ack),) = read.acks(hall.round(later_ms=1_001))
    assert ack.result == "stale"
