"""EIO, ENOSPC and short writes at calls of the real programs; a small disk that really fills."""

from collections.abc import Callable

import pytest

from simulator.chaos.tally import Tally

pytestmark = pytest.mark.slow
Run = Callable[..., Tally]


def test_a_gateway_whose_call_fails_promises_nothing_and_starts_again(run: Run) -> None:
    tally = run("errors", "--target", "gateway", "--size", "48")
    assert tally.word == "SOUND", tally.text()
    assert tally.points >= 8


def test_a_store_whose_call_fails_says_nothing_of_that_value(run: Run) -> None:
    tally = run("errors", "--target", "store", "--size", "80")
    assert tally.word == "SOUND", tally.text()
    assert tally.points >= 15


def test_a_gateway_that_swallows_errors_is_found(run: Run) -> None:
    tally = run("errors", "--target", "gateway", "--size", "48", "--plant", "swallow-errors")
    assert tally.violations, tally.text()


def test_a_full_disk_makes_the_hall_stand_still_and_go_on(run: Run) -> None:
    tally = run("full", "--size", "3")
    assert tally.word == "SOUND", tally.text()
    assert tally.counts["times it stood still"] > 0
