"""Deadlines on wrapping ticks. MicroPython subset, pure.

A deadline is a tick or None. Whoever owns one clears it when it has passed: an old deadline left
standing would seem to lie in the future again after half a period (6.2 days).
"""

from protocols.ticks import ticks_diff

# A deadline further off than this (3 days) would be compared wrongly; nothing here lives so long.
DELAY_MS_MAX = 1 << 28


def is_due(deadline: int | None, now_ms: int) -> bool:
    """Whether there is a deadline and it has come."""
    return deadline is not None and ticks_diff(now_ms, deadline) >= 0


def earlier(one: int | None, other: int | None) -> int | None:
    """The earlier of two deadlines, either of which may be None."""
    if one is None:
        return other
    if other is None or ticks_diff(one, other) <= 0:
        return one
    return other


def earliest(deadlines: tuple[int | None, ...]) -> int | None:
    """The earliest of deadlines, any of which may be None."""
    found: int | None = None
    for deadline in deadlines:
        if deadline is not None and (found is None or ticks_diff(deadline, found) < 0):
            found = deadline
    return found
