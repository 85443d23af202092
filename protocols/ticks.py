"""Millisecond ticks that wrap, compared in one place.

The ESP32 counts milliseconds modulo 2**30 (12.4 days). Callers hand in ticks already reduced to
that range (`now_ms & TICKS_MASK` for a clock that keeps growing) and compare them only with
`ticks_diff`, which is right as long as the two lie less than 2**29 ms (6.2 days) apart.
"""

TICKS_PERIOD = 1 << 30
TICKS_MASK = TICKS_PERIOD - 1
_HALF = TICKS_PERIOD >> 1


def ticks_add(ticks: int, delta_ms: int) -> int:
    """The tick `delta_ms` after (or, when negative, before) `ticks`, wrapped into the range."""
    return (ticks + delta_ms) & TICKS_MASK


def ticks_diff(later: int, earlier: int) -> int:
    """Signed milliseconds from `earlier` to `later`: negative when `later` comes first."""
    return ((later - earlier + _HALF) & TICKS_MASK) - _HALF
