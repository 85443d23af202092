"""What hangs on the pins besides the display: a chain of MAX7219 on SPI."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.devices.led_chain import LedChain


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
