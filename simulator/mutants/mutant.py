"""What a mutant is: a bug with a name, where it is planted, and the promises it may break."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.plan import Plan


@dataclass(frozen=True, slots=True)
class Mutant:
    """`plant` changes the product in this process, for good: run each in a process of its own.

    `shows_in`: days in which it can show at all, where these are few; they are run first.
    """

    name: str
    part: str
    promises: str  # such as "P3 P11": any of them
    plant: Callable[[], None]
    shows_in: Callable[[Plan], bool] = lambda plan: True

    def may_break(self, promise: str) -> bool:
        """Whether this is how the bug was expected to show."""
        return promise in self.promises.split()


def with_fault(*kinds: str) -> Callable[[Plan], bool]:
    """Days in which one of these faults happens."""
    return lambda plan: any(fault.kind in kinds for fault in plan.faults)


def with_chief(plan: Plan) -> bool:
    """Days on which two may act for one window at the same time."""
    return plan.day.chief


def replace(owner: Any, name: str, value: Any) -> None:
    """Put something else in the place of a function or constant of the product."""
    assert hasattr(owner, name), f"{owner} has no {name}: the mutant is out of date"
    setattr(owner, name, value)
