"""The parts of a board, wired to its pins as its board.toml says: models to press and to look at.

Only what a person could do or see is here. Parts have the supply for themselves: they keep what
they show when the chip is reset, and lose it when the power fails.
"""

import functools
import random
import threading
from bisect import insort
from collections.abc import Callable
from typing import TypeVar

from boards.schema import Board as BoardFile
from boards.schema import Part
from simulator.board.buses import LedBus, Tm1637Bus
from simulator.board.pins import Pins
from simulator.devices.keys import PRESSED, RELEASED, Key
from simulator.devices.lamp import Lamp
from simulator.devices.led_chain import LedChain
from simulator.devices.pixels import PixelChain

_T = TypeVar("_T")
COLOUR_MIXES = {
    (): "off",
    ("red",): "red",
    ("red", "green"): "amber",
    ("green",): "green",
    ("blue",): "blue",
    ("red", "green", "blue"): "white",
}


class PartsError(Exception):
    """A board without such a part, or a key it does not have."""


class Parts:
    """All parts of one board. `now_ms` is its steady time."""

    def __init__(
        self, file: BoardFile, pins: Pins, now_ms: Callable[[], int], seed: int = 0
    ) -> None:
        self.pins = pins
        self.displays: list[Tm1637Bus] = []
        self.chains: list[LedBus] = []
        self.pixels: dict[int, PixelChain] = {}  # by pin
        self.lamps: list[Lamp] = []
        self.tones: list[tuple[int, int]] = []  # (when in ms, frequency in Hz or 0)
        self._spi: dict[tuple[int, int], LedBus] = {}  # by clock and data
        self._leds: dict[str, tuple[int, int]] = {}  # name -> pin, level that lights it
        self._beeper: int | None = None
        self._keys: list[Callable[[bool], None]] = []
        self._edges: list[tuple[int, int, int]] = []  # (when in ms, key, level), in order
        self._lock = threading.Lock()  # fingers are in another thread than the chip
        self._chance = random.Random(seed)
        self._now_ms = now_ms
        for part in file.part:
            numbers = {role: [file.pins[name] for name in part.pins[role]] for role in part.pins}
            self._wire(part, numbers, file.options_of(part).model_dump())

    # ---- a person's hands and eyes ----

    def press(self, key: int, hold_ms: int = 120, after_ms: int = 0) -> None:
        """Press a key for that long, bouncing as keys do."""
        if not 0 <= key < len(self._keys):
            raise PartsError(f"key {key}: this board has {len(self._keys)}")
        at_ms = self._now_ms() + after_ms
        with self._lock:
            for when_ms, level in Key().press(at_ms, hold_ms, self._chance):
                insort(self._edges, (when_ms, key, level))

    def hold(self, key: int, down: bool) -> None:
        """Keep a key down, or let it go, without a bounce."""
        with self._lock:
            insort(self._edges, (self._now_ms(), key, PRESSED if down else RELEASED))

    @property
    def pressing(self) -> bool:
        """Whether a press has not come to its end."""
        return bool(self._edges)

    def display_text(self) -> str:
        """What the four digits say."""
        return _only(self.displays, "four-digit display").display.text()

    def light_colour(self) -> str:
        """The colour of the pad's light now."""
        if {"red", "green", "blue"} <= self._leds.keys():
            lit = tuple(name for name in ("red", "green", "blue") if self._is_lit(name))
            return COLOUR_MIXES[lit]
        return _only(list(self.pixels.values()), "light").seen()

    def lamp_colour(self) -> str:
        """The colour of the overtime lamp now."""
        if self.lamps:
            return self.lamps[0].view(self._now_ms()).colour
        return self.light_colour()

    @property
    def faces(self) -> bool:
        """Whether there are LEDs in the keys of a rating pad."""
        return "face 1" in self._leds

    def lit_faces(self) -> list[int]:
        """Which LEDs of a rating pad are lit now, from 1."""
        return [grade for grade in range(1, 6) if self._is_lit(f"face {grade}")]

    def sign(self) -> LedChain:
        """The chain of a window sign."""
        return _only(self.chains, "chain of MAX7219").chain

    # ---- the chip's side ----

    def advance(self) -> bool:
        """Let the edges come that are due; whether there were any."""
        with self._lock:
            due = 0
            while due < len(self._edges) and self._edges[due][0] <= self._now_ms():
                _, key, level = self._edges[due]
                self._keys[key](level == PRESSED)
                due += 1
            del self._edges[:due]
        return due > 0

    def shift(self, clock: int, data: int, content: bytes) -> None:
        """SPI writes."""
        bus = self._spi.get((clock, data))
        if bus is not None:
            bus.shift(content)

    def send_pixels(self, pin: int, content: bytes) -> None:
        """A bit stream to WS2812 LEDs."""
        if pin in self.pixels:
            self.pixels[pin].transfer(content)

    def tone(self, pin: int, frequency_hz: int) -> None:
        """PWM; 0 is silence."""
        heard = self.tones[-1][1] if self.tones else 0
        if pin == self._beeper and frequency_hz != heard:
            self.tones.append((self._now_ms(), frequency_hz))

    def power_cut(self) -> None:
        """The supply fails."""
        for display in self.displays:
            display.display.power_cut()
        for chain in self.chains:
            chain.chain.power_cut()
        for pixels in self.pixels.values():
            pixels.power_cut()

    # ---- wiring ----

    def _wire(self, part: Part, pins: dict[str, list[int]], options: dict[str, object]) -> None:
        driver = part.driver
        if driver == "keys":
            self._wire_keys(pins["keys"], options["pull"] == "external")
        elif driver == "key_matrix":
            self._wire_matrix(pins["rows"], pins["columns"], options["pull"] == "external")
        elif driver == "tm1637":
            self.displays.append(Tm1637Bus(self.pins, pins["clock"][0], pins["data"][0]))
        elif driver == "max7219":
            width, height = options["width"], options["height"]
            assert isinstance(width, int)
            assert isinstance(height, int)
            bus = LedBus(self.pins, pins["load"][0], width, height)
            self.chains.append(bus)
            self._spi[pins["clock"][0], pins["data"][0]] = bus
        elif driver in ("pixel_lamp", "pixel_light"):
            count = options.get("count", 1)
            assert isinstance(count, int)
            self.pixels[pins["data"][0]] = PixelChain(count)
        elif driver == "relays":
            self._wire_lamp(pins, lit=0 if options["active_low"] else 1)
        elif driver == "rgb_light":
            lit = 0 if options["active_low"] else 1
            self._leds |= {name: (pins[name][0], lit) for name in ("red", "green", "blue")}
        elif driver == "face_leds":
            lit = 0 if options["active_low"] else 1
            self._leds |= {f"face {i + 1}": (pin, lit) for i, pin in enumerate(pins["leds"])}
        else:
            assert driver == "beeper", f"part {driver!r} has no model"
            self._beeper = pins["output"][0]

    def _wire_keys(self, pins: list[int], pulled_up: bool) -> None:
        if pulled_up:
            self.pins.pulled_up |= set(pins)
        self._keys += [functools.partial(_put, self.pins.pulled_low, pin) for pin in pins]

    def _wire_matrix(self, rows: list[int], columns: list[int], pulled_up: bool) -> None:
        if pulled_up:
            self.pins.pulled_up |= set(columns)
        for row in rows:
            for column in columns:
                joined = self.pins.bridges.setdefault(column, set())
                self._keys.append(functools.partial(_put, joined, row))

    def _wire_lamp(self, pins: dict[str, list[int]], lit: int) -> None:
        lamp = Lamp()
        channels = {pins[name][0]: name for name in ("red", "amber", "green")}

        def changed(pin: int) -> None:
            if pin in channels:
                # A relay without a driven input rests.
                burns = self.pins.driven.get(pin) == lit
                lamp.set_level(channels[pin], int(burns), self._now_ms())

        self.pins.watchers.append(changed)
        self.lamps.append(lamp)

    def _is_lit(self, name: str) -> bool:
        if name not in self._leds:
            raise PartsError(f"LED {name!r}: this board has none")
        pin, lit = self._leds[name]
        return self.pins.driven.get(pin) == lit


def _put(members: set[int], member: int, inside: bool) -> None:
    if inside:
        members.add(member)
    else:
        members.discard(member)


def _only(parts: list[_T], what: str) -> _T:
    if not parts:
        raise PartsError(f"{what}: this board has none")
    return parts[0]
