"""The window sign: a chain of MAX7219 on SPI, one line of sixteen dots.

A transfer is shifted out while LOAD is low and taken when it rises. The picture and the settings
of every chip are written again each REFRESH_MS, because noise on the wires can upset one.
MicroPython subset.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.glyphs import Glyphs
from firmware.drivers.esp32.part import Part
from firmware.drivers.words import sign_text
from firmware.logic import events
from firmware.logic.timers import is_due
from protocols.peripherals import max7219
from protocols.ticks import ticks_add

REFRESH_MS = 10000


class Sign(Part):
    """One sign; dark until it is told something."""

    takes = (events.SIGN,)

    def __init__(self, pins: tuple[int, int, int], options: dict, glyphs: Glyphs) -> None:
        clock, data, load = pins
        self._spi = hal.spi(options["spi"], clock, data, options["baud_hz"])
        self._load = hal.output(load, 1)
        self._width: int = options["width"]
        self._height: int = options["height"]
        self._brightness: int = options["brightness"]
        self._glyphs = glyphs
        self._frame = bytes(self._width // 8 * self._height)
        self._refresh_at: int | None = None
        self._shift(max7219.start(self._width, self._height, self._brightness))

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Show ("sign", mode, number, window); the window's own number is on a plate beside it."""
        self._frame = self._glyphs.line(sign_text(effect[1], effect[2]), self._width)
        self._refresh_at = ticks_add(now_ms, REFRESH_MS)
        self._shift(max7219.frame_transfers(self._frame, self._width, self._height))

    def wake(self, now_ms: int) -> None:
        """Write all again when it is time."""
        if is_due(self._refresh_at, now_ms):
            self._refresh_at = ticks_add(now_ms, REFRESH_MS)
            self._shift(max7219.refresh(self._width, self._height, self._brightness))
            self._shift(max7219.frame_transfers(self._frame, self._width, self._height))

    def wake_at(self) -> int | None:
        """When it is written again."""
        return self._refresh_at

    def _shift(self, transfers: list[bytes]) -> None:
        for transfer in transfers:
            self._load.value(0)
            self._spi.write(transfer)
            self._load.value(1)
