"""Makes a failing run smaller: fewer faults, calmer weather, fewer people, fewer windows.

Delta debugging (Zeller and Hildebrandt, TSE 2002): a smaller plan is kept when it breaks the same
promise. The result is printed as a test of its own, which depends on no draw but the world's.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import TypeVar

from simulator.plan import Plan, source
from simulator.weather import CALM, Weather
from simulator.world import RunFailed, World

RUNS_MAX = 400
Tell = Callable[[str], None]
_Part = TypeVar("_Part")


class _Search:
    """Runs plans and remembers how often. `promise`: what must break again."""

    def __init__(self, promise: str, tell: Tell) -> None:
        self.promise = promise
        self.runs = 0
        self._tell = tell

    def fails(self, plan: Plan) -> bool:
        """Whether this plan breaks the same promise; never after RUNS_MAX runs."""
        if self.runs >= RUNS_MAX:
            return False
        self.runs += 1
        promise = broken_promise(plan)
        if promise == self.promise:
            people = "all" if plan.visitors is None else len(plan.visitors)
            self._tell(
                f"run {self.runs}: still {promise} with {len(plan.faults)} faults, "
                f"{plan.windows} windows, visitors: {people}"
            )
        return promise == self.promise

    def fewest(
        self, parts: Sequence[_Part], with_parts: Callable[[tuple[_Part, ...]], Plan]
    ) -> tuple[_Part, ...]:
        """A part of `parts` from which nothing can be left out; the classic ddmin."""
        kept = tuple(parts)
        pieces = 2
        while len(kept) >= 1 and pieces <= max(2, len(kept)):
            size = max(1, -(-len(kept) // pieces))
            for start in range(0, len(kept), size):
                rest = kept[:start] + kept[start + size :]
                if self.fails(with_parts(rest)):
                    kept = rest
                    pieces = max(2, pieces - 1)
                    break
            else:
                if size == 1:
                    return kept
                pieces = min(len(kept), pieces * 2)
        return kept


def broken_promise(plan: Plan) -> str:
    """What this plan breaks, "" when it keeps everything."""
    try:
        World(plan).run()
    except RunFailed as failure:
        return failure.promise
    return ""


def shrink(plan: Plan, tell: Tell) -> Plan | None:
    """The smallest plan found that breaks the promise `plan` breaks; None when it breaks none."""
    promise = broken_promise(plan)
    if not promise:
        return None
    search = _Search(promise, tell)
    # From here on it is no seed's plan any more.
    plan = replace(plan, mix="")
    plan = _calmer(plan, search)
    plan = _fewer_callers(plan, search)
    plan = _fewer_faults(plan, search)
    plan = _fewer_windows(plan, search)
    everybody = plan.visitors or tuple(range(plan.day.visitors))
    whole = plan
    kept = search.fewest(everybody, lambda some: replace(whole, visitors=some))
    if len(kept) < len(everybody):
        plan = replace(plan, visitors=kept)
    plan = _fewer_faults(plan, search)
    plan = _fewer_targets(plan, search)
    return _calmer(plan, search)


def _fewer_callers(plan: Plan, search: _Search) -> Plan:
    day = plan.day
    if day.chief and search.fails(alone := replace(plan, day=replace(day, chief=False))):
        plan = alone
    paper = replace(plan, day=replace(plan.day, phones_percent=0))
    return paper if day.phones_percent and search.fails(paper) else plan


def _fewer_faults(plan: Plan, search: _Search) -> Plan:
    kept = search.fewest(plan.faults, lambda some: replace(plan, faults=some))
    return replace(plan, faults=kept)


def _fewer_targets(plan: Plan, search: _Search) -> Plan:
    """A fault of many nodes becomes one of few."""
    for place, fault in enumerate(plan.faults):
        names = fault.target.split()
        if len(names) < 2:
            continue
        with_names = partial(_with_names, plan, place)
        plan = with_names(search.fewest(names, with_names))
    return plan


def _with_names(plan: Plan, place: int, names: tuple[str, ...]) -> Plan:
    fault = replace(plan.faults[place], target=" ".join(names))
    return replace(plan, faults=(*plan.faults[:place], fault, *plan.faults[place + 1 :]))


def _fewer_windows(plan: Plan, search: _Search) -> Plan:
    for windows in range(1, plan.windows):
        smaller = replace(plan, windows=windows)
        if search.fails(smaller):
            return smaller
    return plan


def _calmer(plan: Plan, search: _Search) -> Plan:
    if plan.weather == CALM:
        return plan
    calm = replace(plan, weather=CALM)
    if search.fails(calm):
        return calm
    for field in fields(Weather):
        usual = getattr(CALM, field.name)
        if field.init and getattr(plan.weather, field.name) != usual:
            calmer = replace(plan, weather=replace(plan.weather, **{field.name: usual}))
            if search.fails(calmer):
                plan = calmer
    return plan


def as_test(plan: Plan) -> str:
    """The plan as a test, ready for tests/simulator/test_found.py."""
    promise, problem = "", "keeps every promise"
    try:
        World(plan).run()
    except RunFailed as failure:
        promise, problem = failure.promise, failure.problem
    return (
        f"\n# {problem}\n"
        f"def test_{promise.lower()}_found_by_seed_{plan.seed}_say_what_happened() -> None:\n"
        f"    World({source(plan)}).run()\n"
    )
