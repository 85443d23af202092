"""Many seeded days over several processes; each day is told by its seed, so the order is free.

    python -m simulator.campaign --days 10000 --workers 2

Days that were run with this very code are not run again: they stand in `build/campaign/`, one line
each, so a campaign that was ended goes on where it was. Prints how it goes, all there is to know
about a day that broke a promise, and an end word.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from simulator.faults import MIXES
from simulator.people.habits import Day
from simulator.plan import DEFAULT_MIX, SWARMS, Plan, named
from simulator.sources import ROOT, digest
from simulator.swarm import swarm
from simulator.world import RunFailed, World, summary

# A whole day's 300 tickets, with services a seventh as long: the same presses, fewer heartbeats
# between them.
DENSE_DAY = Day(open_hours_ms=66 * 60_000, pace=7)
TELL_EVERY_S = 10
# Days handed to the processes ahead of those that run.
AHEAD = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one day ended: `failure` is "" or all there is to know about it."""

    seed: int
    line: str
    failure: str
    cpu_ms: int
    minutes: int


def plan_of(seed: int, mix: str) -> Plan:
    """The plan of a campaign's day."""
    return swarm(seed, mix) if mix in SWARMS else named(seed, mix, DENSE_DAY)


def run_day(seed: int, mix: str) -> Outcome:
    """One day in this process."""
    began_ns = time.process_time_ns()
    line, failure, minutes = "", "", 0
    try:
        result = World(plan_of(seed, mix)).run()
        line, minutes = summary(result), result.virtual_ms // 60_000
    except RunFailed as failed:
        failure = str(failed)
    return Outcome(seed, line, failure, (time.process_time_ns() - began_ns) // 1_000_000, minutes)


def run_days(seeds: list[int], mix: str, workers: int) -> Iterator[Outcome]:
    """All days, as they end."""
    left = iter(seeds)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[Outcome]] = set()
        while True:
            while len(running) < workers + AHEAD and (seed := next(left, None)) is not None:
                running.add(pool.submit(run_day, seed, mix))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from sorted((each.result() for each in done), key=lambda outcome: outcome.seed)


class Book:
    """Which days were run with this code, and how they ended."""

    def __init__(self, folder: Path, mix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{mix}-{digest()}.txt"
        self.known: dict[int, str] = {}
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                seed, _, end = line.partition(" ")
                self.known[int(seed)] = end

    def note(self, outcome: Outcome) -> None:
        """Write a day down."""
        end = "good" if not outcome.failure else outcome.failure.splitlines()[0]
        self.known[outcome.seed] = end
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{outcome.seed} {end}\n")

    def bad(self, seeds: range) -> list[int]:
        """Those that broke a promise."""
        return [seed for seed in seeds if self.known.get(seed, "good") != "good"]


def campaign(seeds: range, mix: str, workers: int, folder: Path) -> int:
    """Run what is left of these days; how many of all broke a promise."""
    book = Book(folder, mix)
    left = [seed for seed in seeds if seed not in book.known]
    if len(left) < len(seeds):
        sys.stdout.write(f"{len(seeds) - len(left)} of {len(seeds)} days were run before\n")
    began = told = time.monotonic()
    cpu_ms = minutes = 0
    for count, outcome in enumerate(run_days(left, mix, workers), 1):
        book.note(outcome)
        cpu_ms += outcome.cpu_ms
        minutes += outcome.minutes
        if outcome.failure:
            sys.stdout.write(f"{outcome.failure}\n")
        if outcome.failure or time.monotonic() - told > TELL_EVERY_S or count == len(left):
            told = time.monotonic()
            sys.stdout.write(
                f"{count}/{len(left)} days, {minutes / 60:.0f} hours of the hall, "
                f"{cpu_ms / 1000 / count:.2f} CPU s a day, {told - began:.0f} s\n"
            )
            sys.stdout.flush()
    return len(book.bad(seeds))


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m simulator.campaign")
    parser.add_argument("--seed", type=int, default=0, help="of the first day")
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", choices=[*sorted(MIXES), *SWARMS], default=DEFAULT_MIX)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "campaign")
    given = parser.parse_args(arguments)
    seeds = range(given.seed, given.seed + given.days)
    failures = campaign(seeds, given.faults, given.workers, given.folder)
    sys.stdout.write(f"{given.days} days, {failures} broke a promise\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
