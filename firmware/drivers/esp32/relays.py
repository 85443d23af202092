"""The overtime lamp on three relays. MicroPython subset.

Blinking is the logic's: it says the colour anew. What is on goes off before the next goes on, so
that two bulbs never burn at once.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.part import Part
from firmware.logic import events

COLOURS = ("red", "amber", "green")


class Relays(Part):
    """`pins` of red, amber, green; all off at first."""

    takes = (events.LAMP,)

    def __init__(self, pins: tuple[int, int, int], active_low: bool) -> None:
        self._on = 0 if active_low else 1
        self._outputs = [hal.output(pin, 1 - self._on) for pin in pins]

    def apply(self, effect: tuple, now_ms: int) -> None:  # noqa: ARG002  # one shape for all
        """Light the colour of ("lamp", colour), or none for "off"."""
        wanted = effect[1]
        for index in range(len(COLOURS)):
            if COLOURS[index] != wanted:
                self._outputs[index].value(1 - self._on)
        for index in range(len(COLOURS)):
            if COLOURS[index] == wanted:
                self._outputs[index].value(self._on)
