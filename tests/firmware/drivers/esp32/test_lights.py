"""Relays, LEDs, WS2812 and the beeper: levels and bytes at the pins, over time."""

from typing import Any

import pytest

from firmware.drivers.esp32.patterns import BEEPS, LIGHTS
from firmware.logic.events import FACE_MODES, PAD_BEEPS, PAD_LIGHTS
from protocols.messages.lamp import LAMP_COLOURS
from simulator.devices.lamp import Lamp

STEADY_FACES = ("closed", "open", "thanks", "identify")
CHANNEL_PINS = {"red": 25, "amber": 26, "green": 27}


def seen(chip: Any, active_low: bool) -> Lamp:
    """A lamp on the relays of pins 25 to 27."""
    lamp = Lamp()
    for channel, pin in CHANNEL_PINS.items():
        lamp.set_level(channel, chip.pins.level(pin) ^ active_low, 0)
    return lamp


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("colour", LAMP_COLOURS)
def test_the_relays_show_the_colour_wanted(chip: Any, active_low: bool, colour: str) -> None:
    from firmware.drivers.esp32.relays import Relays

    relays = Relays((25, 26, 27), active_low)
    assert seen(chip, active_low).view(0).colour == "off"
    relays.apply(("lamp", "red"), 0)
    relays.apply(("lamp", colour), 0)
    assert seen(chip, active_low).view(0).colour == colour


def test_two_relays_are_never_on_at_once(chip: Any) -> None:
    from firmware.drivers.esp32.relays import Relays

    relays = Relays((25, 26, 27), False)
    burning: list[int] = []
    chip.pins.watchers.append(
        lambda _: burning.append(sum(chip.pins.level(pin) for pin in (25, 26, 27)))
    )
    for colour in ("red", "green", "amber", "off", "red"):
        relays.apply(("lamp", colour), 0)
    assert max(burning) == 1


def test_a_ring_is_one_colour_in_the_order_green_red_blue(chip: Any) -> None:
    from firmware.drivers.esp32.pixels import PixelLamp

    ring = PixelLamp(27, 24, 128)
    assert chip.pins.pixels[27] == [bytes(72)]
    ring.apply(("lamp", "red"), 0)
    assert chip.pins.pixels[27][-1] == bytes((0, 128, 0)) * 24
    ring.apply(("lamp", "amber"), 0)
    assert chip.pins.pixels[27][-1] == bytes((45, 128, 0)) * 24


def test_every_light_and_beep_of_a_pad_has_its_pattern() -> None:
    assert tuple(row[0] for row in LIGHTS) == PAD_LIGHTS
    assert tuple(row[0] for row in BEEPS) == PAD_BEEPS


@pytest.mark.parametrize("pattern", PAD_LIGHTS)
def test_both_kinds_of_light_show_every_pattern(chip: Any, pattern: str) -> None:
    from firmware.drivers.esp32.leds import RgbLight
    from firmware.drivers.esp32.pixels import PixelLight

    rgb, pixel = RgbLight([13, 14, 16], False), PixelLight(27, 255)
    for light in (rgb, pixel):
        light.apply(("light", pattern), chip.now_ms)
    lit = [chip.pins.level(pin) for pin in (13, 14, 16)]
    assert any(lit) is any(chip.pins.pixels[27][-1])
    assert any(lit) is (pattern != "off")


def test_offline_is_a_short_blip_every_two_seconds_and_outlasts_the_wrap(chip: Any) -> None:
    from firmware.drivers.esp32.pixels import PixelLight

    chip.now_ms = (1 << 30) - 5000
    light = PixelLight(27, 255)
    light.apply(("light", "offline"), chip.now_ms)
    lit_ms = 0
    for _ in range(1000):
        lit_ms += 10 if any(chip.pins.pixels[27][-1]) else 0
        chip.run(light, 10)
    assert lit_ms == 500


def test_a_steady_light_asks_for_no_time(chip: Any) -> None:
    from firmware.drivers.esp32.pixels import PixelLight

    light = PixelLight(27, 48)
    light.apply(("light", "ready"), 0)
    assert light.wake_at() is None


def leds_of(chip: Any) -> list[int]:
    return [chip.pins.level(pin) for pin in (19, 21, 22, 23, 25)]


@pytest.mark.parametrize(
    ("mode", "lit"),
    [
        ("closed", [0, 0, 0, 0, 0]),
        ("open", [1, 1, 1, 1, 1]),
        ("thanks", [0, 0, 0, 1, 0]),
        ("refused", [1, 1, 1, 1, 1]),
        ("offline", [0, 0, 1, 0, 0]),
        ("identify", [0, 0, 0, 1, 0]),
    ],
)
def test_the_keys_of_a_rating_pad_light_by_their_mode(chip: Any, mode: str, lit: list[int]) -> None:
    from firmware.drivers.esp32.leds import FACES, FaceLeds

    assert tuple(row[0] for row in FACES) == FACE_MODES
    faces = FaceLeds([19, 21, 22, 23, 25], False)
    assert leds_of(chip) == [0] * 5
    faces.apply(("face", mode, "A001", "", 4), chip.now_ms)
    assert leds_of(chip) == lit
    chip.run(faces, 200)
    assert leds_of(chip) == (lit if mode in STEADY_FACES else [0] * 5)


def test_a_refusal_beeps_twice_and_is_silent_after_it(chip: Any) -> None:
    from firmware.drivers.esp32.beeper import Beeper

    beeper = Beeper(32)
    beeper.apply(("beep", "refused"), chip.now_ms)
    chip.run(beeper, 1000)
    assert [tone for tone, _ in chip.pins.tones] == [400, 0, 400, 0]
    assert beeper.wake_at() is None


def test_a_new_beep_cuts_off_the_one_that_sounds(chip: Any) -> None:
    from firmware.drivers.esp32.beeper import Beeper

    beeper = Beeper(32)
    beeper.apply(("beep", "refused"), chip.now_ms)
    beeper.apply(("beep", "key"), chip.now_ms)
    chip.run(beeper, 1000)
    assert [tone for tone, _ in chip.pins.tones] == [400, 2400, 0]
