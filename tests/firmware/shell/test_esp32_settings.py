"""The settings of a board: a mistake names its file and its field."""

import json
from typing import Any

import pytest

from boards.device import board_json
from boards.loader import load_board
from firmware.shell.settings import Settings, SettingsError

NODE: dict[str, Any] = {
    "hall": "langfang",
    "node": "w03-pad",
    "kind": "pad",
    "boot_floor": 1_795_393_800,
    "date": [2026, 11, 23],
    "password": None,
    "broker": {"host": "192.168.20.5", "port": 8883, "name": "gateway.langfang"},
    "wifi": {"ssid": "hall", "password": "secret"},
    "tls": {"ca": "ca.der", "certificate": "node.der", "key": "key.der"},
}


def read(board: str = "esp32-pad", **changes: Any) -> Settings:
    return Settings(json.dumps(NODE | changes).encode(), board_json(load_board(board)))


def test_both_files_are_read_whole() -> None:
    settings = read()
    assert (settings.node, settings.board, settings.broker_port) == ("w03-pad", "esp32-pad", 8883)
    assert settings.password is None
    assert settings.tls == NODE["tls"]
    assert [row[0] for row in settings.parts] == ["keys", "tm1637", "pixel_light", "beeper"]
    assert read(password="p").password == b"p"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hall": 3}, "node.json: hall: is 3; it must be of type str"),
        ({"boot_floor": None}, "node.json: boot_floor: is None; it must be of type int"),
        ({"broker": {"host": "x", "name": "y"}}, "node.json: broker: port: is None"),
        ({"tls": {"ca": "x", "key": "y"}}, "node.json: tls: certificate: is None"),
        ({"wifi": None}, "node.json: wifi: esp32-pad needs ssid and password"),
        ({"date": [2026]}, r"node.json: date: give \[year, month, day\]"),
    ],
)
def test_a_mistake_names_file_and_field(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read(**changes)


def test_an_ethernet_board_needs_no_wifi() -> None:
    assert read("esp32-pad-ethernet", wifi=None).network["type"] == "lan8720"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff"])
def test_a_file_that_is_no_settings_says_what_to_do(text: bytes) -> None:
    with pytest.raises(SettingsError, match=r"node\.json: is not .*: write it to the board again"):
        Settings(text, b"{}")
