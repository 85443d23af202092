"""`make mutants`: plant each bug, run seeded days until the auditor catches it, print the table.

    python -m simulator.mutants [--days 200] [--workers 2] [--name "a late will"]

Exit code 1 when one was not caught: then the auditor or the workload is too weak.
"""

import argparse
import sys
from collections.abc import Iterator

from simulator.mutants.hunt import DAYS_MAX, MUTANTS, Caught, hunt_all


def row(caught: Caught) -> str:
    """One line of the table."""
    day = caught.day or "-"
    mark = "" if caught.expected else "  (unexpected)"
    return (
        f"{caught.name:40} {caught.part:16} {caught.promise:5} {day:>9} {caught.days:>5} "
        f"{caught.cpu_ms / 1000:>8.1f}{mark}"
    )


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m simulator.mutants")
    parser.add_argument("--days", type=int, default=DAYS_MAX, help="at most, for each mutant")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default="", help="only those whose name holds this")
    parser.add_argument("--first", type=int, default=1, help="go on with this one of them")
    given = parser.parse_args(arguments)
    places = [place for place, each in enumerate(MUTANTS) if given.name in each.name]
    places = places[given.first - 1 :]
    sys.stdout.write(f"{'mutant':40} {'part':16} {'by':5} {'day':>9} {'days':>5} {'CPU s':>8}\n")
    missed = [caught.name for caught in _told(hunt_all(places, given.days, given.workers))]
    for name in missed:
        sys.stdout.write(f"not caught: {name}\n")
    word = "FAILED" if missed else "all caught"
    sys.stdout.write(f"{len(places)} mutants, {len(missed)} not caught: {word}\n")
    return 1 if missed else 0


def _told(hunts: Iterator[Caught]) -> Iterator[Caught]:
    """Print each row when it is known; those that were missed."""
    for caught in hunts:
        sys.stdout.write(row(caught) + "\n")
        sys.stdout.flush()
        if not caught.day:
            yield caught


if __name__ == "__main__":
    sys.exit(main())
