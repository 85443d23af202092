"""What befalls a run comes from its seed and nothing else."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from simulator.breakage import Breakage
from simulator.faults import ROUGH, Fault, schedule
from simulator.people.habits import Day
from simulator.plan import BRIEF_MIX, DEFAULT_MIX, SWARMS, Plan, hall_of, named
from simulator.swarm import swarm
from simulator.weather import CALM
from simulator.world import World

NODES = ("w01-pad", "w02-pad", "kiosk-1")


def test_same_seed_gives_the_same_faults_and_all_of_the_mix() -> None:
    first = schedule(ROUGH, random.Random("7/faults"), NODES, ("kiosk-1",), 1000, 9000)
    again = schedule(ROUGH, random.Random("7/faults"), NODES, ("kiosk-1",), 1000, 9000)
    other = schedule(ROUGH, random.Random("8/faults"), NODES, ("kiosk-1",), 1000, 9000)
    assert first == again
    assert first != other
    kinds = [fault.kind for fault in first]
    assert kinds.count("gateway") + kinds.count("broker") == 5
    assert kinds.count("cable") == ROUGH.cable_pulls
    assert all(1000 <= fault.at_ms < 9000 for fault in first)
    assert [fault.at_ms for fault in first] == sorted(fault.at_ms for fault in first)


def test_a_hall_without_printers_has_no_printer_faults() -> None:
    faults = schedule(ROUGH, random.Random(1), NODES, (), 0, 10)
    assert not [fault for fault in faults if fault.kind in ("paper", "cover")]


@pytest.mark.parametrize("mix", SWARMS)
def test_a_hundred_seeds_have_every_kind_of_fault_and_no_seed_has_all(mix: str) -> None:
    plans = [swarm(seed, mix) for seed in range(100)]
    world = World(Plan(1))
    assert isinstance(world.hall.breakage, Breakage)
    every = set(world.hall.breakage._ways) - ({"alone"} if mix == DEFAULT_MIX else set())
    drawn = [{fault.kind for fault in plan.faults} for plan in plans]
    assert set.union(*drawn) == every
    assert max(len(kinds) for kinds in drawn) < len(every)
    assert {plan.windows for plan in plans} == set(range(1, 9))
    assert min(plan.day.visitors for plan in plans) < 15
    calm = Counter(plan.weather == CALM for plan in plans)
    assert min(calm.values()) > 8
    assert swarm(7, mix) == swarm(7, mix)
    assert swarm(7, mix) != swarm(8, mix)


def test_the_swarm_has_whole_days_and_the_brief_mix_has_none() -> None:
    whole, brief = ([swarm(seed, mix).day for seed in range(100)] for mix in SWARMS)
    assert max(day.visitors for day in whole) > 200
    assert max(day.visitors for day in brief) <= 40
    assert max(day.open_hours_ms for day in brief) < 40 * 60_000


@pytest.mark.parametrize(
    ("mix", "arguments"), [(DEFAULT_MIX, ""), (BRIEF_MIX, ' ARGS="--faults brief"')]
)
def test_a_swarm_seed_says_how_it_is_run_again(mix: str, arguments: str) -> None:
    assert swarm(5, mix).replay() == f"replay with: make sim SEED=5{arguments}"


def test_a_day_that_no_command_line_can_name_is_replayed_from_its_plan() -> None:
    plan = named(5, "rough", Day(visitors=8, pace=6))
    arguments = "--faults rough --visitors 8 --pace 6"
    assert plan.replay() == f'replay with: make sim SEED=5 ARGS="{arguments}"'
    with_chief = replace(plan, day=replace(plan.day, chief=True))
    assert with_chief.replay() == f"replay with: World({with_chief.source()}).run()"


def test_every_smaller_hall_serves_every_service() -> None:
    for windows in range(1, 9):
        config = hall_of(windows)
        assert len(config.window) == windows
        served = {code for window in config.window for code in window.services}
        assert served == set(config.services)
    assert len(hall_of(3, spare=True).window) == 4


def test_a_plan_as_python_is_the_plan() -> None:
    names = {"Plan": Plan, "Fault": Fault, "Day": swarm(5).day.__class__}
    names["Weather"] = CALM.__class__
    for plan in (swarm(5), swarm(6), named(3, "rough")):
        assert eval(plan.source(), dict(names)) == plan  # our own text
