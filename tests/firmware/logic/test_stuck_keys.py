"""A key that stays down, on pad and rating pad: it acts once, keeps nobody from working, and the
technician is told.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.debounce import STUCK_MS
from firmware.logic.pad import HOLD, NEXT, PAUSE, RECALL, START, TRANSFER, PadLogic
from firmware.logic.rating import RatingLogic
from protocols.messages.pad import PadWant
from protocols.messages.rating import RatingWant
from simulator.devices.keys import Key

Make = Callable[[Any], Any]


def want() -> PadWant:
    return PadWant(
        epoch=5,
        rev=1,
        turn=7,
        mode="serving",
        number="A023",
        waiting=12,
        held=0,
        help=False,
        services=6,
    )


@pytest.fixture
def pad(bench: Make) -> Any:
    bench = bench(PadLogic())
    bench.online(want())
    return bench


def stick(pad: Any, index: int) -> None:
    """As the model of a key that sticks gives it: down with its bounce, and never up."""
    key, rng = Key(), random.Random(index)
    key.sticks = True
    edges = key.press(pad.passed_ms, 100, rng)
    for at_ms, level in edges:
        pad.run(at_ms - pad.passed_ms)
        pad.send("key", index, 1 - level)
    pad.run(100)


def test_a_key_that_stays_down_presses_once_and_the_technician_is_told(pad: Any) -> None:
    stick(pad, NEXT)
    assert [report.command for report in pad.reports()] == ["next"]
    pad.ack(pad.reports()[-1])
    assert pad.all("log") == []
    pad.run(STUCK_MS)
    told = ("log", "warning", "key 1 (next) is stuck: it does not come up")
    assert pad.all("log") == [told]
    pad.run(8 * 3_600_000)
    assert len(pad.reports()) == 1, "it repeats nothing all day"
    assert pad.all("log") == [told]
    pad.send("link", False)
    pad.send("link", True)
    assert pad.all("log") == [told, told], "who comes to the link later hears of it too"
    pad.send("key", NEXT, 0)
    pad.run(100)
    assert pad.all("log")[-1] == ("log", "info", "key 1 (next) is free again")
    pad.press(NEXT)
    assert len(pad.reports()) == 2


def test_a_key_held_at_boot_does_nothing(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.send("key", NEXT, 1)
    pad.online(want())
    pad.run(5000)
    assert pad.reports() == []
    pad.send("key", NEXT, 0)
    pad.run(100)
    pad.press(NEXT)
    assert len(pad.reports()) == 1


@pytest.mark.parametrize("stuck", [START, PAUSE, HOLD, TRANSFER])
def test_a_key_that_stays_down_does_not_keep_the_others_from_working(
    bench: Make, stuck: int
) -> None:
    pad = bench(PadLogic())
    pad.online(want())
    stick(pad, stuck)
    pad.run(60_000)
    sent = len(pad.reports())
    assert sent <= 1
    for report in pad.reports():
        pad.ack(report)
    pad.press(NEXT)
    assert [report.command for report in pad.reports()[sent:]] == ["next"]
    pad.ack(pad.reports()[-1])
    pad.run(1000)
    pad.press(RECALL)
    assert [report.command for report in pad.reports()[sent:]] == ["next", "recall"]


def test_a_face_that_stays_down_judges_once_and_the_others_judge_the_next_visit(
    bench: Make,
) -> None:
    rating = bench(RatingLogic())

    def visit(rev: int, name: str) -> RatingWant:
        return RatingWant(epoch=1, rev=rev, visit=name, number="A001", officer="Li", open_ms=60_000)

    rating.online(visit(1, "20261123-A001-1"))
    stick(rating, 0)
    assert [report.grade for report in rating.reports()] == [1]
    rating.run(STUCK_MS)
    assert [line[1] for line in rating.all("log")] == ["warning"]
    rating.send("want", visit(2, "20261123-A002-1"))
    rating.run(5000)
    assert len(rating.reports()) == 1, "a stuck face judges no second visit"
    rating.press(4)
    assert [report.grade for report in rating.reports()] == [1, 5]
