"""What `flash` refuses, with the code and the words that help; and what it leaves alone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.shell.flash import Flash
from firmware.shell.store import Store
from simulator.board.chips import ESP32_S3

KEY_HELP = 8


def flash(hall: Any, node: str, board: Any, *more: object) -> Any:
    """With somebody who presses the keys that are asked for."""
    arguments = ("flash", node, "--port", board.address, *hall.image_options(), *more)
    return hall.run(*arguments, board=board)


def stored(board: Any, folder: Path) -> Store:
    """What the node keeps, read with its own code."""
    folder.mkdir(exist_ok=True)
    for name in board.disk.names("store"):
        path = f"store/{name}"
        (folder / name).write_bytes(board.disk.read(path, 0, board.disk.size(path)))
    return Store(Flash(str(folder)))


@pytest.mark.slow
def test_another_chip_is_not_touched(hall: Any, make_board: Callable[..., Any]) -> None:
    board = make_board(5, empty=True, chip=ESP32_S3)
    before = bytes(board.flash.data)
    ended = flash(hall, "w06-pad", board)
    assert ended.code == 11, (ended.last, ended.rest)
    assert "this board is an esp32-s3; esp32-pad needs an esp32" in ended.last["error"]
    assert bytes(board.flash.data) == before
    listed = hall.do("credentials", "list").last["certificates"]
    assert "w06-pad" not in [row["identity"] for row in listed]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("port", "code", "words"),
    [
        ("/dev/ttyUSB99", 10, "is the cable in"),
        ("rfc2217://127.0.0.1:9", 10, "the port cannot be opened"),
    ],
)
def test_a_port_without_a_board_says_so(hall: Any, port: str, code: int, words: str) -> None:
    ended = hall.run("flash", "w06-pad", "--port", port, *hall.image_options())
    assert ended.code == code, (ended.last, ended.rest)
    assert words in ended.last["error"]


@pytest.mark.slow
def test_a_silent_board_asks_for_the_boot_button(hall: Any, make_board: Callable[..., Any]) -> None:
    board = make_board(6, auto_reset=False)  # two wires only
    ended = flash(hall, "w06-pad", board)
    assert ended.code == 12, (ended.last, ended.rest)
    assert "hold BOOT" in ended.last["error"]


@pytest.mark.slow
def test_a_gateway_that_is_away_is_told_before_a_board_is_touched(
    hall: Any, make_board: Callable[..., Any]
) -> None:
    board = make_board(7)
    ended = flash(hall, "w06-pad", board, "--gateway", "http://127.0.0.1:9")
    assert ended.code == 14
    assert not [each for each in ended.events if each.get("event") == "begin"]


@pytest.mark.slow
def test_a_board_that_fails_its_test_is_not_started_until_it_passes(
    hall: Any, make_board: Callable[..., Any]
) -> None:
    board = make_board(8)
    board.parts.hold(KEY_HELP, True)  # a drop of solder
    ended = flash(hall, "w06-pad", board)
    assert ended.code == 13, (ended.last, ended.rest)
    assert "“求助” · HELP  (key_help, GPIO 23)" in ended.last["error"]
    assert "main.py" not in board.disk.names("")
    board.parts.hold(KEY_HELP, False)
    board.air.password = "another password"  # the access point was changed
    ended = flash(hall, "w06-pad", board)
    assert ended.code == 13
    assert "no network" in ended.last["error"]
    assert len(ended.acts("press")) == 9
    board.air.password = json.loads(hall.site_file.read_text())["wifi"]["password"]
    ended = flash(hall, "w06-pad", board)
    assert ended.code == 0, (ended.last, ended.rest)
    assert ended.last["written"] <= 1
    assert hall.node("w06-pad")["online"]


@pytest.mark.slow
def test_a_node_lives_on_one_board_and_a_board_is_one_node(
    hall: Any, make_board: Callable[..., Any], tmp_path: Path
) -> None:
    first, second = make_board(9), make_board(10)
    assert flash(hall, "w07-pad", first, "--no-self-test").code == 0
    boot = hall.node("w07-pad")["boot"]

    # The name is taken by another board: only `replace` may do that.
    ended = flash(hall, "w07-pad", second, "--no-self-test")
    assert ended.code == 11, (ended.last, ended.rest)
    assert "is on board 24:6f:28:aa:bb:09, not on 24:6f:28:aa:bb:0a" in ended.last["error"]
    assert "hallkit replace w07-pad" in ended.last["error"]

    # What a node keeps stays with it when its board is flashed anew.
    kept = stored(first, tmp_path / "before")
    kept.put("visit", b"20261123-A001")
    for name in ("visit.0", "visit.1"):
        if (tmp_path / "before" / name).exists():
            path = f"store/{name}"
            first.disk.create(path)
            first.disk.write(path, 0, (tmp_path / "before" / name).read_bytes())
            first.disk.sync(path)
    first.disk.remove("a/firmware/__init__.mpy")  # something to mend
    ended = flash(hall, "w07-pad", first, "--no-self-test")
    assert ended.code == 0, (ended.last, ended.rest)
    assert ended.last["written"] == 1
    store = stored(first, tmp_path / "after")
    assert store.get("visit") == b"20261123-A001"
    assert int(store.get("boot")) > boot

    # And goes when the board becomes another node.
    ended = flash(hall, "w08-pad", first, "--no-self-test")
    assert ended.code == 0, (ended.last, ended.rest)
    notes = [each["text"] for each in ended.events if each.get("event") == "note"]
    assert any("this board was w07-pad" in text for text in notes)
    assert stored(first, tmp_path / "other").get("visit") == b""
    assert hall.node("w08-pad")["online"]


@pytest.mark.slow
def test_on_the_cable_a_board_says_who_it_is_and_what_it_prints(
    hall: Any, make_board: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    board = make_board(11)
    assert flash(hall, "w02-pad", board, "--no-self-test").code == 0
    boot = hall.node("w02-pad")["boot"]
    ended = hall.run("identify", "w02-pad", "--port", board.address)
    assert ended.code == 0, (ended.last, ended.rest)
    assert ended.last["node"] == "w02-pad"
    assert "selftest.mpy" not in board.disk.names("")
    eventually(lambda: hall.node("w02-pad")["boot"] > boot, "it goes on as a node afterwards")
    running = hall.begin("logs", "w02-pad", "--port", board.address)
    deadline = time.monotonic() + 30
    while not any("MicroPython" in line or "ets Jul" in line for line in running.rest):
        assert time.monotonic() < deadline, running.rest
        board.press_reset()
        time.sleep(1)
    board.port.unplug()
    assert running.end().code == 12
