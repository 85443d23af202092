"""The four-digit display of a call pad: TM1637 on two wires, driven bit by bit.

The bus (datasheet): idle high; start is data falling while the clock is high, stop is data rising
while the clock is high; a bit is read when the clock rises, least significant first; after eight
the chip pulls data low for one clock. What is shown is written again every REFRESH_MS, because a
relay nearby can upset the chip. A chip that does not answer is counted in `unanswered`.
MicroPython subset.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.part import Part
from firmware.logic import events
from firmware.logic.timers import is_due
from protocols.peripherals import tm1637
from protocols.ticks import ticks_add

REFRESH_MS = 5000
# Half a clock: the chip takes up to 500 kHz, long wires rather 100 kHz.
HALF_CLOCK_US = 4


class Display(Part):
    """One display on two open-drain pins."""

    takes = (events.DISPLAY,)

    def __init__(self, clock: int, data: int, brightness: int) -> None:
        self._clock = hal.open_drain(clock)
        self._data = hal.open_drain(data)
        self._brightness = brightness
        self._text: str | None = None
        self._refresh_at: int | None = None
        self.unanswered = 0
        self._write(tm1637.dark())

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Show the text of ("display", text)."""
        self._text = effect[1]
        self._show(now_ms)

    def wake(self, now_ms: int) -> None:
        """Write it again when it is time."""
        if is_due(self._refresh_at, now_ms):
            self._show(now_ms)

    def wake_at(self) -> int | None:
        """When it is written again."""
        return self._refresh_at

    def _show(self, now_ms: int) -> None:
        self._refresh_at = ticks_add(now_ms, REFRESH_MS)
        if self._text is not None:
            self._write(tm1637.show(self._text, self._brightness, False))

    def _write(self, transactions: list[bytes]) -> None:
        for transaction in transactions:
            self._line(self._data, 0)
            for byte in transaction:
                self._write_byte(byte)
            self._line(self._clock, 0)
            self._line(self._data, 0)
            self._line(self._clock, 1)
            self._line(self._data, 1)

    def _write_byte(self, byte: int) -> None:
        for place in range(8):
            self._line(self._clock, 0)
            self._line(self._data, byte >> place & 1)
            self._line(self._clock, 1)
        self._line(self._clock, 0)
        self._line(self._data, 1)
        self._line(self._clock, 1)
        if self._data.value():
            self.unanswered += 1

    def _line(self, line, level: int) -> None:  # type: ignore[no-untyped-def]  # a Pin of hal
        line.value(level)
        hal.sleep_us(HALF_CLOCK_US)
