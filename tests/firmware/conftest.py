"""A bench for logics: virtual ticks that begin low, late and just before they wrap.

Every test that uses `start_ms` or `bench` runs from each of these ticks, so that no rule depends on
where the counter stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.base import Logic
from protocols.messages.node import Ack
from protocols.ticks import TICKS_PERIOD, ticks_add, ticks_diff

Event = tuple[Any, ...]
WAKES_MAX = 20


class Bench:
    """Drives one logic: sends events, lets time pass, keeps what came out."""

    def __init__(self, logic: Logic, start_ms: int) -> None:
        self.logic = logic
        self.now_ms = start_ms
        self.passed_ms = 0
        self.log: list[tuple[int, Event]] = []  # (since the start, effect)

    def send(self, *event: Any) -> list[Event]:
        """One event now; its effects."""
        effects = self.logic.step(self.now_ms, event)
        self.log.extend((self.passed_ms, effect) for effect in effects)
        return effects

    def run(self, duration_ms: int) -> list[Event]:
        """Let time pass, waking the logic when it asks; the effects meanwhile."""
        first = len(self.log)
        target_ms = self.passed_ms + duration_ms
        wakes = 0
        while (wake := self.logic.wake_at()) is not None:
            ahead_ms = ticks_diff(wake, self.now_ms)
            if self.passed_ms + ahead_ms > target_ms:
                break
            wakes = wakes + 1 if ahead_ms <= 0 else 0
            assert wakes < WAKES_MAX, "the logic asks to be woken again and again at one tick"
            self._advance(max(0, ahead_ms))
            self.send("tick")
        self._advance(target_ms - self.passed_ms)
        return [effect for _, effect in self.log[first:]]

    def _advance(self, delta_ms: int) -> None:
        self.now_ms = ticks_add(self.now_ms, delta_ms)
        self.passed_ms += delta_ms

    def online(self, want: object | None = None) -> None:
        """Start, link up, lease fresh, and the picture if there is one."""
        self.send("start")
        self.send("link", True)
        self.send("lease", True)
        if want is not None:
            self.send("want", want)

    def press(self, index: int, hold_ms: int = 100) -> list[Event]:
        """A clean press and release."""
        first = len(self.log)
        self.send("key", index, 1)
        self.run(hold_ms)
        self.send("key", index, 0)
        self.run(30)
        return [effect for _, effect in self.log[first:]]

    def ack(self, report: object, result: str = "ok", first: str | None = None) -> list[Event]:
        """The gateway settles a report."""
        told = Ack(boot=1, seq=1, result=result, first=first, why="", cumulative=False)
        return self.send("ack", told, report)

    def last(self, name: str) -> Event:
        """The latest effect of this name."""
        found = [effect for _, effect in self.log if effect[0] == name]
        assert found, f"no {name} yet"
        return found[-1]

    def all(self, name: str) -> list[Event]:
        """Every effect of this name so far."""
        return [effect for _, effect in self.log if effect[0] == name]

    def reports(self) -> list[Any]:
        """Every message reported so far."""
        return [effect[1] for effect in self.all("report")]

    def times(self, name: str) -> list[tuple[int, Event]]:
        """Every effect of this name with the milliseconds since the start."""
        return [entry for entry in self.log if entry[1][0] == name]


@pytest.fixture(params=[0, 123_456_789, TICKS_PERIOD - 700], ids=["zero", "late", "wrap"])
def start_ms(request: pytest.FixtureRequest) -> int:
    """The tick a test begins at."""
    value: int = request.param
    return value


@pytest.fixture
def bench(start_ms: int) -> Callable[[Logic], Bench]:
    """Puts a logic on a bench."""
    return lambda logic: Bench(logic, start_ms)
