"""WS2812 LEDs: what goes in is what is seen."""

import pytest

from simulator.devices.pixels import PixelChain


def test_each_led_takes_its_three_bytes_in_the_order_green_red_blue() -> None:
    chain = PixelChain(2)
    assert chain.seen() == "off"
    chain.transfer(bytes((0, 96, 0, 96, 0, 0)))
    assert chain.colours == [(96, 0, 0), (0, 96, 0)]
    assert chain.seen() == "mixed"


@pytest.mark.parametrize(
    ("bytes_of_one", "seen"),
    [
        ((0, 48, 0), "red"),
        ((16, 48, 0), "amber"),
        ((48, 0, 0), "green"),
        ((11, 0, 48), "blue"),
        ((37, 37, 37), "white"),
        ((3, 3, 3), "off"),
    ],
)
def test_a_person_names_the_colour_whatever_its_brightness(
    bytes_of_one: tuple[int, ...], seen: str
) -> None:
    chain = PixelChain(3)
    chain.transfer(bytes(bytes_of_one) * 3)
    assert chain.seen() == seen


def test_a_short_transfer_leaves_the_rest_as_it_was() -> None:
    chain = PixelChain(2)
    chain.transfer(bytes((0, 96, 0)) * 2)
    chain.transfer(bytes((96, 0, 0)))
    assert chain.colours == [(0, 96, 0), (96, 0, 0)]


def test_leds_behind_a_broken_wire_hear_nothing() -> None:
    chain = PixelChain(3)
    chain.broken_after = 1
    chain.transfer(bytes((96, 0, 0)) * 3)
    assert chain.colours == [(0, 96, 0), (0, 0, 0), (0, 0, 0)]
    chain.power_cut()
    assert chain.seen() == "off"
