"""The auditor catches planted bugs: a few of them here, all with `make mutants`."""

from typing import Any

import pytest

from simulator.mutants import __main__ as command
from simulator.mutants.hunt import MUTANTS, Caught, hunt_all
from simulator.mutants.mutant import replace

DAYS_MAX = 60
# One for each part, of those caught soon.
FEW = (
    "no deduplication of reports",
    "an ack leaves before the commit",
    "a number is a COUNT(*)",
    "a press on an older picture counts",
    "the lease never ends",
    "a report is sent only once",
    "a job id is not remembered",
    "a ticket is printed when it is sent",
)


def test_there_are_many_mutants_each_with_a_name_of_its_own() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 25
    assert set(FEW) <= set(names)


def test_a_mutant_of_what_is_no_longer_there_says_that_it_is_out_of_date() -> None:
    with pytest.raises(AssertionError, match="has no such_thing: the mutant is out of date"):
        replace(command, "such_thing", None)


@pytest.mark.parametrize(("day", "code", "word"), [("swarm 3", 0, "all caught"), ("", 1, "FAILED")])
def test_the_table_ends_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, day: str, code: int, word: str
) -> None:
    caught = Caught("a bug", "a part", "P3", True, day, 4, 1200)
    monkeypatch.setattr(command, "hunt_all", lambda places, days, workers: iter([caught]))
    assert command.main(["--days", "4"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("a bug")
    assert lines[-1].endswith(word)
    assert ("not caught: a bug" in lines) == (not day)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_a_planted_bug_is_caught(name: str) -> None:
    place = next(place for place, mutant in enumerate(MUTANTS) if mutant.name == name)
    (caught,) = hunt_all([place], DAYS_MAX, 1)
    assert caught.day, f"{DAYS_MAX} days went by"
    assert caught.expected, f"{caught.promise} is not what it breaks"
