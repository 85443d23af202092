"""Many seeded days over several processes; each day is told by its seed, so the order is free.

    python -m simulator.campaign --seed 1000 --days 100 --workers 2

Prints a line for each day kept, and all there is to know about one that broke a promise.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from simulator.faults import MIXES
from simulator.people.habits import Day
from simulator.world import RunFailed, World, summary

# A whole day's 300 tickets and its five restarts, with services a seventh as long: the same
# presses, fewer heartbeats between them.
DENSE_DAY = Day(open_hours_ms=66 * 60_000, pace=7)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one day ended: `failure` is "" or all there is to know about it."""

    seed: int
    line: str
    failure: str
    cpu_ms: int


def run_day(seed: int, mix: str, day: Day) -> Outcome:
    """One day in this process."""
    began_ns = time.process_time_ns()
    line, failure = "", ""
    try:
        line = summary(World(seed, mix=MIXES[mix], day=day).run())
    except RunFailed as failed:
        failure = str(failed)
    return Outcome(seed, line, failure, (time.process_time_ns() - began_ns) // 1_000_000)


def run_days(seeds: range, mix: str, day: Day, workers: int) -> Iterator[Outcome]:
    """All days, in the order of their seeds, as they end."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        days = [pool.submit(run_day, seed, mix, day) for seed in seeds]
        for planned in days:
            yield planned.result()


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m simulator.campaign")
    parser.add_argument("--seed", type=int, default=1000, help="of the first day")
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", choices=sorted(MIXES), default="rough")
    given = parser.parse_args(arguments)
    seeds = range(given.seed, given.seed + given.days)
    failures = 0
    for outcome in run_days(seeds, given.faults, DENSE_DAY, given.workers):
        sys.stdout.write(f"{outcome.failure or outcome.line} cpu={outcome.cpu_ms / 1000:.1f}s\n")
        sys.stdout.flush()
        failures += bool(outcome.failure)
    sys.stdout.write(f"{given.days} days, {failures} broke a promise\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
