"""The overtime lamp of a window.

Rules:
- it shows the colour wanted; blinking is BLINK_MS on, BLINK_MS off, on first; the same colour
  wanted again does not begin the blinking again;
- a lamp whose lease has ended, or that has never been told anything, is dark but for a short amber
  blip every BLIP_EVERY_MS: "not known". A dark lamp would say "no overtime" and a steady one would
  claim an old fact; the blip claims nothing and yet tells from a lamp without power;
- identified, it shows all its colours in turn.
The effect is ("lamp", colour), on changes only. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.identify import Identify
from firmware.logic.timers import earlier
from protocols.messages.lamp import LampWant
from protocols.ticks import ticks_add, ticks_diff

BLINK_MS = 500
BLIP_EVERY_MS = 2000
BLIP_MS = 100
IN_TURN = ("red", "amber", "green")


class LampLogic(Logic):
    """State of one lamp; see the rules above."""

    def __init__(self) -> None:
        self._want: LampWant | None = None
        self._fresh = False
        self._since = 0  # start of the running on-off period
        self._wake_at: int | None = None
        self._identify = Identify()
        self._shown = ""

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        kind = event[0]
        self._identify.pass_time(now_ms)
        if kind == events.START:
            self._since = now_ms
        elif kind == events.LEASE:
            if event[1] != self._fresh:
                self._since = now_ms
            self._fresh = event[1]
        elif kind == events.WANT:
            before = self._want
            self._want = event[1]
            same = before is not None and before.colour == event[1].colour
            if self._fresh and not (same and before is not None and before.blink):
                self._since = now_ms
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        colour = self._colour(now_ms)
        if colour == self._shown:
            return []
        self._shown = colour
        return [(events.LAMP, colour)]

    def wake_at(self) -> int | None:
        """When the lamp goes on or off by itself."""
        return earlier(self._wake_at, self._identify.wake_at())

    def _colour(self, now_ms: int) -> str:
        want = self._want
        if self._identify.phase is not None:
            self._wake_at = None
            return IN_TURN[self._identify.phase % len(IN_TURN)]
        if want is None or not self._fresh:
            return "amber" if self._is_on(now_ms, BLIP_MS, BLIP_EVERY_MS) else "off"
        if want.blink and want.colour != "off":
            return want.colour if self._is_on(now_ms, BLINK_MS, 2 * BLINK_MS) else "off"
        self._wake_at = None
        return want.colour

    def _is_on(self, now_ms: int, on_ms: int, period_ms: int) -> bool:
        into_ms = ticks_diff(now_ms, self._since)
        if not 0 <= into_ms < period_ms:
            # Carry the start along, so that it never lies half a tick period back.
            into_ms = into_ms % period_ms
            self._since = ticks_add(now_ms, -into_ms)
        on = into_ms < on_ms
        self._wake_at = ticks_add(self._since, on_ms if on else period_ms)
        return on
