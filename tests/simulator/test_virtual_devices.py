"""The lamp as it is seen: colours over time, because blinking is nothing at one instant."""

import pytest

from simulator.virtual_devices import LampDevice
from simulator.virtual_time import Timeline


def seen(*phases: tuple[int, str]) -> tuple[str, bool]:
    """What a lamp looks like after these (milliseconds, colour)."""
    timeline = Timeline(1000)
    lamp = LampDevice(timeline, lambda event: None)
    for lasts_ms, colour in phases:
        lamp.apply(("lamp", colour))
        timeline.run(timeline.now_ms + lasts_ms)
    return lamp.looks()


BLIP = ((100, "amber"), (900, "off"))


@pytest.mark.parametrize(
    ("phases", "look"),
    [
        (((5000, "red"),), ("red", False)),
        (((500, "red"), (500, "off")) * 3, ("red", True)),
        (((500, "red"), (500, "off")) * 3 + ((2600, "green"),), ("green", False)),
        ((*BLIP, *BLIP, (700, "green")), ("green", False)),
        (((100, "off"), (100, "green"), (100, "red"), (100, "off"), (100, "red")), ("red", True)),
        ((*BLIP, *BLIP), ("amber", True)),
        (((3000, "green"), (100, "off")), ("off", False)),
        (((0, "off"), (100, "amber"), (2000, "off")), ("off", False)),
    ],
)
def test_a_lamp_blinks_in_one_colour(
    phases: tuple[tuple[int, str], ...], look: tuple[str, bool]
) -> None:
    assert seen(*phases) == look
