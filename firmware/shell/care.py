"""Care of the network: whose loss it is, when to dial, when to start the interface anew. Pure.

Three things are lost apart, and each is mended at its own place, the nearest first:
- the broker (it refuses, or a connection ends): the node dials again with its own jittered
  back-off; the interface is not touched, because it works;
- the way to it (dialling meets silence): after SILENT_DIALS_MAX dials in a row the interface is
  started anew, each time twice as many, because a gateway that is switched off is silent as well;
- the interface (no Wi-Fi, no cable): it mends itself; started anew after PATIENCE_MS, each time
  doubling up to PATIENCE_MAX_MS, half of it by chance. Nobody dials meanwhile.
After the interface has come up dialling waits up to JOIN_SPREAD_MS by chance: all nodes of a hall
lose an access point together. Never is the chip reset for any of this. MicroPython subset, pure.
"""

from firmware.logic.timers import is_due
from protocols.ticks import ticks_add

PATIENCE_MS = 20000
PATIENCE_MAX_MS = 160000
SILENT_DIALS_MAX = 5
SILENT_DIALS_LIMIT = 40
JOIN_SPREAD_MS = 1000


class Care:
    """`jitter(limit)` returns a whole number 0..limit-1 by chance."""

    def __init__(self, now_ms: int, jitter) -> None:  # type: ignore[no-untyped-def]  # no Callable
        self._jitter = jitter
        self._up = False
        self._patience_ms = PATIENCE_MS
        self._restart_at: int | None = None
        self._join_at: int | None = None
        self._silent = 0
        self._silent_max = SILENT_DIALS_MAX
        self.restarts = 0
        self._wait(now_ms)

    def look(self, now_ms: int, interface_up: bool) -> bool:
        """Take the state of the interface; True when it is to be started anew now."""
        if interface_up != self._up:
            self._up = interface_up
            if interface_up:
                self._restart_at = None
                self._join_at = ticks_add(now_ms, self._jitter(JOIN_SPREAD_MS))
            else:
                self._wait(now_ms)
        if is_due(self._join_at, now_ms):
            self._join_at = None
        if self._up:
            if self._silent < self._silent_max:
                return False
            self._silent_max = min(SILENT_DIALS_LIMIT, 2 * self._silent_max)
        elif not is_due(self._restart_at, now_ms):
            return False
        else:
            self._patience_ms = min(PATIENCE_MAX_MS, 2 * self._patience_ms)
        self._silent = 0
        self._up = False
        self._wait(now_ms)
        self.restarts += 1
        return True

    def may_dial(self) -> bool:
        """Whether dialling makes sense now."""
        return self._up and self._join_at is None

    def dial_ended(self, answered: bool) -> None:
        """A dial came to its end; `answered` also when it was refused: then the way is good."""
        self._silent = 0 if answered else self._silent + 1

    def link_came_up(self) -> None:
        """Connected and subscribed: all is well, patience is as at first."""
        self._silent = 0
        self._silent_max = SILENT_DIALS_MAX
        self._patience_ms = PATIENCE_MS

    def wake_at(self) -> int | None:
        """When `look` is wanted at the latest, besides now and then for the interface."""
        return self._join_at if self._up else self._restart_at

    def _wait(self, now_ms: int) -> None:
        self._join_at = None
        half_ms = self._patience_ms // 2
        self._restart_at = ticks_add(now_ms, half_ms + self._jitter(half_ms))
