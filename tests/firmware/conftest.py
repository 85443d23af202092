"""A bench for logics: virtual ticks that begin low, late and just before they wrap.

Every test that uses `start_ms` or `bench` runs from each of these ticks, so that no rule depends on
where the counter stands.

And an ESP32 without the chip: `machine`, `network` and `time` as MicroPython has them, over pins
whose levels a test reads, pulls and watches.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.logic.base import Logic
from protocols.messages.node import Ack
from protocols.ticks import TICKS_PERIOD, ticks_add, ticks_diff
from simulator.board import pins as boards_pins
from simulator.board.buses import LedBus, Tm1637Bus

Event = tuple[Any, ...]
WAKES_MAX = 20
POWER_ON, HARD, WATCHDOG = 1, 2, 3  # what `machine` calls the causes of a start


class Bench:
    """Drives one logic: sends events, lets time pass, keeps what came out."""

    def __init__(self, logic: Logic, start_ms: int) -> None:
        self.logic = logic
        self.now_ms = start_ms
        self.passed_ms = 0
        self.log: list[tuple[int, Event]] = []  # (since the start, effect)

    def send(self, *event: Any) -> list[Event]:
        """One event now; its effects."""
        effects = self.logic.step(self.now_ms, event)
        self.log.extend((self.passed_ms, effect) for effect in effects)
        return effects

    def run(self, duration_ms: int) -> list[Event]:
        """Let time pass, waking the logic when it asks; the effects meanwhile."""
        first = len(self.log)
        target_ms = self.passed_ms + duration_ms
        wakes = 0
        while (wake := self.logic.wake_at()) is not None:
            ahead_ms = ticks_diff(wake, self.now_ms)
            if self.passed_ms + ahead_ms > target_ms:
                break
            wakes = wakes + 1 if ahead_ms <= 0 else 0
            assert wakes < WAKES_MAX, "the logic asks to be woken again and again at one tick"
            self._advance(max(0, ahead_ms))
            self.send("tick")
        self._advance(target_ms - self.passed_ms)
        return [effect for _, effect in self.log[first:]]

    def _advance(self, delta_ms: int) -> None:
        self.now_ms = ticks_add(self.now_ms, delta_ms)
        self.passed_ms += delta_ms

    def online(self, want: object | None = None) -> None:
        """Start, link up, lease fresh, and the picture if there is one."""
        self.send("start")
        self.send("link", True)
        self.send("lease", True)
        if want is not None:
            self.send("want", want)

    def press(self, index: int, hold_ms: int = 100) -> list[Event]:
        """A clean press and release."""
        first = len(self.log)
        self.send("key", index, 1)
        self.run(hold_ms)
        self.send("key", index, 0)
        self.run(30)
        return [effect for _, effect in self.log[first:]]

    def ack(self, report: object, result: str = "ok", first: str | None = None) -> list[Event]:
        """The gateway settles a report."""
        told = Ack(boot=1, seq=1, result=result, first=first, why="", cumulative=False)
        return self.send("ack", told, report)

    def last(self, name: str) -> Event:
        """The latest effect of this name."""
        found = [effect for _, effect in self.log if effect[0] == name]
        assert found, f"no {name} yet"
        return found[-1]

    def all(self, name: str) -> list[Event]:
        """Every effect of this name so far."""
        return [effect for _, effect in self.log if effect[0] == name]

    def reports(self) -> list[Any]:
        """Every message reported so far."""
        return [effect[1] for effect in self.all("report")]

    def times(self, name: str) -> list[tuple[int, Event]]:
        """Every effect of this name with the milliseconds since the start."""
        return [entry for entry in self.log if entry[1][0] == name]


@pytest.fixture(params=[0, 123_456_789, TICKS_PERIOD - 700], ids=["zero", "late", "wrap"])
def start_ms(request: pytest.FixtureRequest) -> int:
    """The tick a test begins at."""
    value: int = request.param
    return value


@pytest.fixture
def bench(start_ms: int) -> Callable[[Logic], Bench]:
    """Puts a logic on a bench."""
    return lambda logic: Bench(logic, start_ms)


class Pins(boards_pins.Pins):
    """The lines of a chip, and what its peripherals have sent."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels: dict[int, list[bytes]] = {}  # what WS2812 LEDs were sent, oldest first
        self.tones: list[tuple[int, int]] = []  # (frequency, duty)
        self.spi: list[LedBus] = []
        self.feeds = 0
        self.resets = 0
        self.watchdog_ms: list[int] = []
        self.clock = (2000, 1, 1, 0, 0, 0, 0, 0)
        self.cause = POWER_ON


def _clocks(pins: Pins) -> tuple[type, type]:
    class Wdt:
        def __init__(self, *, timeout: int) -> None:
            pins.watchdog_ms.append(timeout)

        def feed(self) -> None:
            pins.feeds += 1

    class Rtc:
        def datetime(self, value: Any = None) -> Any:
            if value is not None:
                pins.clock = value
            return pins.clock

    return Wdt, Rtc


