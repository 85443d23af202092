"""Keys under a finger: pushes and releases in, the bouncing edges a pin sees out, in real time.

Each edge is timed from the one before as it was really seen: a loop that was late stretches a
press, and never makes it shorter than a finger can.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable

from simulator.devices.keys import PRESSED, Key
from simulator.live.clock import steady_ms

HOLD_MS = 1000  # only to draw the two halves of a press; the finger decides how long it lasts
FINGER_MS = 45  # no finger is down for less; a click made by a program is
FORGOTTEN_MS = 8000  # a finger whose release never came (a closed tab) is lifted


class Keyboard:
    """`count` keys; `edge(index, level)` gets every edge, 1 is down."""

    def __init__(self, count: int, edge: Callable[[int, int], None], rng: random.Random) -> None:
        self.down = [False] * count
        self._keys = [Key() for _ in range(count)]
        self._edge = edge
        self._rng = rng
        self._coming: list[deque[tuple[int, int]]] = [deque() for _ in range(count)]
        self._seen_ms = [0] * count  # when the last edge was
        self._lifts: dict[int, asyncio.TimerHandle] = {}

    def push(self, index: int) -> None:
        """A finger goes down; one that is down already stays."""
        if not self.down[index]:
            self.down[index] = True
            self._play(index, 0, after_ms=1)
            loop = asyncio.get_running_loop()
            self._lifts[index] = loop.call_later(FORGOTTEN_MS / 1000, self.release, index)

    def release(self, index: int) -> None:
        """The finger goes up."""
        if self.down[index]:
            self.down[index] = False
            self._lifts.pop(index).cancel()
            self._play(index, HOLD_MS, after_ms=FINGER_MS)

    async def tap(self, index: int, hold_ms: int) -> None:
        """Push, hold, release."""
        self.push(index)
        await asyncio.sleep(hold_ms / 1000)
        self.release(index)

    def _play(self, index: int, half_ms: int, after_ms: int) -> None:
        """The edges of one half of a press, `after_ms` after the last one at the earliest."""
        coming = self._coming[index]
        rests = not coming
        before_ms = half_ms - after_ms
        for at_ms, level in self._keys[index].press(0, HOLD_MS, self._rng):
            if (at_ms < HOLD_MS) == (half_ms == 0):
                coming.append((at_ms - before_ms, 1 if level == PRESSED else 0))
                before_ms = at_ms
        if rests:
            self._wait(index)

    def _wait(self, index: int) -> None:
        gap_ms, _ = self._coming[index][0]
        left_ms = self._seen_ms[index] + gap_ms - steady_ms()
        if left_ms <= 0:
            self._see(index)
        else:
            asyncio.get_running_loop().call_later(left_ms / 1000, self._see, index)

    def _see(self, index: int) -> None:
        _, level = self._coming[index].popleft()
        self._seen_ms[index] = steady_ms()
        self._edge(index, level)
        if self._coming[index]:
            self._wait(index)
