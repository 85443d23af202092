"""Time of a running hall: steady milliseconds, the wrapped ticks of nodes, waiting in hall time.

Rules: nodes, sockets and press ages live in real milliseconds; people live in hall time, which
runs `rate` times as fast and can stand still.
"""

import asyncio
import time

from protocols.ticks import TICKS_MASK


def steady_ms() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


def ticks(now_ms: int) -> int:
    """The same moment as a node counts it."""
    return now_ms & TICKS_MASK


class Pace:
    """How fast the people of the hall live."""

    def __init__(self) -> None:
        self.rate = 1
        self.paused = False
        self._changed = asyncio.Event()

    def change(self, rate: int, paused: bool) -> None:
        """From now on; whoever is waiting waits on at the new pace."""
        self.rate = rate
        self.paused = paused
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, hall_ms: float) -> None:
        """Return when `hall_ms` of hall time have passed."""
        left_ms = hall_ms
        while left_ms > 0:
            changed, rate, began = self._changed, self.rate, steady_ms()
            real_s = None if self.paused else left_ms / rate / 1000
            try:
                await asyncio.wait_for(changed.wait(), real_s)
            except TimeoutError:
                return
            if real_s is not None:
                left_ms -= (steady_ms() - began) * rate
