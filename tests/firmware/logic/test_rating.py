"""One visit opens once and takes one verdict."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.rating import REFUSED_MS, THANKS_MS, RatingLogic
from protocols.messages.rating import RatingGiven, RatingWant

Make = Callable[[Any], Any]
CLOSED = ("face", "closed", "", "", 0)
OPEN = ("face", "open", "A001", "王芳", 0)


def want(visit: str = "v1", open_ms: int = 60000, rev: int = 1) -> RatingWant:
    officer = "王芳" if visit else ""
    number = "A001" if visit else ""
    return RatingWant(
        epoch=1, rev=rev, visit=visit, number=number, officer=officer, open_ms=open_ms
    )


@pytest.fixture
def pad(bench: Make) -> Any:
    bench = bench(RatingLogic())
    bench.online(want())
    return bench


def test_a_verdict_is_given_once_and_thanked(pad: Any) -> None:
    assert pad.last("face") == OPEN
    pad.press(4)
    assert pad.reports() == [RatingGiven(visit="v1", grade=5)]
    assert pad.last("face") == ("face", "thanks", "", "", 5)
    pad.press(0)
    pad.run(THANKS_MS)
    assert pad.last("face") == CLOSED
    pad.press(0)
    assert len(pad.reports()) == 1


def test_a_judged_visit_told_again_stays_closed(pad: Any) -> None:
    pad.press(2)
    pad.run(THANKS_MS)
    pad.send("want", want(rev=2))
    assert pad.last("face") == CLOSED
    pad.send("want", want(visit="", rev=3))
    pad.send("want", want(rev=4))
    assert pad.last("face") == CLOSED


def test_of_two_keys_the_first_counts(pad: Any) -> None:
    pad.send("key", 3, 1)
    pad.run(2)
    pad.send("key", 1, 1)
    pad.run(100)
    assert [report.grade for report in pad.reports()] == [4]


def test_a_visit_closes_by_its_time_out_and_is_not_prolonged_by_being_told_again(pad: Any) -> None:
    pad.run(30000)
    pad.send("want", want(rev=2))
    pad.run(29999)
    assert pad.last("face") == OPEN
    pad.run(1)
    assert pad.last("face") == CLOSED
    pad.send("want", want(rev=3))
    assert pad.last("face") == CLOSED
    pad.press(4)
    assert pad.reports() == []


def test_the_gateway_can_close_a_visit_and_open_the_next(pad: Any) -> None:
    pad.send("want", want(visit="", rev=2))
    assert pad.last("face") == CLOSED
    pad.press(1)
    assert pad.reports() == []
    pad.send("want", want(visit="v2", rev=3))
    assert pad.last("face") == OPEN


def test_the_next_visit_does_not_wait_for_the_thanks(pad: Any) -> None:
    pad.press(4)
    pad.send("want", want(visit="v2", rev=2))
    assert pad.last("face") == OPEN
    pad.press(0)
    assert [report.visit for report in pad.reports()] == ["v1", "v2"]


def test_a_finger_that_went_down_for_one_visit_does_not_judge_the_next(pad: Any) -> None:
    pad.send("key", 0, 1)
    pad.run(10)
    pad.send("want", want(visit="v2", rev=2))
    pad.run(100)
    assert pad.reports() == []


def test_a_visit_opens_only_while_the_lease_is_fresh_but_stays_open_without(bench: Make) -> None:
    pad = bench(RatingLogic())
    pad.send("start")
    pad.send("want", want())
    assert pad.last("face") == ("face", "offline", "", "", 0)
    pad.send("lease", True)
    assert pad.last("face") == OPEN
    pad.send("lease", False)
    assert pad.last("face") == OPEN
    pad.press(3)
    assert len(pad.reports()) == 1
    pad.run(THANKS_MS)
    assert pad.last("face") == ("face", "offline", "", "", 0)


def test_a_refused_verdict_may_be_given_again(pad: Any) -> None:
    pad.press(4)
    pad.send("full", pad.reports()[0])
    assert pad.last("face") == ("face", "refused", "", "", 5)
    pad.run(REFUSED_MS)
    assert pad.last("face") == OPEN
    pad.press(3)
    assert [report.grade for report in pad.reports()] == [5, 4]


def test_a_judged_visit_is_not_opened_again_after_a_restart(bench: Make, pad: Any) -> None:
    pad.press(4)
    for stored, reports in (({"visit": pad.last("store")[2]}, []), ({}, pad.reports())):
        again = bench(RatingLogic())
        again.send("restore", stored, reports)
        again.online(want())
        assert again.last("face") == CLOSED


def test_a_visit_told_with_no_time_left_does_not_open(bench: Make) -> None:
    pad = bench(RatingLogic())
    pad.online(want(open_ms=0))
    assert pad.last("face") == CLOSED
