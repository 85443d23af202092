"""A whole hall of processes over a real Mosquitto: killed, on bad lines, with its cable out."""

from collections.abc import Callable

import pytest

from simulator.chaos.tally import Tally

pytestmark = pytest.mark.slow
Run = Callable[..., Tally]


def test_a_hall_of_which_anything_is_killed_is_soon_right_again(run: Run) -> None:
    tally = run("hall", "--size", "12")
    assert tally.word == "SOUND", tally.text()
    assert tally.counts["acknowledgements seen"] > 50


def test_a_hall_on_bad_lines_loses_nothing(run: Run) -> None:
    tally = run("line", "--size", "12")
    assert tally.word == "SOUND", tally.text()
    assert tally.counts["KB through the proxies"] > 100


def test_no_display_shows_what_is_old_when_the_cable_is_out(run: Run) -> None:
    tally = run("link", "--size", "1")
    assert tally.word == "SOUND", tally.text()
