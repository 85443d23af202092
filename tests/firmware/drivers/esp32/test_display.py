"""The TM1637 driver, bit by bit: what it clocks out is what the chip shows."""

from collections.abc import Callable
from typing import Any

import pytest

from protocols.peripherals import tm1637

Wire = Callable[[int, int], Any]


def make_display(brightness: int = 5) -> Any:
    from firmware.drivers.esp32.tm1637 import Display

    return Display(25, 26, brightness)


@pytest.mark.parametrize("text", ["A001", "  12", "----", "PAUS", "t - ", "8888"])
def test_the_display_shows_what_was_clocked_out(chip: Any, display_bus: Wire, text: str) -> None:
    bus = display_bus(25, 26)
    display = make_display()
    display.apply(("display", text), 0)
    assert bus.display.segments() == tm1637.segments(text)
    assert bus.display.brightness == 5
    assert bus.display.unknown == []
    assert display.unanswered == 0


def test_a_new_display_is_switched_off(chip: Any, display_bus: Wire) -> None:
    bus = display_bus(25, 26)
    bus.display.on = True
    make_display()
    assert not bus.display.on


def test_an_upset_chip_is_written_again_within_five_seconds(chip: Any, display_bus: Wire) -> None:
    bus = display_bus(25, 26)
    display = make_display()
    display.apply(("display", "A001"), chip.now_ms)
    bus.display.power_cut()
    chip.run(display, 4900)
    assert bus.display.text() == "    "
    chip.run(display, 200)
    assert bus.display.text() == "A001"


def test_a_chip_that_does_not_answer_is_counted_and_does_no_harm(
    chip: Any, display_bus: Wire
) -> None:
    bus = display_bus(25, 26)
    bus.answers = False
    display = make_display()
    display.apply(("display", "A001"), 0)
    assert display.unanswered == 1 + 1 + 5 + 1


def test_the_bus_rests_high_after_every_transaction(chip: Any, display_bus: Wire) -> None:
    display_bus(25, 26)
    make_display().apply(("display", "A001"), 0)
    assert (chip.pins.level(25), chip.pins.level(26)) == (1, 1)
