"""All boards of the tree: they load, their drivers exist, their papers agree with their pins."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import pytest

from boards.__main__ import main
from boards.chips import ESP32, FLASH_PINS, INPUT_ONLY_PINS, STRAPPING_PINS
from boards.device import board_json
from boards.loader import FOLDER, BoardError, board_names, load_board
from boards.parts import ESP32_DRIVERS, PI_DRIVERS, Driver
from boards.picture import pin_out
from boards.schema import Kind
from boards.wiring import wires
from gateway.config import WINDOW_DEVICES, NodeKind

BOARDS = board_names()
ESP32_BOARDS = [name for name in BOARDS if load_board(name).chip == ESP32]
ROOT = Path(__file__).parents[2]


def test_the_boards_of_this_issue_are_there() -> None:
    wanted = {"esp32-pad", "esp32-pad-ethernet", "esp32-lamp", "esp32-lamp-ring", "esp32-sign"}
    assert wanted | {"esp32-rating"} == set(ESP32_BOARDS)


@pytest.mark.parametrize("kind", WINDOW_DEVICES)
def test_every_device_of_a_window_has_its_default_board(kind: str) -> None:
    assert kind in load_board(f"esp32-{kind}").kinds


def test_boards_and_hall_files_know_the_same_kinds_of_node() -> None:
    assert get_args(Kind) == get_args(NodeKind)


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_no_pin_is_used_twice_or_for_what_it_cannot_do(name: str) -> None:
    # The same as the schema says, in other words: from the file for the device.
    document = json.loads(board_json(load_board(name)))
    pins = [
        (pin, driver, role)
        for driver, roles, _ in document["parts"]
        for role, numbers in roles.items()
        for pin in numbers
    ]
    numbers = [pin for pin, _, _ in pins]
    if document["network"]["type"] == "lan8720":
        numbers += [document["network"][role] for role in ("mdc", "mdio", "clock", "power")]
        numbers += [19, 21, 22, 25, 26, 27]
    assert len(numbers) == len(set(numbers))
    assert not set(numbers) & {1, 3, *FLASH_PINS}
    inputs = {pin for pin, driver, role in pins if driver == "key_matrix" and role == "columns"}
    assert set(numbers) & set(INPUT_ONLY_PINS) <= inputs
    explained = {load_board(name).wiring[signal] for signal in load_board(name).strapping}
    assert set(numbers) & set(STRAPPING_PINS) == explained


@pytest.mark.parametrize("driver", [*ESP32_DRIVERS.values(), *PI_DRIVERS.values()])
def test_the_module_of_every_driver_exists(driver: Driver) -> None:
    path = ROOT / (driver.module.replace(".", "/") + ".py")
    assert path.is_file()


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_the_wiring_table_says_what_the_board_file_says(name: str) -> None:
    text = (FOLDER / name / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", text, re.MULTILINE)
    assert {signal: int(pin) for signal, pin in rows} == load_board(name).wiring
    assert f"docs/generated/boards/{name}.svg" in text


@pytest.mark.parametrize("name", BOARDS)
def test_the_wires_of_a_board_are_its_table_with_the_part_of_each(name: str) -> None:
    board = load_board(name)
    found = wires(board)
    assert found, "the README has its table"
    assert {wire.signal: wire.pin for wire in found if wire.pin is not None} == board.wiring
    for wire in found:
        assert wire.goes_to
        assert wire.part == board.owner_of.get(wire.signal, "")


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_has_its_wiring_on_paper(name: str) -> None:
    text = (FOLDER / name / "README.md").read_text("utf-8")
    assert text.startswith(f"# {load_board(name).label.en}".split(",")[0])


@pytest.mark.parametrize("name", ESP32_BOARDS)
def test_the_picture_is_xml_and_names_every_signal(name: str) -> None:
    board = load_board(name)
    root = ET.fromstring(pin_out(board))
    said = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    for signal, pin in board.wiring.items():
        assert any(text.split(" ")[0] == signal for text in said), signal
        assert str(pin) in said


def test_an_unknown_board_is_refused_with_the_list_of_boards() -> None:
    with pytest.raises(BoardError, match="board 'esp32-pda' is not known; there are esp32-lamp, "):
        load_board("esp32-pda")


def test_the_command_lists_the_boards_and_prints_the_file_of_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    assert "esp32-sign" in capsys.readouterr().out
    assert main(["esp32-lamp"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"][0][0] == "relays"
    assert main(["pi-wall"]) == 2
    assert "is no ESP32" in capsys.readouterr().err
