"""The event list of virtual time: order, and the bounds that end a run."""

import pytest

from simulator.virtual_time import RunawayError, Timeline


def test_actions_run_by_time_and_first_planned_first() -> None:
    timeline = Timeline(100)
    done: list[str] = []
    for at_ms, name in ((30, "c"), (10, "a"), (30, "d"), (20, "b")):
        timeline.at(at_ms, done.append, name)
    timeline.run(30)
    assert done == ["a", "b", "c", "d"]
    assert timeline.now_ms == 30


def test_an_action_planned_for_now_runs_in_the_same_instant() -> None:
    timeline = Timeline(100)
    done: list[int] = []
    timeline.at(5, lambda: timeline.after(0, lambda: done.append(timeline.now_ms)))
    timeline.run(5)
    assert done == [5]


def test_the_past_cannot_be_planned() -> None:
    timeline = Timeline(100)
    timeline.run(50)
    with pytest.raises(ValueError, match="at_ms 49 is past"):
        timeline.at(49, print)


def test_an_endless_loop_at_one_instant_is_ended_by_the_bound() -> None:
    timeline = Timeline(1000)

    def again() -> None:
        timeline.after(0, again)

    timeline.at(7, again)
    with pytest.raises(RunawayError, match="at 7 ms"):
        timeline.run(10)
