"""What hangs on the pins besides the display: a chain of MAX7219 on SPI."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.board.buses import LedBus
from simulator.devices.led_chain import LedChain


@pytest.fixture
def led_bus(chip: Any) -> Callable[..., LedChain]:
    """Wires a chain of MAX7219 to SPI and a LOAD pin."""

    def wire(load: int, width: int, height: int) -> LedChain:
        bus = LedBus(chip.pins, load, width, height)
        chip.pins.spi.append(bus)
        return bus.chain

    return wire
