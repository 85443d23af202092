"""kill -9 at writes and syncs of the real programs: gateway, stores of nodes, kiosk, copies."""

from collections.abc import Callable

import pytest

from simulator.chaos.tally import Tally

pytestmark = pytest.mark.slow
Run = Callable[..., Tally]


def test_a_killed_gateway_keeps_what_it_acknowledged(run: Run) -> None:
    tally = run("kill", "--target", "gateway", "--size", "24")
    assert tally.word == "SOUND", tally.text()
    assert tally.points >= 8
    assert tally.counts["acknowledgements seen"] > 10


def test_a_killed_node_keeps_what_it_stored(run: Run) -> None:
    tally = run("kill", "--target", "store", "--size", "120")
    assert tally.word == "SOUND", tally.text()
    assert tally.points >= 30


def test_a_killed_kiosk_prints_every_ticket_once_or_marked(run: Run) -> None:
    tally = run("kill", "--target", "kiosk", "--size", "40")
    assert tally.word == "SOUND", tally.text()
    assert tally.counts["papers"] > 0


def test_a_killed_backup_or_restore_harms_neither_journal_nor_copies(run: Run) -> None:
    tally = run("kill", "--target", "copy", "--size", "120")
    assert tally.word == "SOUND", tally.text()
    assert tally.points >= 8


def test_a_gateway_that_forgets_what_it_settled_is_found(run: Run) -> None:
    tally = run("kill", "--target", "gateway", "--size", "24", "--plant", "forget-settled")
    assert any(violation.startswith("P3") for violation in tally.violations), tally.text()
