"""Plain LEDs: the light of a pad as a red-green-blue LED, and those in the keys of a rating pad.

The rating pad says with its five LEDs: all lit, a verdict is asked for; one lit, that verdict was
taken; all blinking, it was not taken; the middle one blips, the gateway is not heard; one after the
other, it is being identified; all dark, nothing is asked. MicroPython subset.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.light import Light
from firmware.drivers.esp32.part import Part
from firmware.drivers.esp32.patterns import Blinker
from firmware.logic import events

# Colour -> which of red, green, blue are lit.
MIXED = (
    ("off", 0, 0, 0),
    ("red", 1, 0, 0),
    ("amber", 1, 1, 0),
    ("green", 0, 1, 0),
    ("blue", 0, 0, 1),
    ("white", 1, 1, 1),
)
ALL = 0b11111
MIDDLE = 0b00100
OF_THE_GRADE = ("thanks", "identify")
# Mode of FACE_MODES -> (LEDs, on ms, off ms); those OF_THE_GRADE light its LED.
FACES = (
    ("closed", 0, 1000, 0),
    ("open", ALL, 1000, 0),
    ("thanks", 0, 1000, 0),
    ("refused", ALL, 150, 150),
    ("offline", MIDDLE, 100, 1900),
    ("identify", 0, 1000, 0),
)


class _Outputs:
    """LEDs that are all off at first."""

    def __init__(self, pins: list[int], active_low: bool) -> None:
        self._on = 0 if active_low else 1
        self._outputs = [hal.output(pin, 1 - self._on) for pin in pins]

    def set(self, mask: int) -> None:
        """Light those whose bit is set; bit 0 is the first."""
        for index in range(len(self._outputs)):
            self._outputs[index].value(self._on if mask >> index & 1 else 1 - self._on)


class RgbLight(Light):
    """`pins` of red, green, blue."""

    def __init__(self, pins: list[int], active_low: bool) -> None:
        self._leds = _Outputs(pins, active_low)
        super().__init__()

    def show(self, colour: str) -> None:
        """Light it."""
        for name, red, green, blue in MIXED:
            if name == colour:
                self._leds.set(red | green << 1 | blue << 2)
                return
        raise ValueError(f"colour {colour!r}: this LED does not have it")


class FaceLeds(Part):
    """The LEDs in the five keys of a rating pad; `pins` from grade 1 to grade 5."""

    takes = (events.FACE,)

    def __init__(self, pins: list[int], active_low: bool) -> None:
        self._leds = _Outputs(pins, active_low)
        self._mask = 0
        self._blinker: Blinker | None = None
        self._wake_at: int | None = None

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Show ("face", mode, number, officer, grade)."""
        mode = effect[1]
        for name, mask, on_ms, off_ms in FACES:
            if name == mode:
                one = mode in OF_THE_GRADE and effect[4]
                self._mask = 1 << (effect[4] - 1) if one else mask
                self._blinker = Blinker(on_ms, off_ms, now_ms)
                self.wake(now_ms)
                return
        raise ValueError(f"face {mode!r}: there is no such mode")

    def wake(self, now_ms: int) -> None:
        """On or off, as the mode has it."""
        if self._blinker is not None:
            self._leds.set(self._mask if self._blinker.is_on(now_ms) else 0)
            self._wake_at = self._blinker.wake_at(now_ms)

    def wake_at(self) -> int | None:
        """When it changes next."""
        return self._wake_at
