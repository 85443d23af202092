"""The same inputs through CPython and the real MicroPython give the same effects, line by line.

A difference is a bug of the product: what the simulator proves would not hold on the board.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from simulator.vm.differential import compare as comparison
from simulator.vm.differential.compare import compare
from simulator.vm.differential.run import SUBJECTS, run

# Seeds of the slow tier; the steps make it EFFECTS_MIN in all.
SEEDS = range(1000, 1006)
STEPS = {"logic": 900, "wire": 120, "outbox": 150, "mqtt": 150, "node": 250, "update": 300}
FEWER_STEPS = {"logic:ticket": 150}  # its full outbox says much
EFFECTS_MIN = 32_000


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_both_runtimes_have_the_same_effects(subject: str) -> None:
    count, difference = compare(subject, range(1, 3), 60)
    assert difference is None, f"\n{difference}"
    assert count > 10


@pytest.mark.slow
def test_tens_of_thousands_of_effects_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    total = 0
    counts = []
    for subject in SUBJECTS:
        steps = FEWER_STEPS.get(subject, STEPS[subject.partition(":")[0]])
        count, difference = compare(subject, SEEDS, steps)
        assert difference is None, f"\n{difference}"
        total += count
        counts.append(f"{subject} {count}")
    text = f"\n{total} effects are the same on both runtimes: {', '.join(counts)}\n"
    with capsys.disabled():
        sys.stdout.write(text)
    assert total >= EFFECTS_MIN


def test_a_difference_names_line_seed_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def other_run(subject: str, seed: int, steps: int, say: Callable[[str], None]) -> None:
        lines: list[str] = []
        run(subject, seed, steps, lines.append)
        if seed == 4:
            lines[2] = "something else"
        for line in lines:
            say(line)

    monkeypatch.setattr(comparison, "run", other_run)
    _, difference = compare("outbox:all", range(3, 6), 20)
    assert difference is not None
    assert (difference.seed, difference.line) == (4, 3)
    assert "CPython      something else" in str(difference)
    assert "differential.compare outbox:all 4 20" in str(difference)


def test_a_program_that_fails_in_the_vm_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "HEAP_KIB", 40)
    _, difference = compare("outbox:all", range(1), 20)
    assert difference is not None
    assert "MemoryError" in difference.micropython
