"""What hangs on the pins: the wires of a TM1637, decoded level by level into the model."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.devices.display4 import Display4
from simulator.devices.led_chain import LedChain


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


@pytest.fixture
def led_bus(chip: Any) -> Callable[..., LedChain]:
    """Wires a chain of MAX7219 to SPI and a LOAD pin."""

    def wire(load: int, width: int, height: int) -> LedChain:
        chain = LedChain(width, height)
        last = [1]

        def changed(pin: int) -> None:
            if pin == load:
                level = chip.pins.level(load)
                if level and not last[0]:
                    chain.transfer(bytes(chip.pins.shifted))
                    chip.pins.shifted.clear()
                last[0] = level

        chip.pins.watchers.append(changed)
        return chain

    return wire
