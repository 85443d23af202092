"""WS2812 LEDs: the ring of an overtime lamp, and the single light of a pad. MicroPython subset.

Colours are mixed so that amber is not yellow: the green of these LEDs is bright. Brightness is a
part of 255; a whole ring at 255 would draw more than its supply gives.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.light import Light
from firmware.drivers.esp32.part import Part
from firmware.logic import events

# Colour -> red, green, blue.
RGB = (
    ("off", 0, 0, 0),
    ("red", 255, 0, 0),
    ("amber", 255, 90, 0),
    ("green", 0, 255, 0),
    ("blue", 0, 60, 255),
    ("white", 200, 200, 200),
)


def pixel(colour: str, brightness: int) -> bytes:
    """The three bytes of one LED as they go over the wire: green, red, blue."""
    for name, red, green, blue in RGB:
        if name == colour:
            return bytes(
                (green * brightness // 255, red * brightness // 255, blue * brightness // 255)
            )
    raise ValueError(f"colour {colour!r}: no LED has it")


class PixelLamp(Part):
    """A ring of `count` LEDs in one colour, dark at first."""

    takes = (events.LAMP,)

    def __init__(self, pin: int, count: int, brightness: int) -> None:
        self._pin = hal.output(pin, 0)
        self._count = count
        self._brightness = brightness
        hal.write_pixels(self._pin, pixel("off", 0) * count)

    def apply(self, effect: tuple, now_ms: int) -> None:  # noqa: ARG002  # one shape for all
        """The colour of ("lamp", colour); blinking is the logic's."""
        hal.write_pixels(self._pin, pixel(effect[1], self._brightness) * self._count)


class PixelLight(Light):
    """One LED as the light of a pad."""

    def __init__(self, pin: int, brightness: int) -> None:
        self._pin = hal.output(pin, 0)
        self._brightness = brightness
        super().__init__()

    def show(self, colour: str) -> None:
        """Light it."""
        hal.write_pixels(self._pin, pixel(colour, self._brightness))
