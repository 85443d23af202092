"""A board file with a mistake is refused with its file, its field and what to do."""

from collections.abc import Callable

import pytest

Refuse = Callable[..., str]
FILE = "boards/trial/board.toml: "


def test_a_misspelt_option_is_named_with_file_and_field(refuse: Refuse) -> None:
    assert refuse('chip = "esp32"', 'chip = "esp32"\ncolour = 1').startswith(FILE + "colour: ")


def test_a_file_that_is_no_toml_is_named(refuse: Refuse) -> None:
    assert refuse('"lamp"]', '"lamp').startswith(FILE + "is not TOML: ")


def test_a_name_other_than_the_folders_is_refused(refuse: Refuse) -> None:
    assert (
        refuse('"trial"', '"other"') == FILE + "name: is 'other'; it must be the folder's, 'trial'"
    )


def test_a_driver_that_does_not_exist_is_refused_with_those_that_do(refuse: Refuse) -> None:
    told = refuse('"relays"', '"relay"')
    assert told.startswith(FILE + "part[1].driver 'relay': there is beeper, face_leds, key_matrix")


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        ("26", "pins.amber: pin 26 is already red"),
        ("7", "pins.red: pin 7 belongs to the flash; choose another"),
        ("1", "pins.red: pin 1 is the console that a board is flashed by"),
        ("20", "pins.red: esp32-wroom-32e does not lead out pin 20"),
        ("34", "pins.red: pin 34 can only read, without a pull-up; relays needs output"),
        ("12", "pins.red: pin 12 is read while the chip starts: say under [strapping] why red"),
    ],
)
def test_a_pin_that_cannot_be_what_it_should_is_refused(
    refuse: Refuse, pin: str, told: str
) -> None:
    assert refuse("red = 25", f"red = {pin}").startswith(FILE + told)


def test_a_strapping_pin_is_for_outputs_only(refuse: Refuse) -> None:
    told = refuse(
        '"lamp"]',
        '"lamp", "rating"]',
        "red = 25",
        "red = 25, k = 0",
        add='[[part]]\ndriver = "keys"\npins = { keys = ["k"] }\n[strapping]\nk = "because"\n',
    )
    assert "pins.k: pin 0 is read while the chip starts" in told
    assert told.endswith("only an output may be there")


def test_a_reason_for_a_pin_that_needs_none_is_refused(refuse: Refuse) -> None:
    told = refuse(add='[strapping]\nred = "because"\n')
    assert told == FILE + "strapping.red: is not on a strapping pin: delete it"


def test_the_chips_own_pull_up_is_not_expected_of_an_input_only_pin(refuse: Refuse) -> None:
    keys = '[[part]]\ndriver = "keys"\npins = { keys = ["k"] }\n'
    told = refuse("red = 25", "red = 25, k = 34", add=keys)
    assert "pin 34 can only read, without a pull-up; keys needs input with pull-up" in told
    told = refuse("red = 25", "red = 25, k = 34", add=keys + 'options.pull = "external"\n')
    assert told == FILE + "kinds: a lamp has 0 keys, this board 1"


def test_the_pins_of_ethernet_are_reserved(refuse: Refuse) -> None:
    told = refuse(
        'network = { type = "wifi" }',
        'network = { type = "lan8720", mdc = "mdc", mdio = "mdio", clock = "clock" }',
        "pins = { red = 25",
        "pins = { mdc = 23, mdio = 18, clock = 0, red = 25",
        add='[strapping]\nclock = "held high"\n',
    )
    assert told == FILE + "pins.eth_rxd0: pin 25 is already red"


def test_an_ethernet_clock_on_a_pin_that_cannot_is_refused(refuse: Refuse) -> None:
    told = refuse(
        'network = { type = "wifi" }',
        'network = { type = "lan8720", mdc = "mdc", mdio = "mdio", clock = "clock" }',
        "pins = { red = 25, amber = 26, green = 27",
        "pins = { mdc = 23, mdio = 18, clock = 17, red = 4, amber = 13, green = 14",
    )
    assert told == FILE + "network.clock: an RMII clock in is on 0, not 17"


def test_a_signal_nobody_uses_and_one_without_a_pin_are_refused(refuse: Refuse) -> None:
    told = refuse("red = 25", "red = 25, spare = 4")
    assert told == FILE + "pins.spare: no part uses it: delete it"
    told = refuse('red = ["red"]', 'red = ["rot"]')
    assert told == FILE + "part[1].pins: 'rot' has no pin: add it to [pins]"
    told = refuse('red = ["red"]', 'red = ["amber"]')
    assert told == FILE + "part[1].pins: 'amber' is used twice"


def test_a_board_without_a_part_its_kind_needs_is_refused(refuse: Refuse) -> None:
    told = refuse('"lamp"]', '"sign"]')
    assert told == FILE + "kinds: a sign needs a part for sign"


def test_an_option_of_a_part_out_of_range_is_refused_with_its_name(refuse: Refuse) -> None:
    told = refuse(add="options = { active_low = 7 }\n")
    assert FILE in told
    assert "active_low" in told
