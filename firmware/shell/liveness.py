"""Whether the watchdog may be fed: the loop turns, and the node lives or is seen to try. Pure.

It may while one of these holds:
- the gateway is heard (the lease is fresh), or the broker answers (the link is up);
- within the last BUDGET_MS an attempt came to its end: a dial, well or not, or a start of the
  interface. That is what a node does for days when the gateway is away: never a reset for that.
It is not fed when none holds: then nothing goes through and nothing is even tried, which only a
fault in this chip or its firmware can cause, and only a reset can mend. A loop that hangs feeds
nothing either. MicroPython subset, pure.
"""

from firmware.logic.timers import is_due
from protocols.ticks import ticks_add

# Above the longest pause between attempts: care.PATIENCE_MAX_MS without a network.
BUDGET_MS = 240000


class Liveness:
    """Alive at first, for BUDGET_MS."""

    def __init__(self, now_ms: int) -> None:
        self._until: int | None = ticks_add(now_ms, BUDGET_MS)

    def attempt_ended(self, now_ms: int) -> None:
        """An attempt to get through came to its end, well or not."""
        self._until = ticks_add(now_ms, BUDGET_MS)

    def may_feed(self, now_ms: int, lease_fresh: bool, link_up: bool) -> bool:
        """Whether this turn of the loop proves life."""
        if lease_fresh or link_up:
            self.attempt_ended(now_ms)
        elif is_due(self._until, now_ms):
            self._until = None
        return self._until is not None
