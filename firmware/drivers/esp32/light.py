"""The light of a pad in time: a pattern in, colours out; what kind of LED it is, a subclass says.

MicroPython subset, pure.
"""

from firmware.drivers.esp32.part import Part
from firmware.drivers.esp32.patterns import Blinker, light
from firmware.logic import events


class Light(Part):
    """A light that can show a colour of patterns.LIGHTS, or "off"."""

    takes = (events.LIGHT,)

    def __init__(self) -> None:
        self._colour = "off"
        self._blinker: Blinker | None = None
        self._wake_at: int | None = None
        self._shown = ""
        self._paint("off")

    def show(self, colour: str) -> None:
        """Light the LED in this colour now."""
        raise NotImplementedError(f"show({colour})")

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Begin the pattern of ("light", pattern)."""
        _, self._colour, on_ms, off_ms = light(effect[1])
        self._blinker = Blinker(on_ms, off_ms, now_ms)
        self.wake(now_ms)

    def wake(self, now_ms: int) -> None:
        """On or off, as the pattern has it."""
        if self._blinker is not None:
            self._paint(self._colour if self._blinker.is_on(now_ms) else "off")
            self._wake_at = self._blinker.wake_at(now_ms)

    def wake_at(self) -> int | None:
        """When it changes next."""
        return self._wake_at

    def _paint(self, colour: str) -> None:
        if colour != self._shown:
            self._shown = colour
            self.show(colour)
