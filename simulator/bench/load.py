"""Two ways to press: at given times whether or not the hall keeps up, and as fast as it keeps up.

`open_loop` shows the delay a person sees: Poisson arrivals from a seed, each at a random pad that
is free; one that finds none waits, and its wait counts. `closed_loop` keeps every pad busy and
shows how many presses a second there can be.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.bench.pads import Pad

DRAIN_S = 20.0


@dataclass(slots=True)
class Outcome:
    """What came of a load. `untimed`: accepted, and not shown or not meant to be shown."""

    took_ns: list[int] = field(default_factory=list)
    untimed: int = 0
    refused: int = 0
    seconds: float = 0.0

    @property
    def presses(self) -> int:
        """All that were accepted."""
        return len(self.took_ns) + self.untimed

    def add(self, other: "Outcome") -> None:
        """Take over another round of the same load."""
        self.took_ns += other.took_ns
        self.untimed += other.untimed
        self.refused += other.refused
        self.seconds += other.seconds


class _Load:
    def __init__(self, pads: Sequence[Pad], rng: random.Random) -> None:
        self.outcome = Outcome()
        self.idle = asyncio.Event()
        self._free = list(pads)
        self._all = len(pads)
        self._rng = rng
        self._waiting: deque[int] = deque()
        self._waited_ns: dict[str, int] = {}
        for pad in pads:
            pad.on_settled = self._settled
        self.idle.set()

    def arrive(self) -> None:
        """A key is pressed somewhere."""
        self._waiting.append(time.perf_counter_ns())
        self._press()

    def _press(self) -> None:
        while self._waiting and self._free:
            pad = self._free.pop(self._rng.randrange(len(self._free)))
            self._waited_ns[pad.name] = time.perf_counter_ns() - self._waiting.popleft()
            self.idle.clear()
            pad.press()

    def _settled(self, pad: Pad, took_ns: int | None, accepted: bool) -> None:
        if not accepted:
            self.outcome.refused += 1
        elif took_ns is None:
            self.outcome.untimed += 1
        else:
            self.outcome.took_ns.append(took_ns + self._waited_ns[pad.name])
        self._free.append(pad)
        self.ended()
        if len(self._free) == self._all and not self._waiting:
            self.idle.set()

    def ended(self) -> None:
        """A press is over: press again."""
        self._press()


async def open_loop(
    pads: Sequence[Pad], rate: float, seconds: float, rng: random.Random
) -> Outcome:
    """Press `rate` times a second for so long, then wait for the last one. Raises TimeoutError."""
    load = _Load(pads, rng)
    began = time.perf_counter()
    due = began
    while (due := due + rng.expovariate(rate)) < began + seconds:
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        load.arrive()
    await asyncio.wait_for(load.idle.wait(), DRAIN_S)
    load.outcome.seconds = time.perf_counter() - began
    return load.outcome


class _Busy(_Load):
    def __init__(self, pads: Sequence[Pad], rng: random.Random, presses: int) -> None:
        super().__init__(pads, rng)
        self._left = presses
        for _ in pads:
            self.ended()

    def ended(self) -> None:
        if self._left:
            self._left -= 1
            self.arrive()


async def closed_loop(pads: Sequence[Pad], presses: int, rng: random.Random) -> Outcome:
    """Press so many times, each pad again as soon as its press is settled. Raises TimeoutError."""
    began = time.perf_counter()
    load = _Busy(pads, rng, presses)
    while not load.idle.is_set():
        done = load.outcome.presses
        try:
            await asyncio.wait_for(load.idle.wait(), DRAIN_S)
        except TimeoutError:
            if load.outcome.presses == done:
                raise
    load.outcome.seconds = time.perf_counter() - began
    return load.outcome
