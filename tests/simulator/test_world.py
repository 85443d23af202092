"""Whole hall-days in virtual time: clean, with faults, and the same again from the same seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import virtual_node
from simulator.campaign import DENSE_DAY, run_days
from simulator.faults import BROKEN, CLEAN, ROUGH
from simulator.people.habits import Day
from simulator.world import RunFailed, World, langfang, main

ROOT = Path(__file__).resolve().parents[2]
SHORT_DAY = Day(visitors=30, open_hours_ms=12 * 60_000, pace=6)
DAY_WORKERS = 2


def test_a_clean_day_serves_everybody_who_stays() -> None:
    result = World(7, mix=CLEAN, day=SHORT_DAY).run()
    assert set(result.outcomes) <= {"served", "went_away"}
    assert result.outcomes["served"] >= 27
    assert result.dropped == result.duplicated == 0
    assert result.presses > 200
    assert result.pictures_checked > 1000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_of_faults_keeps_every_promise(seed: int) -> None:
    result = World(seed, mix=ROUGH, day=SHORT_DAY).run()
    assert sum(result.outcomes.values()) == 30
    assert result.outcomes["served"] >= 25
    assert result.dropped > 1000
    assert result.duplicated > 300
    # Those of the mix, and one more to be healed in the end.
    assert result.gateway_restarts == ROUGH.gateway_crashes + 1


def test_same_seed_gives_the_same_trace_in_every_process() -> None:
    command = [sys.executable, "-m", "simulator.world", "--seed", "5", "--visitors", "8"]
    command += ["--minutes", "4", "--pace", "6", "--trace"]
    outputs = []
    for hash_seed in ("0", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        outputs.append(done.stdout.rsplit(" took=", 1)[0])
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) > 300
    assert " trace=" in outputs[0]


def test_other_seeds_give_other_days() -> None:
    day = Day(visitors=4, open_hours_ms=4 * 60_000, pace=6)
    assert World(1, day=day).run().digest != World(2, day=day).run().digest


def test_a_broken_promise_names_seed_time_and_the_line_that_replays_it() -> None:
    world = World(3, mix=CLEAN, day=Day(visitors=4, open_hours_ms=4 * 60_000, pace=6))

    def print_again() -> None:
        world.auditor.paper_out("A999", False)

    world.timeline.at(90_000, print_again)
    with pytest.raises(RunFailed) as caught:
        world.run()
    text = str(caught.value)
    assert "seed 3 at 0:01:30.000: P7: paper shows 'A999'" in text
    assert 'make sim SEED=3 ARGS="--faults clean --visitors 4 --minutes 4 --pace 6"' in text
    assert "w01-pad shows" in text


def test_a_run_that_never_ends_is_ended_by_the_deadline() -> None:
    world = World(3, day=Day(visitors=4, open_hours_ms=4 * 60_000, pace=6))
    world.deadline_ms = 120_000
    with pytest.raises(RunFailed, match=r"P14: not over by the deadline"):
        world.run()


def test_the_command_line_prints_one_line_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1", "--visitors", "2", "--minutes", "3", "--faults", "clean"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("seed=1 ")
    assert "trace=" in line


def test_the_virtual_hall_is_the_hall_of_the_file() -> None:
    world = World(1)
    assert len(world.hall.nodes) == 35
    assert world.hall.windows == tuple(window.label for window in langfang().window)


@pytest.mark.parametrize("seed", [4, 5])
def test_on_a_network_that_loses_nothing_pictures_are_right_in_time_all_day(seed: int) -> None:
    result = World(seed, mix=BROKEN, day=SHORT_DAY).run()
    assert result.outcomes["served"] >= 25
    assert result.dropped == 0
    # All day long, not only in the end.
    assert result.pictures_checked > 2000


def test_putting_beats_off_changes_nothing_that_can_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = Day(visitors=12, open_hours_ms=6 * 60_000, pace=6)
    put_off = World(6, mix=BROKEN, day=day).run()
    # No beat looks like this one: each is told to its node when it arrives.
    monkeypatch.setattr(virtual_node, "_ONLINE", b"never")
    assert World(6, mix=BROKEN, day=day).run().digest == put_off.digest


@pytest.mark.slow
def test_a_hundred_days_of_faults_keep_every_promise() -> None:
    failures = []
    for outcome in run_days(range(1000, 1100), "rough", DENSE_DAY, DAY_WORKERS):
        if outcome.failure:
            failures.append(outcome.failure)
    assert not failures, "\n\n".join(failures[:3])
