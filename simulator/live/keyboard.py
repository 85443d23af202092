"""Keys under a finger: pushes and releases in, the bouncing edges a pin sees out, in real time."""

import asyncio
import random
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
        self._settled_ms = [0] * count
        self._pushed_ms = [0] * count
        self._lifts: dict[int, asyncio.TimerHandle] = {}

    def push(self, index: int) -> None:
        """A finger goes down; one that is down already stays."""
        if not self.down[index]:
            self.down[index] = True
            self._pushed_ms[index] = steady_ms()
            self._play(index, 0)
            loop = asyncio.get_running_loop()
            self._lifts[index] = loop.call_later(FORGOTTEN_MS / 1000, self.release, index)

    def release(self, index: int) -> None:
        """The finger goes up."""
        if self.down[index]:
            self.down[index] = False
            self._lifts.pop(index).cancel()
            self._play(index, HOLD_MS)

    async def tap(self, index: int, hold_ms: int) -> None:
        """Push, hold, release."""
        self.push(index)
        await asyncio.sleep(hold_ms / 1000)
        self.release(index)

    def _play(self, index: int, half_ms: int) -> None:
        now_ms = steady_ms()
        # A release must not overtake the chatter of its push, nor the next push this release.
        begin_ms = max(now_ms, self._settled_ms[index] + 1)
        if half_ms:
            begin_ms = max(begin_ms, self._pushed_ms[index] + FINGER_MS)
        loop = asyncio.get_running_loop()
        for at_ms, level in self._keys[index].press(0, HOLD_MS, self._rng):
            if (at_ms < HOLD_MS) == (half_ms == 0):
                due_ms = begin_ms + at_ms - half_ms
                self._settled_ms[index] = due_ms
                bit = 1 if level == PRESSED else 0
                if due_ms <= now_ms:
                    self._edge(index, bit)
                else:
                    loop.call_later((due_ms - now_ms) / 1000, self._edge, index, bit)
