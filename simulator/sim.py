"""`hallkit sim`, `make sim`: run a day from its seed, replay a failure, make one smaller.

    hallkit sim --seed 7                       one day of the swarm mix
    hallkit sim --seed 7 --commit 1a2b3c4      the same day with the code of that commit
    hallkit sim --seed 7 --shrink              the fewest faults with which it still fails

Every run writes its trace, readable, to `build/sim/`. A failure names the line that replays it.
"""

import argparse
import sys
import time
from pathlib import Path

from simulator.campaign import plan_of
from simulator.faults import MIXES
from simulator.people.habits import Day
from simulator.plan import DEFAULT_MIX, SWARMS, Plan, named
from simulator.replay import run_at_commit
from simulator.shrink import as_test, shrink
from simulator.sources import ROOT
from simulator.world import RunFailed, World, summary

TRACES = ROOT / "build" / "sim"


def main(arguments: list[str] | None = None) -> int:
    """See the module's text; 0 when every promise was kept."""
    words = sys.argv[1:] if arguments is None else arguments
    given = _parser().parse_args(words)
    if given.commit:
        return run_at_commit(given.commit, words, TRACES)
    for seed in range(given.seed, given.seed + given.days):
        plan = _plan(given, seed)
        if given.shrink:
            return _shrink(plan)
        if not _run(plan, given.trace):
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    day = Day()
    parser = argparse.ArgumentParser(prog="hallkit sim")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=1, help="this many seeds, one day each")
    parser.add_argument("--faults", choices=[*sorted(MIXES), *SWARMS], default=DEFAULT_MIX)
    parser.add_argument("--visitors", type=int, default=day.visitors, help="swarms have their own")
    parser.add_argument("--minutes", type=int, default=day.open_hours_ms // 60_000, help="as well")
    parser.add_argument("--pace", type=int, default=1, help="services so many times shorter")
    parser.add_argument("--trace", action="store_true", help="print every line of the trace, too")
    parser.add_argument("--shrink", action="store_true", help="look for the smallest failing run")
    parser.add_argument("--commit", default="", help="run the code of this commit instead")
    return parser


def _plan(given: argparse.Namespace, seed: int) -> Plan:
    if given.faults in SWARMS:
        return plan_of(seed, given.faults)
    open_ms = given.minutes * 60_000
    day = Day(visitors=given.visitors, open_hours_ms=open_ms, pace=given.pace)
    return named(seed, given.faults, day)


def _run(plan: Plan, print_trace: bool) -> bool:
    """Whether every promise was kept."""
    TRACES.mkdir(parents=True, exist_ok=True)
    path = TRACES / f"{plan.mix}-{plan.seed}.txt"
    began = time.process_time()
    said, good = "", True
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{plan.source()}\n")
        try:
            said = summary(World(plan, file).run())
        except RunFailed as failure:
            said, good = str(failure), False
            file.write(f"{failure.problem}\n")
    if print_trace:
        sys.stdout.write(path.read_text("utf-8"))
    took_s = time.process_time() - began
    sys.stdout.write(f"{said}\ntook={took_s:.2f}s trace in {_shown(path)}\n")
    return good


def _shrink(plan: Plan) -> int:
    def tell(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    smallest = shrink(plan, tell)
    if smallest is None:
        tell(f"seed {plan.seed} keeps every promise: there is nothing to make smaller")
        return 0
    tell(as_test(smallest))
    return 1


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
