"""The beeper of a pad: tones one after the other, without waiting for them. MicroPython subset."""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.part import Part
from firmware.drivers.esp32.patterns import beep
from firmware.logic import events
from firmware.logic.timers import is_due
from protocols.ticks import ticks_add


class Beeper(Part):
    """A passive piezo; a new beep cuts off the one that sounds."""

    takes = (events.BEEP,)

    def __init__(self, pin: int) -> None:
        self._tone = hal.Tone(pin)
        self._tones: tuple = ()
        self._next = 0
        self._ends_at: int | None = None

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Begin ("beep", kind)."""
        self._tones = beep(effect[1])
        self._next = 0
        self._go_on(now_ms)

    def wake(self, now_ms: int) -> None:
        """The next tone, or silence."""
        if is_due(self._ends_at, now_ms):
            self._go_on(now_ms)

    def wake_at(self) -> int | None:
        """When the tone ends."""
        return self._ends_at

    def _go_on(self, now_ms: int) -> None:
        if self._next == len(self._tones):
            self._tone.sound(0)
            self._ends_at = None
            return
        frequency_hz, duration_ms = self._tones[self._next]
        self._next += 1
        self._tone.sound(frequency_hz)
        self._ends_at = ticks_add(now_ms, duration_ms)
