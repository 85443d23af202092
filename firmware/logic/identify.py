"""The time in which a node shows which one it is: ("identify", duration_ms, node).

Rules: it goes in phases of PHASE_MS, counted from 0, which a logic turns into what its parts can
do; another one begins it anew; a press at the node ends it, because a person who works there must
see what came of the press. MicroPython subset, pure.
"""

from firmware.logic.timers import earlier, is_due
from protocols.ticks import ticks_add, ticks_diff

PHASE_MS = 500


class Identify:
    """`phase` is None while the node shows its usual picture."""

    def __init__(self) -> None:
        self.node = ""
        self.phase: int | None = None
        self._since = 0
        self._until: int | None = None
        self._next_at: int | None = None

    def begin(self, now_ms: int, duration_ms: int, node: str) -> None:
        """Show it from now on, for so long."""
        self.node = node
        self._since = now_ms
        self._until = ticks_add(now_ms, duration_ms)
        self.pass_time(now_ms)

    def end(self) -> None:
        """The usual picture again."""
        self.phase = None
        self._until = None
        self._next_at = None

    def pass_time(self, now_ms: int) -> None:
        """Time has passed."""
        if is_due(self._until, now_ms):
            self.end()
        if self._until is not None:
            phase = ticks_diff(now_ms, self._since) // PHASE_MS
            self._next_at = ticks_add(self._since, (phase + 1) * PHASE_MS)
            self.phase = phase

    def wake_at(self) -> int | None:
        """When the next phase begins or it ends."""
        return earlier(self._until, self._next_at)
