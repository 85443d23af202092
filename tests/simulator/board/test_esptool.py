"""The real esptool, with its own defaults, on the virtual board."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.board.board import Board
from simulator.board.chips import ESP32, ESP32_C3, ESP32_S3, Chip
from simulator.board.image import (
    APPLICATION_AT,
    BOOTLOADER_AT,
    FILES_AT,
    TABLE_AT,
    Segment,
    interpreter_image,
    make_image,
)

pytestmark = pytest.mark.slow

MakeBoard = Callable[..., Board]
Esptool = Callable[..., Any]
Until = Callable[..., Any]


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    """The interpreter as it comes from its makers: one file."""
    path = tmp_path / "ESP32_GENERIC-v1.29.0.bin"
    path.write_bytes(interpreter_image("v1.29.0"))
    return path


@pytest.fixture
def in_loader(make_board: MakeBoard, until: Until) -> Board:
    """An empty board, held in the loader by hand."""
    board = make_board()
    board.start()
    board.press_reset(holding_boot=True)
    assert board.in_loader
    return board


def boots(board: Board) -> bool:
    return board.console.endswith(">>> ")


def test_a_board_from_the_shop_is_flashed_with_the_default_commands_and_boots(
    make_board: MakeBoard, esptool: Esptool, image_file: Path, until: Until
) -> None:
    board = make_board(mac=bytes.fromhex("246f28000102"), chip=replace(ESP32, revision=(1, 1)))
    board.start()
    until(lambda: "invalid header: 0xffffffff" in board.console, "an empty flash does not boot")
    told = esptool(board, "chip-id")
    assert told.code == 0, told.said
    assert "Chip type:          ESP32-D0WD (revision v1.1)" in told.said
    assert "MAC:                24:6f:28:00:01:02" in told.said
    assert "Stub flasher running." in told.said
    done = esptool(board, "--chip", "esp32", "write-flash", "0x1000", str(image_file))
    assert done.code == 0, done.said
    assert "Hash of data verified." in done.said
    until(lambda: boots(board), board.console)
    assert "MicroPython v1.29.0 on" in board.console


def test_every_command_of_a_technician_works_at_the_loader(
    in_loader: Board, esptool: Esptool, image_file: Path, tmp_path: Path
) -> None:
    board, content = in_loader, image_file.read_bytes()
    board.disk.put("main.py", b"print(1)")

    def run(*arguments: str) -> str:
        done = esptool(board, "--chip", "esp32", *arguments, plain=True)
        assert done.code == 0, done.said
        return str(done.said)

    assert "Manufacturer: ef" in run("flash-id")
    assert "Detected flash size: 4MB" in run("flash-id")
    assert "Hash of data verified" in run("write-flash", "0x1000", str(image_file))
    assert "Verification successful" in run("verify-flash", "0x1000", str(image_file))
    assert board.flash.read(BOOTLOADER_AT, len(content)) == content
    back = tmp_path / "back.bin"
    run("read-flash", "0x1000", "0x9000", str(back))
    assert back.read_bytes() == content[:0x9000]
    assert board.disk.get("main.py") == b"print(1)", "the files lie behind the image"
    run("erase-region", hex(FILES_AT), "0x1000")
    assert board.disk.files() == {}
    run("erase-flash")
    assert board.flash.read(0, 4 << 20) == b"\xff" * (4 << 20)
    # The loader in ROM, without the stub.
    assert "Hash of data verified" in run("--no-stub", "write-flash", "0x1000", str(image_file))
    assert board.flash.read(BOOTLOADER_AT, len(content)) == content


@pytest.mark.parametrize(
    ("before", "at", "said"),
    [
        ("", BOOTLOADER_AT, "csum err:"),
        (
            "",
            TABLE_AT,
            "esp_image: image at 0x10000 has invalid magic byte (nothing flashed here?)",
        ),
        ("", APPLICATION_AT + 0x8000, "esp_image: Checksum failed. Calculated"),
        ("v1.28.0", APPLICATION_AT + 0x8000, "esp_image: Checksum failed. Calculated"),
    ],
)
def test_a_cable_pulled_while_flashing_leaves_a_board_that_boots_only_when_flashed_again(
    in_loader: Board,
    esptool: Esptool,
    image_file: Path,
    until: Until,
    before: str,
    at: int,
    said: str,
) -> None:
    board = in_loader
    if before:
        board.flash_interpreter(before)
    write = ("--chip", "esp32", "write-flash", "--no-compress", "0x1000", str(image_file))
    board.unplug_at(at)
    cut = esptool(board, *write, plain=True)
    assert cut.code != 0, cut.said
    board.port.plug()
    board.press_reset()
    until(lambda: board.console.count(said) >= 2, f"{said}, and tries again")
    assert not boots(board)
    board.press_reset(holding_boot=True)
    done = esptool(board, *write, plain=True)
    assert done.code == 0, done.said
    board.press_reset()
    until(lambda: boots(board), board.console[-500:])
    assert "MicroPython v1.29.0 on" in board.console


def test_esptool_killed_while_flashing_is_mended_by_flashing_again(
    in_loader: Board, esptool: Esptool, image_file: Path, until: Until
) -> None:
    board = in_loader
    killed = subprocess.Popen(
        [
            *(sys.executable, "-m", "esptool", "--port", board.plain_address),
            *("--before", "no-reset", "--chip", "esp32"),
            *("write-flash", "--no-compress", "0x1000", str(image_file)),
        ],
        stdout=subprocess.DEVNULL,
    )
    board.flash.on_program.append(lambda start, end: killed.kill())
    assert killed.wait(30) != 0
    board.flash.on_program.clear()
    board.press_reset()
    until(lambda: "csum err:" in board.console, board.console)
    board.press_reset(holding_boot=True)
    write = ("--chip", "esp32", "write-flash", "0x1000", str(image_file))
    assert esptool(board, *write, plain=True).code == 0
    board.press_reset()
    until(lambda: boots(board), board.console[-500:])


@pytest.mark.parametrize(("chip", "name"), [(ESP32_S3, "ESP32-S3"), (ESP32_C3, "ESP32-C3")])
def test_another_chip_is_refused_before_anything_is_written(
    make_board: MakeBoard, esptool: Esptool, image_file: Path, chip: Chip, name: str
) -> None:
    board = make_board(chip=chip)
    board.start()
    board.press_reset(holding_boot=True)
    write = ("--chip", "esp32", "write-flash", "0x1000", str(image_file))
    refused = esptool(board, *write, plain=True)
    assert refused.code != 0
    assert f"This chip is {name}, not ESP32" in refused.said
    assert board.flash.read(0, 0x20000) == b"\xff" * 0x20000


def test_an_image_of_another_chip_does_not_boot(make_board: MakeBoard, until: Until) -> None:
    board = make_board()
    board.flash_interpreter()
    board.flash.erase(APPLICATION_AT, 4096)
    board.flash.program(APPLICATION_AT, make_image(0, [Segment(0, bytes(64))], chip_id=9))
    board.start()
    until(lambda: "mismatch chip ID, expected 0, found 9" in board.console, board.console)


def test_without_auto_reset_the_default_command_says_that_there_is_no_loader(
    make_board: MakeBoard, esptool: Esptool
) -> None:
    board = make_board(auto_reset=False)
    board.flash_interpreter()
    board.start()
    failed = esptool(board, "--connect-attempts", "1", "--chip", "esp32", "chip-id")
    assert failed.code != 0
    assert "Failed to connect to ESP32" in failed.said


def test_a_slow_line_takes_its_time_and_works(
    in_loader: Board, esptool: Esptool, image_file: Path
) -> None:
    board = in_loader
    board.port.bytes_per_s = 20_000
    read = ("--chip", "esp32", "read-flash", "0x1000", "0xC000", str(image_file.with_name("b")))
    slow = esptool(board, *read, plain=True)
    assert slow.code == 0, slow.said
    assert slow.seconds > 0xC000 / 20_000


def test_the_makers_own_tool_accepts_the_image(image_file: Path) -> None:
    info = subprocess.run(
        [sys.executable, "-m", "esptool", "--chip", "esp32", "image-info", str(image_file)],
        capture_output=True,
        text=True,
    )
    assert info.returncode == 0, info.stderr
    assert info.stdout.count("(valid)") == 2
