"""What is built into an ESP32 beside its processor: pins, SPI, PWM, clock, network, sockets, TLS.

`calls` is the table of what the VM asks by `hardware.call`; data are little-endian numbers as the
modules in simulator/vm/lib pack them. Levels of the pins are not asked for: they lie in the VM's
own memory, as on the chip, and are written there when they have changed.
"""

import struct
from collections.abc import Callable
from typing import Protocol

from simulator.board.air import Air
from simulator.board.pins import IN, OPEN_DRAIN, OUT, PINS_MAX, Pins
from simulator.board.socket_calls import SocketCalls

EPOCH_2000_S = 946_684_800
_MODES = {1: IN, 3: OUT, 7: OPEN_DRAIN}
_NO_LEVEL = 255
WS2812_NS = (400, 850, 800, 450)


class RealTimeClock:
    """The chip's clock: begins in 2000 when the power comes, goes on through resets."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self.power_on()

    def power_on(self) -> None:
        """It knows nothing any more."""
        self.set(EPOCH_2000_S)

    def now_s(self) -> int:
        """Unix seconds."""
        return self._ahead_s + self._now_ns() // 1_000_000_000

    def set(self, now_s: int) -> bytes:
        """Go on from there."""
        self._ahead_s = now_s - self._now_ns() // 1_000_000_000
        return b""


class Wired(Protocol):
    """The parts, as the chip's peripherals reach them."""

    def advance(self) -> bool:
        """Let happen at the pins what is due."""

    def shift(self, clock: int, data: int, content: bytes) -> None:
        """SPI writes."""

    def send_pixels(self, pin: int, content: bytes) -> None:
        """A bit stream goes out."""

    def tone(self, pin: int, frequency_hz: int) -> None:
        """PWM; 0 is silence."""


class Periphery:
    """Of one chip. `write` writes into the VM's memory."""

    def __init__(
        self,
        mac: bytes,
        pins: Pins,
        parts: Wired | None,
        air: Air,
        sockets: SocketCalls,
        clock: RealTimeClock,
        write: Callable[[int, bytes], None],
    ) -> None:
        self._pins = pins
        self._parts = parts
        self._air = air
        self._sockets = sockets
        self._write = write
        self._map: int | None = None  # where the VM keeps the levels
        self._changed = True
        self._spi: dict[int, tuple[int, int]] = {}
        pins.watchers.append(self._pin_changed)
        self.calls = {
            "pin.map": self._map_pins,
            "pin.mode": self._pin_mode,
            "pin.drive": self._pin_drive,
            "spi.open": self._spi_open,
            "spi.write": self._spi_write,
            "pwm": self._pwm,
            "pixels": self._pixels,
            "machine.id": lambda _: mac,
            "clock.get": lambda _: struct.pack("<Q", clock.now_s()),
            "clock.set": lambda data: clock.set(struct.unpack("<Q", data)[0]),
            "net.active": self._net_active,
            "net.connect": self._net_connect,
            "net.disconnect": self._net_disconnect,
            "net.up": lambda _: b"\1" if self._air.is_up() else b"",
            "net.rssi": lambda _: struct.pack("<b", self._air.rssi_dbm),
            "net.hostname": self._net_hostname,
            **sockets.calls,
        }

    def reset(self) -> None:
        """The chip came out of reset: pins, interface and sockets are as from the shop."""
        self._pins.reset()
        self._air.reset()
        self._sockets.abandon()

    def soft_reset(self) -> None:
        """The interpreter starts anew: its memory and its sockets are gone, the rest stays."""
        self._map = None
        self._sockets.close_all()

    def refresh(self) -> None:
        """Let happen at the pins what is due, and show it to the VM."""
        if self._parts is not None and self._parts.advance():
            self._changed = True
        if self._changed and self._map is not None:
            self._changed = False
            self._write(self._map, bytes(self._pins.level(pin) for pin in range(PINS_MAX)))

    # ---- pins and what is driven through them ----

    def _pin_changed(self, _: int) -> None:
        self._changed = True

    def _map_pins(self, data: bytes) -> bytes:
        self._map = struct.unpack("<I", data)[0]
        self._changed = True
        return b""

    def _pin_mode(self, data: bytes) -> bytes:
        pin, mode, pull_up, level = data
        if level != _NO_LEVEL and _MODES[mode] != IN:
            self._pins.driven[pin] = level  # there before the output is switched on
        self._pins.configure(pin, _MODES[mode], bool(pull_up))
        if level != _NO_LEVEL:
            self._pins.drive(pin, level)
        self._changed = True
        return b""

    def _pin_drive(self, data: bytes) -> bytes:
        self._pins.drive(data[0], data[1])
        return b""

    def _spi_open(self, data: bytes) -> bytes:
        number, clock, pin, polarity, phase = data
        assert (polarity, phase) == (0, 0), "the chips on the bus take mode 0"
        self._spi[number] = (clock, pin)
        return b""

    def _spi_write(self, data: bytes) -> bytes:
        if self._parts is not None:
            self._parts.shift(*self._spi[data[0]], data[1:])
        return b""

    def _pwm(self, data: bytes) -> bytes:
        pin, frequency_hz, duty = struct.unpack("<BII", data)
        if self._parts is not None:
            self._parts.tone(pin, frequency_hz if duty else 0)
        return b""

    def _pixels(self, data: bytes) -> bytes:
        timing = struct.unpack_from("<4H", data, 1)
        assert timing == WS2812_NS, f"WS2812 LEDs do not read bits of {timing} ns"
        assert self._pins.modes.get(data[0]) == OUT, f"pin {data[0]} is no output"
        if self._parts is not None:
            self._parts.send_pixels(data[0], data[9:])
        return b""

    # ---- network ----

    def _net_active(self, data: bytes) -> bytes:
        self._air.activate(bool(data[0]), wired=bool(data[1]))
        return b""

    def _net_connect(self, data: bytes) -> bytes:
        ssid, password = data.decode().split("\0")
        self._air.connect(ssid, password)
        return b""

    def _net_disconnect(self, _: bytes) -> bytes:
        self._air.disconnect()
        return b""

    def _net_hostname(self, data: bytes) -> bytes:
        self._air.hostname = data.decode()
        return b""
