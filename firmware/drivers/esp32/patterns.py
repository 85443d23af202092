"""What lights and beeps look and sound like in time. MicroPython subset, pure.

The light of a pad: steady says how things are, blinking asks for something, a short blip every two
seconds says "not known", as on the overtime lamp.
"""

from protocols.ticks import ticks_add, ticks_diff

# Pattern of PAD_LIGHTS -> (colour, on ms, off ms); off 0 is steady.
LIGHTS = (
    ("off", "off", 1000, 0),
    ("ready", "green", 1000, 0),
    ("call", "blue", 250, 250),
    ("busy", "blue", 1000, 0),
    ("paused", "amber", 1000, 0),
    ("help", "red", 250, 250),
    ("sent", "white", 1000, 0),
    ("done", "green", 100, 100),
    ("refused", "red", 1000, 0),
    ("stale", "amber", 250, 250),
    ("offline", "red", 100, 1900),
    ("identify", "white", 120, 120),
)
# Kind of PAD_BEEPS -> (frequency in Hz or 0, ms), one after the other.
BEEPS = (
    ("key", ((2400, 30),)),
    ("refused", ((400, 80), (0, 60), (400, 80))),
    ("identify", ((1200, 80), (1800, 80), (2400, 120))),
)


def light(pattern: str) -> tuple:
    """The row of a pattern. Raises ValueError."""
    row: tuple
    for row in LIGHTS:
        if row[0] == pattern:
            return row
    raise ValueError(f"light {pattern!r}: there is no such pattern")


def beep(kind: str) -> tuple:
    """The tones of a beep. Raises ValueError."""
    row: tuple
    for row in BEEPS:
        if row[0] == kind:
            return row[1]
    raise ValueError(f"beep {kind!r}: there is no such beep")


class Blinker:
    """On for a while, off for a while, on first; steady when off is 0."""

    def __init__(self, on_ms: int, off_ms: int, now_ms: int) -> None:
        self._on_ms = on_ms
        self._period_ms = on_ms + off_ms
        self._since = now_ms
        self._steady = off_ms == 0

    def is_on(self, now_ms: int) -> bool:
        """Whether it is lit now."""
        if self._steady:
            return True
        into_ms = ticks_diff(now_ms, self._since)
        if not 0 <= into_ms < self._period_ms:
            # Carry the start along, so that it never lies half a tick period back.
            into_ms = into_ms % self._period_ms
            self._since = ticks_add(now_ms, -into_ms)
        return into_ms < self._on_ms

    def wake_at(self, now_ms: int) -> int | None:
        """When it changes next."""
        if self._steady:
            return None
        on = self.is_on(now_ms)
        return ticks_add(self._since, self._on_ms if on else self._period_ms)
