"""Hunts mutants: plants one and runs seeded days until a promise breaks. One process each."""

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from simulator.mutants.gateway import GATEWAY
from simulator.mutants.mutant import Mutant
from simulator.mutants.nodes import NODES
from simulator.plan import SWARMS, Plan
from simulator.swarm import swarm
from simulator.world import RunFailed, World

DAYS_MAX = 200
MUTANTS: tuple[Mutant, ...] = (*GATEWAY, *NODES)


@dataclass(frozen=True, slots=True)
class Caught:
    """`day`: mix and seed of the first that broke a promise, "" for none; `days`: how many ran."""

    name: str
    part: str
    promise: str
    expected: bool
    day: str
    days: int
    cpu_ms: int


def hunt(place: int, days: int) -> Caught:
    """Run days with one mutant until it is caught; in a process of its own."""
    mutant = MUTANTS[place]
    mutant.plant()
    began_ns = time.process_time_ns()
    promise, caught, ran = "none", "", 0
    for plan in _in_order(mutant)[:days]:
        ran += 1
        try:
            World(plan).run()
        except RunFailed as failure:
            promise, caught = failure.promise, f"{plan.mix} {plan.seed}"
            break
    cpu_ms = (time.process_time_ns() - began_ns) // 1_000_000
    expected = mutant.may_break(promise)
    return Caught(mutant.name, mutant.part, promise, expected, caught, ran, cpu_ms)


def _in_order(mutant: Mutant) -> list[Plan]:
    """The first days of both mixes, those first in which it can show, and of these the short ones.

    Most bugs show on any day, and a small one takes a tenth of a big one.
    """
    return sorted(
        (swarm(seed, mix) for mix in SWARMS for seed in range(DAYS_MAX // len(SWARMS))),
        key=lambda plan: (not mutant.shows_in(plan), plan.day.open_hours_ms * plan.windows),
    )


def hunt_all(places: list[int], days: int, workers: int) -> Iterator[Caught]:
    """All of these mutants, in their order."""
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        hunts = [pool.submit(hunt, place, days) for place in places]
        for each in hunts:
            yield each.result()
