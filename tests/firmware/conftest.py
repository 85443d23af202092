"""A bench for logics: virtual ticks that begin low, late and just before they wrap.

Every test that uses `start_ms` or `bench` runs from each of these ticks, so that no rule depends on
where the counter stands.

And an ESP32 without the chip: `machine`, `network` and `time` as MicroPython has them, over pins
whose levels a test reads, pulls and watches.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.logic.base import Logic
from protocols.messages.node import Ack
from protocols.ticks import TICKS_PERIOD, ticks_add, ticks_diff
from simulator.devices.display4 import Display4

Event = tuple[Any, ...]
WAKES_MAX = 20


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


class Pins:
    """The lines of a chip. A line is low when anybody pulls it low; else it is high."""

    def __init__(self) -> None:
        self.modes: dict[int, str] = {}
        self.driven: dict[int, int] = {}
        self.pulled_low: set[int] = set()  # by what hangs on the line
        self.watchers: list[Callable[[int], None]] = []
        self.pixels: dict[int, list[bytes]] = {}  # what WS2812 LEDs were sent, oldest first
        self.tones: list[tuple[int, int]] = []  # (frequency, duty)
        self.shifted = bytearray()  # what SPI has shifted out since the test looked
        self.feeds = 0
        self.resets = 0
        self.watchdog_ms: list[int] = []
        self.clock = (2000, 1, 1, 0, 0, 0, 0, 0)
        # Rows and columns joined by keys that are down: column -> row.
        self.bridges: dict[int, set[int]] = {}

    def level(self, pin: int) -> int:
        """What one reads at the line now."""
        if pin in self.pulled_low or self.driven.get(pin) == 0:
            return 0
        return 0 if any(self.driven.get(row) == 0 for row in self.bridges.get(pin, ())) else 1

    def drive(self, pin: int, level: int) -> None:
        """The chip's own output."""
        assert self.modes[pin] in ("out", "open_drain"), f"pin {pin} is no output"
        self.driven[pin] = level
        for watcher in self.watchers:
            watcher(pin)


def _machine(pins: Pins) -> SimpleNamespace:
    class Pin:
        IN, OUT, OPEN_DRAIN, PULL_UP = "in", "out", "open_drain", "up"

        def __init__(
            self, number: int, mode: str = "in", pull: str | None = None, value: int | None = None
        ) -> None:
            assert mode == "in" or number < 34, f"pin {number} can only read"
            assert pull is None or number < 34, f"pin {number} has no pull-up"
            self.number = number
            pins.modes[number] = mode
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
            pins.shifted += data

    class Pwm:
        def __init__(self, pin: Pin, *, freq: int, duty_u16: int) -> None:
            self._frequency, self._duty = freq, duty_u16

        def freq(self, frequency: int) -> None:
            self._frequency = frequency

        def duty_u16(self, duty: int) -> None:
            self._duty = duty
            pins.tones.append((self._frequency if duty else 0, duty))

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

    def bitstream(pin: Pin, encoding: int, timing: tuple[int, ...], data: bytes) -> None:
        assert (encoding, timing) == (0, (400, 850, 800, 450))
        pins.pixels.setdefault(pin.number, []).append(bytes(data))

    def reset() -> None:
        pins.resets += 1

    return SimpleNamespace(
        Pin=Pin, SPI=Spi, PWM=Pwm, WDT=Wdt, RTC=Rtc, bitstream=bitstream, reset=reset
    )


class Air:
    """The network around a board: whether Wi-Fi or cable is there, and what the board did."""

    def __init__(self) -> None:
        self.up = True
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


class Tm1637Bus:
    """Reads two lines as the chip does, answers each byte, and gives transactions to the model."""

    def __init__(self, pins: Any, clock: int, data: int) -> None:
        self.display = Display4()
        self.transactions = 0
        self.answers = True
        self._pins, self._clock, self._data = pins, clock, data
        self._was = (1, 1)
        self._bytes: bytearray | None = None
        self._bits: list[int] = []
        pins.watchers.append(self._changed)

    def _changed(self, pin: int) -> None:
        if pin not in (self._clock, self._data):
            return
        was, now = self._was, (self._pins.level(self._clock), self._pins.level(self._data))
        self._was = now
        if was[0] == now[0] == 1 and was[1] != now[1]:
            self._start() if now[1] == 0 else self._stop()
        elif self._bytes is not None and was[0] != now[0]:
            self._rise(now[1]) if now[0] else self._fall()

    def _start(self) -> None:
        self._bytes, self._bits = bytearray(), []

    def _stop(self) -> None:
        # The stop itself needs a rise of the clock, which looks like one bit more.
        assert self._bytes is not None
        assert len(self._bits) <= 1, "stopped within a byte"
        self.transactions += 1
        self.display.transact(bytes(self._bytes))
        self._bytes = None

    def _rise(self, data: int) -> None:
        if len(self._bits) < 8:
            self._bits.append(data)
        else:
            self._bits.append(-1)  # the clock of the answer

    def _fall(self) -> None:
        assert self._bytes is not None
        if len(self._bits) == 8:
            self._bytes.append(sum(bit << place for place, bit in enumerate(self._bits)))
            if self.answers:
                self._pins.pulled_low.add(self._data)
        elif len(self._bits) == 9:
            self._pins.pulled_low.discard(self._data)
            self._bits = []
            self._was = (0, self._pins.level(self._data))


@pytest.fixture
def display_bus(chip: Any) -> Callable[[int, int], Tm1637Bus]:
    """Wires a display to two pins."""
    return lambda clock, data: Tm1637Bus(chip.pins, clock, data)
