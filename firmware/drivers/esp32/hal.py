"""The hardware of an ESP32: the only file that imports machine and network.

Everything a driver or the shell needs of the chip has a name here, so that tests put a small fake
in the place of `machine` and `network` and run the rest as it is. Levels are 0 and 1, times whole
milliseconds or microseconds. MicroPython, no logic.
"""

import os
import time

import machine
import network

# (high of a 0, low of a 0, high of a 1, low of a 1) in ns: WS2812 datasheet.
_WS2812_NS = (400, 850, 800, 450)
_DUTY_HALF = 32768
_OLDEST_TRUE_YEAR = 2024


def ticks_ms() -> int:
    """Milliseconds that wrap at 2**30, as `protocols.ticks` expects them."""
    return time.ticks_ms()  # type: ignore[return-value]  # a whole number; the stub hides it


def sleep_us(duration_us: int) -> None:
    """Wait; for the timing of buses only."""
    time.sleep_us(duration_us)


def sleep_ms(duration_ms: int) -> None:
    """Wait, when there is no socket to wait on."""
    time.sleep_ms(duration_ms)


def chance(limit: int) -> int:
    """A whole number 0..limit-1 from the chip's noise."""
    return int.from_bytes(os.urandom(4), "big") % limit if limit > 0 else 0


def output(pin: int, level: int) -> machine.Pin:
    """An output that starts at `level`."""
    return machine.Pin(pin, machine.Pin.OUT, value=level)


def open_drain(pin: int) -> machine.Pin:
    """A line that several may pull low; released at first. value() reads the line."""
    return machine.Pin(pin, machine.Pin.OPEN_DRAIN, value=1)


def key_input(pin: int, pull_up: bool) -> machine.Pin:
    """An input, with the chip's pull-up or a resistor's."""
    if pull_up:
        return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)
    return machine.Pin(pin, machine.Pin.IN)


def spi(number: int, clock: int, data: int, baud_hz: int) -> machine.SPI:
    """A hardware SPI that only writes, mode 0, most significant bit first."""
    return machine.SPI(
        number,
        baudrate=baud_hz,
        polarity=0,
        phase=0,
        sck=machine.Pin(clock),
        mosi=machine.Pin(data),
    )


def write_pixels(pin: machine.Pin, data: bytes) -> None:
    """Shift bytes out to WS2812 LEDs: green, red, blue for each."""
    machine.bitstream(pin, 0, _WS2812_NS, data)


class Tone:
    """A passive piezo on a PWM pin, silent at first."""

    def __init__(self, pin: int) -> None:
        self._pwm = machine.PWM(machine.Pin(pin), freq=1000, duty_u16=0)

    def sound(self, frequency_hz: int) -> None:
        """This tone from now on; 0 is silence."""
        if frequency_hz:
            self._pwm.freq(frequency_hz)
        self._pwm.duty_u16(_DUTY_HALF if frequency_hz else 0)


class Watchdog:
    """The chip's watchdog; it cannot be stopped once made."""

    def __init__(self, timeout_ms: int) -> None:
        self._wdt = machine.WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """Live on for another time-out."""
        self._wdt.feed()


def reset_cause() -> str:
    """Why the chip started."""
    cause = machine.reset_cause()
    if cause == machine.PWRON_RESET:
        return "power on"
    if cause == machine.WDT_RESET:
        return "watchdog"
    return "reset"


def reset() -> None:
    """Start anew, as after power on."""
    machine.reset()


def set_clock_if_unset(year: int, month: int, day: int) -> None:
    """Give the clock a date when it has none: a cold ESP32 believes in 2000, before certificates.

    Only TLS and logs look at the clock.
    """
    clock = machine.RTC()
    if clock.datetime()[0] < _OLDEST_TRUE_YEAR:
        clock.datetime((year, month, day, 0, 0, 0, 0, 0))


def wlan() -> network.WLAN:
    """The Wi-Fi station."""
    return network.WLAN(network.WLAN.IF_STA)


def lan(
    mdc: int, mdio: int, clock: int, clock_is_input: bool, power: int | None, phy_address: int
) -> network.LAN:
    """Ethernet over a LAN8720."""
    return network.LAN(  # type: ignore[call-arg]  # the stub knows another port's Ethernet
        mdc=machine.Pin(mdc),
        mdio=machine.Pin(mdio),
        ref_clk=machine.Pin(clock),
        ref_clk_mode=machine.Pin.IN if clock_is_input else machine.Pin.OUT,
        power=None if power is None else machine.Pin(power),
        phy_type=network.PHY_LAN8720,
        phy_addr=phy_address,
    )


def name_host(name: str) -> None:
    """The name told to the network's DHCP server."""
    network.hostname(name)
