"""When the engine wants to be woken: never late, never again and again at the same moment."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.systems.calling import commands as c
from gateway.systems.calling.timing import next_due_ms, pass_time

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def test_new_day_is_due_at_once_after_a_start(rig):
    """Nobody has to knock for yesterday to end."""
    assert rig.engine.wake_at() <= rig.now_ms
    rig.round()
    assert rig.engine.hall_view(rig.now_ms)["date"] == "20261123"


def test_day_turns_at_local_midnight_though_nothing_arrives(rig):
    rig.round()
    rig.ask(c.SignIn("w01", "1111"), "in")
    rig.issue()
    rig.run(15 * 3_600_000 + 29 * MINUTE_MS)
    assert rig.engine.hall_view(rig.now_ms)["date"] == "20261123"
    rig.run(2 * MINUTE_MS)
    view = rig.engine.hall_view(rig.now_ms)
    assert (view["date"], view["waiting"], view["windows"][0]["mode"]) == ("20261124", [], "closed")
    assert [event["why"] for event in rig.stored("calling.ticket_cancelled")] == ["day_end"]
    assert rig.ask(c.IssueTicket("filing", None)).body["number"] == "A001"


def test_gateway_that_slept_for_days_opens_one_day_only(rig):
    rig.round()
    rig.round(later_ms=4 * DAY_MS)
    assert [event["date"] for event in rig.stored("calling.day_opened")] == ["20261123", "20261127"]


def test_overtime_marks_come_when_they_are_due_and_not_before(rig):
    rig.round()
    rig.ask(c.SignIn("w01", "1111"), "in")
    rig.issue()
    rig.ask(c.CommandWindow("w01", "next"), "next")
    rig.ask(c.CommandWindow("w01", "start"), "start")
    began_ms = rig.now_ms
    rig.run(30 * MINUTE_MS)
    marks = [
        (r.data["level"], r.at_ms - rig.engine.clock.hall_ms(began_ms))
        for r in rig.journal.read()
        if r.kind == "calling.overtime_reached"
    ]
    limit_ms = 12 * MINUTE_MS
    assert marks == [
        ("amber", limit_ms * 80 // 100),
        ("red", limit_ms),
        ("blink", limit_ms * 150 // 100),
    ]


def test_hall_that_runs_faster_wakes_earlier(rig):
    rig.round()
    rig.ask(c.SignIn("w01", "1111"), "in")
    rig.issue()
    rig.ask(c.CommandWindow("w01", "next"), "next")
    slow = rig.engine.wake_at() - rig.now_ms
    rig.engine.clock.change_rate(rig.now_ms, 600)
    fast = rig.engine.wake_at() - rig.now_ms
    assert fast == -(-slow // 600)
    rig.run(MINUTE_MS)
    assert rig.stored("calling.overtime_reached")[-1]["level"] == "blink"


def test_wall_clock_set_back_before_a_restart_turns_no_day_back(rig):
    rig.round()
    rig.issue()
    rig.crash()
    rig.wall_ms -= 3 * DAY_MS
    rig.boot()
    rig.round()
    assert rig.engine.hall_view(rig.now_ms)["date"] == "20261123"
    assert rig.issue() == "20261123-A002"


def test_epoch_rises_with_every_start_and_also_when_the_journal_is_begun_anew(rig, make_rig):
    first = rig.engine.epoch
    assert first == rig.wall_ms // 1000
    for _ in range(3):
        rig.crash()
        rig.boot()
    assert rig.engine.epoch == first + 3
    later = make_rig()
    later.crash()
    later.disk.__init__()
    later.wall_ms += 10_000
    later.boot()
    assert later.engine.epoch > first + 3


def test_steps_out_of_order_are_programming_errors(rig):
    batch = rig.engine.prepare(rig.now_ms)
    with pytest.raises(AssertionError, match="one batch at a time"):
        rig.engine.prepare(rig.now_ms)
    with pytest.raises(AssertionError, match="committed events only"):
        rig.engine.snapshot()
    rig.commit(batch)
    with pytest.raises(AssertionError, match="latest prepare"):
        rig.engine.committed(batch, [], rig.now_ms)


ACTS = (
    *("next", "start", "finish", "recall", "hold", "unhold", "missed"),
    *("issue", "touch", "connect", "lose", "born", "dead", "midnight"),
)
COURSE = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.sampled_from([0, 1, 999, 3_000, 61_000, 700_000]),
        st.sampled_from([1, 1, 1, 600]),
    ),
    max_size=25,
)


def act(rig, what, seq):
    engine = rig.engine
    match what:
        case "issue":
            engine.request(f"k{seq}", "desk", c.IssueTicket("filing", "kiosk-1"))
        case "touch":
            rig.touch(seq)
        case "connect":
            rig.connection += 1
            engine.broker_connected(rig.now_ms, rig.connection)
        case "lose":
            engine.broker_lost()
        case "born":
            rig.birth("kiosk-1", boot=seq)
            rig.birth("voice-1", boot=seq)
        case "dead":
            rig.life("voice-1", "lost", boot=10**6)
        case "midnight":
            hall_ms = engine.clock.hall_ms(rig.now_ms)
            engine.clock.jump_to(rig.now_ms, hall_ms + DAY_MS)
        case _:
            engine.request(f"k{seq}", "desk", c.CommandWindow("w01", what))


@settings(deadline=None, max_examples=60)
@given(COURSE)
def test_after_every_round_the_next_wake_lies_ahead_and_nothing_due_is_missed(make_rig, course):
    rig = make_rig()
    rig.ask(c.SignIn("w01", "1111"), "in")
    for seq, (what, pause_ms, rate) in enumerate(course, start=1):
        rig.now_ms += pause_ms
        rig.engine.clock.change_rate(rig.now_ms, rate)
        act(rig, what, seq)
        rig.round()
        wake_ms = rig.engine.wake_at()
        assert wake_ms > rig.now_ms, "a round that is due again at once never ends"
        assert_nothing_is_due_before(rig, wake_ms)


def assert_nothing_is_due_before(rig, wake_ms):
    calling = rig.engine._hall.state.calling
    hall_ms = rig.engine.clock.hall_ms
    assert pass_time(rig.config, calling, hall_ms(wake_ms - 1)) == []
    due_ms = next_due_ms(rig.config, calling, hall_ms(rig.now_ms))
    assert pass_time(rig.config, calling, due_ms) != []


def test_pure_time_is_all_an_engine_knows(hall_config):
    """Two engines fed alike say alike, to the byte, wherever their steady clocks begin."""
    said = []
    for origin_ms in (0, 10**9):
        clock = HallClock(steady_start_ms=origin_ms, hall_start_ms=1_795_393_800_000)
        engine = Engine(hall_config, clock, lambda: "t" * 22)
        engine.committed(engine.start(origin_ms), [], origin_ms)
        engine.broker_connected(origin_ms + 5, 1)
        batch = engine.prepare(origin_ms + 5)
        effects = engine.committed(batch, [], origin_ms + 7)
        said.append((batch.records, effects, engine.wake_at() - origin_ms))
    assert said[0] == said[1]
