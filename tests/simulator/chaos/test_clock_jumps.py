"""The wall clock of a whole hall of processes jumps by minutes, hours, days (P8)."""

from collections.abc import Callable

import pytest

from simulator.chaos.tally import Tally

pytestmark = pytest.mark.slow


def test_a_hall_goes_on_whatever_the_wall_clock_says(run: Callable[..., Tally]) -> None:
    tally = run("clock", "--size", "6")
    assert tally.word == "SOUND", tally.text()
    assert tally.counts["kills of gateway"] == 2
    assert tally.counts["acknowledgements seen"] > 50


def test_a_start_with_a_clock_behind_its_journal_or_a_day_ahead_is_safe(
    run: Callable[..., Tally],
) -> None:
    tally = run("clock", "--size", "6", "--seed", "2", "--plant", "kernel-vouches")
    assert tally.word == "SOUND", tally.text()


def test_a_gateway_that_reads_the_wall_clock_is_found(run: Callable[..., Tally]) -> None:
    tally = run("clock", "--size", "6", "--plant", "wall-clock")
    assert any("P8" in violation for violation in tally.violations), tally.text()
