"""Every board's parts are made from its file and carry out every effect of its kind of node."""

import json
from typing import Any

import pytest

from boards.chips import ESP32
from boards.device import board_json
from boards.loader import board_names, load_board
from boards.parts import ESP32_DRIVERS
from firmware.logic.events import FACE_MODES, PAD_LIGHTS
from simulator.assets import ensure

BOARDS = [name for name in board_names() if load_board(name).chip == ESP32]
EFFECTS: dict[str, list[tuple[Any, ...]]] = {
    "pad": [
        ("display", "A001"),
        *[("light", light) for light in PAD_LIGHTS],
        ("beep", "key"),
        ("beep", "refused"),
    ],
    "lamp": [("lamp", "red"), ("lamp", "off")],
    "sign": [("sign", "open", "", "3"), ("sign", "stale", "----", "")],
    "rating": [("face", mode, "A001", "", 3) for mode in FACE_MODES],
}


def glyphs() -> bytes:
    return ensure(only=("unifont", "sign")).sign_glyphs.read_bytes()


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_carries_out_every_effect_of_its_kind(chip: Any, name: str) -> None:
    from firmware.drivers.esp32.parts import make_parts

    board = load_board(name)
    parts = make_parts(json.loads(board_json(board))["parts"], glyphs)
    for effect in EFFECTS[board.kinds[0]]:
        parts.apply(effect, chip.now_ms)
    chip.run(parts, 1000)
    with pytest.raises(ValueError, match="this board has no part for it"):
        parts.apply(("rows", "live", (), "", 0), 0)


@pytest.mark.parametrize("name", BOARDS)
def test_what_a_driver_takes_is_what_the_table_of_drivers_says(chip: Any, name: str) -> None:
    from firmware.drivers.esp32.parts import make_part

    for driver, pins, options in json.loads(board_json(load_board(name)))["parts"]:
        assert make_part(driver, pins, options, glyphs).takes == ESP32_DRIVERS[driver].effects


def test_every_driver_of_the_table_can_be_made(chip: Any) -> None:
    from firmware.drivers.esp32.parts import make_part

    needed = {"max7219": {"width": 64}, "pixel_lamp": {"count": 3}}
    for name, driver in ESP32_DRIVERS.items():
        free = iter((13, 14, 16, 17, 18, 19, 21, 22, 23, 25))
        pins = {role: [next(free) for _ in range(row.least)] for role, row in driver.roles.items()}
        options = driver.options(**needed.get(name, {})).model_dump()
        assert make_part(name, pins, options, glyphs).takes == driver.effects


def test_a_driver_this_firmware_lacks_is_named(chip: Any) -> None:
    from firmware.drivers.esp32.parts import make_part

    with pytest.raises(ValueError, match="driver 'hologram' is not in this firmware"):
        make_part("hologram", {}, {}, glyphs)


def test_wifi_joins_and_is_switched_off_and_on_when_started_anew(chip: Any) -> None:
    from firmware.drivers.esp32.interface import Wifi

    wifi = Wifi("w03-pad", "hall", "secret")
    wifi.start()
    assert chip.air.calls[-1] == ("connect", "hall", "secret")
    chip.air.calls.clear()
    wifi.restart()
    assert chip.air.calls[:3] == ["disconnect", ("active", False), ("active", True)]
    assert chip.air.calls[-1] == ("connect", "hall", "secret")
    assert wifi.is_up()


def test_wifi_tells_its_signal_within_bounds_and_nothing_when_it_is_not_joined(chip: Any) -> None:
    from firmware.drivers.esp32.interface import Ethernet, Wifi

    wifi = Wifi("w01-pad", "hall", "secret")
    assert wifi.signal_dbm() == -58
    chip.air.signal_dbm = 31
    assert wifi.signal_dbm() == 0
    chip.air.up = False
    assert wifi.signal_dbm() is None
    pins = json.loads(board_json(load_board("esp32-pad-ethernet")))["network"]
    assert Ethernet("w01-pad", pins).signal_dbm() is None


def test_ethernet_is_made_with_the_pins_of_its_board(chip: Any) -> None:
    from firmware.drivers.esp32.interface import Ethernet

    network = json.loads(board_json(load_board("esp32-pad-ethernet")))["network"]
    lan = Ethernet("w03-pad", network)
    lan.start()
    lan.restart()
    chip.air.up = False
    assert not lan.is_up()
    assert chip.air.calls[0] == "w03-pad"
    assert "mdc" in chip.air.calls[1][2]
    assert chip.air.calls[2:] == [("active", True), ("active", False), ("active", True)]