def _machine(pins: Pins) -> SimpleNamespace:
    class Pin:
        IN, OUT, OPEN_DRAIN, PULL_UP = "in", "out", "open_drain", "up"

        def __init__(
            self, number: int, mode: str = "in", pull: str | None = None, value: int | None = None
        ) -> None:
            self.number = number
            pins.configure(number, mode, pull is not None)
            if value is not None:
                pins.drive(number, value)

        def value(self, level: int | None = None) -> int | None:
            if level is None:
                return pins.level(self.number)
            pins.drive(self.number, level)
            return None

    class Spi:
        def __init__(
            self, number: int, *, baudrate: int, polarity: int, phase: int, **_: Pin
        ) -> None:
            assert (polarity, phase) == (0, 0)
            self.number, self.baudrate = number, baudrate

        def write(self, data: bytes) -> None:
            for bus in pins.spi:
                bus.shift(data)

    class Pwm:
        def __init__(self, pin: Pin, *, freq: int, duty_u16: int) -> None:
            self._frequency, self._duty = freq, duty_u16

        def freq(self, frequency: int) -> None:
            self._frequency = frequency

        def duty_u16(self, duty: int) -> None:
            self._duty = duty
            pins.tones.append((self._frequency if duty else 0, duty))

    def bitstream(pin: Pin, encoding: int, timing: tuple[int, ...], data: bytes) -> None:
        assert (encoding, timing) == (0, (400, 850, 800, 450))
        pins.pixels.setdefault(pin.number, []).append(bytes(data))

    def reset() -> None:
        pins.resets += 1

    watchdog, clock = _clocks(pins)

    return SimpleNamespace(
        Pin=Pin,
        SPI=Spi,
        PWM=Pwm,
        WDT=watchdog,
        RTC=clock,
        bitstream=bitstream,
        reset=reset,
        reset_cause=lambda: pins.cause,
        PWRON_RESET=POWER_ON,
        WDT_RESET=WATCHDOG,
    )


class Air:
    """The network around a board: whether Wi-Fi or cable is there, and what the board did."""

    def __init__(self) -> None:
        self.up = True
        self.signal_dbm = -58
        self.calls: list[Any] = []


def _network(air: Air) -> SimpleNamespace:
    class Interface:
        IF_STA, PM_NONE = "station", "awake"

        def __init__(self, *arguments: Any, **options: Any) -> None:
            air.calls.append(("made", arguments, tuple(sorted(options))))

        def active(self, on: bool) -> None:
            air.calls.append(("active", on))

        def config(self, **options: Any) -> None:
            air.calls.append(("config", options))

        def connect(self, ssid: str, password: str) -> None:
            air.calls.append(("connect", ssid, password))

        def disconnect(self) -> None:
            air.calls.append("disconnect")

        def isconnected(self) -> bool:
            return air.up

        def status(self, what: str) -> int:
            assert what == "rssi"
            if not air.up:
                raise OSError("not connected")
            return air.signal_dbm

    return SimpleNamespace(WLAN=Interface, LAN=Interface, PHY_LAN8720=3, hostname=air.calls.append)


class Chip:
    """An ESP32 on the bench: `hal` is the real one, over these pins, this air and this clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pins = Pins()
        self.air = Air()
        self.now_ms = 0
        machine, network = _machine(self.pins), _network(self.air)
        monkeypatch.setitem(sys.modules, "machine", machine)  # type: ignore[arg-type]  # is one to it
        monkeypatch.setitem(sys.modules, "network", network)  # type: ignore[arg-type]  # as above
        self.hal = importlib.import_module("firmware.drivers.esp32.hal")
        monkeypatch.setattr(self.hal, "machine", machine)
        monkeypatch.setattr(self.hal, "network", network)
        clock = SimpleNamespace(
            ticks_ms=lambda: self.now_ms, sleep_us=lambda _: None, sleep_ms=self.sleep_ms
        )
        monkeypatch.setattr(self.hal, "time", clock)

    def sleep_ms(self, duration_ms: int) -> None:
        """Virtual time goes on."""
        self.now_ms = ticks_add(self.now_ms, duration_ms)

    def run(self, part: Any, duration_ms: int) -> None:
        """Let time pass, waking a part when it asks."""
        end_ms = ticks_add(self.now_ms, duration_ms)
        while (wake := part.wake_at()) is not None and ticks_diff(end_ms, wake) >= 0:
            self.now_ms = ticks_add(self.now_ms, max(0, ticks_diff(wake, self.now_ms)))
            part.wake(self.now_ms)
            assert part.wake_at() != wake, "asks to be woken at the same tick again"
        self.now_ms = end_ms


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Chip:
    """An ESP32 without the chip."""
    return Chip(monkeypatch)


@pytest.fixture
def display_bus(chip: Any) -> Iterator[Callable[[int, int], Tm1637Bus]]:
    """Wires a display to two pins."""
    buses: list[Tm1637Bus] = []

    def wire(clock: int, data: int) -> Tm1637Bus:
        buses.append(Tm1637Bus(chip.pins, clock, data))
        return buses[-1]

    yield wire
    assert [bus.cut_short for bus in buses] == [0] * len(buses), "stopped within a byte"
