"""Virtual time: actions in order of their millisecond, first in, first out within one.

Rules: nothing here reads a clock; an action may plan others, never in the past. A run has two
bounds, both mandatory: steps (an endless loop at one instant) and virtual time (a product that
waits for ever looks healthy when time leaps to any time-out).
Equal instants share one heap entry, because beats reach many nodes at the same millisecond.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

STEPS_AT_ONCE_MAX = 50_000

Action = Callable[..., None]


class RunawayError(Exception):
    """A bound of the run was reached: steps or virtual time."""


class Timeline:
    """The clock and the list of what is planned. `now_ms` starts at 0."""

    def __init__(self, steps_max: int) -> None:
        self.now_ms = 0
        self.steps = 0
        self.steps_max = steps_max
        self._instants: list[int] = []
        self._planned: dict[int, list[tuple[Action, tuple[Any, ...]]]] = {}

    def at(self, at_ms: int, action: Action, *arguments: Any) -> None:
        """Do `action(*arguments)` at `at_ms`; ValueError for the past."""
        planned = self._planned.get(at_ms)
        if planned is not None:
            planned.append((action, arguments))
            return
        if at_ms < self.now_ms:
            raise ValueError(f"at_ms {at_ms} is past; it is {self.now_ms} already")
        self._planned[at_ms] = [(action, arguments)]
        heappush(self._instants, at_ms)

    def after(self, delay_ms: int, action: Action, *arguments: Any) -> None:
        """Do `action(*arguments)` in `delay_ms`; 0 is later at this same instant."""
        self.at(self.now_ms + delay_ms, action, *arguments)

    def run(self, until_ms: int) -> None:
        """Carry out all that is planned up to and including `until_ms`, and be there."""
        instants = self._instants
        planned = self._planned
        while instants and instants[0] <= until_ms:
            now_ms = instants[0]
            self.now_ms = now_ms
            actions = planned[now_ms]
            place = 0
            left = min(self.steps_max - self.steps, STEPS_AT_ONCE_MAX)
            # The list may grow while it is worked off.
            while place < len(actions):
                action, arguments = actions[place]
                place += 1
                if place > left:
                    raise RunawayError(f"step {self.steps + place} at {now_ms} ms: no end of it")
                action(*arguments)
            heappop(instants)
            del planned[now_ms]
            self.steps += place
        self.now_ms = until_ms
