"""The lamp as a person sees it."""

import pytest

from simulator.devices.lamp import RGB, Lamp, LampView


def test_lamp_shows_the_channel_that_is_switched_on() -> None:
    lamp = Lamp()
    assert lamp.view(0) == LampView("off", False, False, RGB["off"])
    lamp.set_level("green", 1, 10)
    assert lamp.view(10) == LampView("green", True, False, RGB["green"])


def test_red_and_green_together_are_amber() -> None:
    lamp = Lamp()
    lamp.set_level("red", 1, 0)
    lamp.set_level("green", 1, 0)
    assert lamp.view(0).colour == "amber"


@pytest.mark.parametrize("channels", [("red",), ("red", "green")])
def test_blinking_is_seen_in_both_phases_and_ends_when_it_stops(channels) -> None:
    lamp = Lamp()
    colour = "red" if len(channels) == 1 else "amber"
    for step in range(6):
        for channel in channels:
            lamp.set_level(channel, 1 - step % 2, step * 500)
        if step == 4:
            assert lamp.view(2_400) == LampView(colour, True, True, RGB[colour])
    assert lamp.view(2_600) == LampView(colour, False, True, RGB["off"])
    assert lamp.view(6_000) == LampView("off", False, False, RGB["off"])


def test_one_change_of_colour_is_not_a_blink() -> None:
    lamp = Lamp()
    lamp.set_level("amber", 1, 0)
    lamp.set_level("amber", 0, 100)
    lamp.set_level("red", 1, 100)
    assert not lamp.view(200).blinking
    assert len(lamp.history) == 3
    lamp.set_level("red", 1, 300)
    assert len(lamp.history) == 3


def test_faults_are_seen() -> None:
    lamp = Lamp()
    lamp.set_level("red", 1, 0)
    lamp.dead.add("red")
    assert lamp.view(0).colour == "off"
    lamp.welded.add("amber")
    assert lamp.view(0).colour == "amber"
    lamp.unplugged = True
    assert lamp.view(0).colour == "off"


def test_unknown_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="no channel 'blue'"):
        Lamp().set_level("blue", 1, 0)
