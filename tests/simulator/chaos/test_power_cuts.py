"""Disks as a power cut may leave them, opened by the real recovery."""

from collections.abc import Callable

import pytest

from simulator.chaos.tally import Tally

pytestmark = pytest.mark.slow
Run = Callable[..., Tally]


def test_every_disk_that_a_power_cut_leaves_holds_all_that_was_promised(run: Run) -> None:
    tally = run("images", "--size", "400")
    assert tally.word == "SOUND", tally.text()
    assert tally.points == 400


def test_sqlites_normal_loses_what_was_promised_and_is_found(run: Run) -> None:
    tally = run("control", "--size", "200")
    assert tally.word == "SOUND", tally.text()


def test_a_gateway_that_acknowledges_before_the_commit_is_found(run: Run) -> None:
    tally = run("images", "--size", "200", "--plant", "acknowledge-early")
    assert any(violation.startswith("P1") for violation in tally.violations), tally.text()
