"""How long a node waits before it dials again. MicroPython subset, pure.

BACKOFF_MIN_MS to BACKOFF_MAX_MS, doubling, half of it by chance, because all nodes of a hall lose
a broker together. The cap leaves room in 10 s for the next beat (P4).
"""

BACKOFF_MIN_MS = 500
BACKOFF_MAX_MS = 6000


class Backoff:
    """`jitter(limit)` returns a whole number 0..limit-1 by chance."""

    def __init__(self, jitter) -> None:  # type: ignore[no-untyped-def]  # the subset has no Callable
        self._jitter = jitter
        self._failures = 0  # connections in a row that did not come up

    def first_ms(self) -> int:
        """The pause before the first dial after power on: a hall is switched on together."""
        pause_ms: int = self._jitter(BACKOFF_MIN_MS)
        return pause_ms

    def next_ms(self) -> int:
        """The pause after one more failure."""
        limit_ms = min(BACKOFF_MAX_MS, 2 * BACKOFF_MIN_MS << min(self._failures, 8))
        self._failures += 1
        half_ms = limit_ms // 2
        pause_ms: int = half_ms + self._jitter(half_ms)
        return pause_ms

    def came_up(self) -> None:
        """Connected and subscribed."""
        self._failures = 0
