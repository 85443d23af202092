"""Many seeded days over several processes; each day is told by its seed, so the order is free."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from simulator.faults import MIXES
from simulator.people.habits import Day
from simulator.world import RunFailed, World, summary

# A whole day's 300 tickets and its five restarts, with services a sixth as long: the same presses,
# fewer heartbeats between them.
DENSE_DAY = Day(open_hours_ms=78 * 60_000, pace=6)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one day ended: `failure` is "" or all there is to know about it."""

    seed: int
    line: str
    failure: str


def run_day(seed: int, mix: str, day: Day) -> Outcome:
    """One day in this process."""
    try:
        return Outcome(seed, summary(World(seed, mix=MIXES[mix], day=day).run()), "")
    except RunFailed as failure:
        return Outcome(seed, "", str(failure))


def run_days(seeds: range, mix: str, day: Day, workers: int) -> Iterator[Outcome]:
    """All days, in the order of their seeds, as they end."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        days = [pool.submit(run_day, seed, mix, day) for seed in seeds]
        for planned in days:
            yield planned.result()
