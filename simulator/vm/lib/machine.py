"""MicroPython's `machine` of an ESP32, as far as the firmware uses it: runs in the VM only.

Thin: everything is told to the board on the host (simulator/board/periphery.py). Levels are read
where the chip has them too, in memory: the host keeps them true in `_levels`.
"""

import struct

import uctypes
from hardware import call

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
_PINS = 40
_NOTHING = 255
_levels = bytearray(_PINS)
call("pin.map", struct.pack("<I", uctypes.addressof(_levels)))


class Pin:
    """One pin; without a mode it stays as it is."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2

    def __init__(
        self, id: int, mode: int = -1, pull: int | None = None, *, value: int | None = None
    ) -> None:
        if not 0 <= id < _PINS:
            raise ValueError("invalid pin")
        self._id = id
        if mode >= 0:
            level = _NOTHING if value is None else value
            call("pin.mode", bytes((id, mode, 1 if pull == self.PULL_UP else 0, level)))

    def value(self, level: int | None = None) -> int | None:
        """Read the line, or drive it."""
        if level is None:
            return _levels[self._id]
        call("pin.drive", bytes((self._id, 1 if level else 0)))
        return None

    __call__ = value


class SPI:
    """A hardware SPI that only writes."""

    MSB = 0

    def __init__(
        self,
        id: int,
        baudrate: int = 500000,
        *,
        polarity: int = 0,
        phase: int = 0,
        bits: int = 8,
        firstbit: int = 0,
        sck: Pin,
        mosi: Pin,
        miso: Pin | None = None,
    ) -> None:
        self._id = id
        call("spi.open", bytes((id, sck._id, mosi._id, polarity, phase)))

    def write(self, data: bytes) -> None:
        """Shift it out."""
        call("spi.write", bytes((self._id,)) + data)


class PWM:
    """A square wave on a pin."""

    def __init__(self, pin: Pin, *, freq: int = 5000, duty_u16: int = 32768) -> None:
        self._pin = pin._id
        self._freq = freq
        self._duty = duty_u16
        self._tell()

    def freq(self, freq: int) -> None:
        """Set the frequency."""
        self._freq = freq
        self._tell()

    def duty_u16(self, duty: int) -> None:
        """Set how much of it is high, of 65536."""
        self._duty = duty
        self._tell()

    def _tell(self) -> None:
        call("pwm", struct.pack("<BII", self._pin, self._freq, self._duty))


class WDT:
    """The watchdog."""

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        call("watchdog.arm", struct.pack("<I", timeout))

    def feed(self) -> None:
        """Live on."""
        call("watchdog.feed")


class RTC:
    """The clock."""

    def datetime(self, value: tuple | None = None) -> tuple | None:
        """(year, month, day, weekday, hours, minutes, seconds, subseconds)."""
        import utime

        if value is not None:
            seconds = utime.mktime(value[:3] + value[4:7] + (0, 0))
            call("clock.set", struct.pack("<Q", int(seconds)))
            return None
        now = utime.gmtime(struct.unpack("<Q", call("clock.get"))[0])
        return (now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0)


def bitstream(pin: Pin, encoding: int, timing: tuple, data: bytes) -> None:
    """Shift bits out as high and low times in ns."""
    call("pixels", bytes((pin._id,)) + struct.pack("<4H", *timing) + data)


def unique_id() -> bytes:
    """The MAC address."""
    return call("machine.id")


def reset_cause() -> int:
    """Why the interpreter started."""
    return call("machine.reset_cause")[0]


def reset() -> None:
    """Start over, as after power on."""
    call("machine.reset")


def soft_reset() -> None:
    """Start the interpreter over."""
    call("machine.soft_reset")


def bootloader() -> None:
    """Wait for a download."""
    call("machine.bootloader")
