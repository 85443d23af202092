"""What an ESP32 accepts as an image, and what its loader says of one that is torn."""

from __future__ import annotations

import pytest

from simulator.board import bootloader
from simulator.board.chips import ESP32
from simulator.board.image import (
    APPLICATION_AT,
    BOOTLOADER_AT,
    TABLE_AT,
    ImageError,
    interpreter_image,
    read_table,
)


@pytest.fixture
def flash() -> bytearray:
    """A chip with the interpreter on it."""
    found = bytearray(b"\xff" * (4 << 20))
    image = interpreter_image("v1.29.0")
    found[BOOTLOADER_AT : BOOTLOADER_AT + len(image)] = image
    return found


def said(flash: bytearray) -> str:
    start = bootloader.start(ESP32, flash, bootloader.POWER_ON)
    assert start.version is None, start.said
    return start.said.splitlines()[-1]


def test_a_whole_flash_boots_and_tells_its_version(flash: bytearray) -> None:
    start = bootloader.start(ESP32, flash, bootloader.POWER_ON)
    assert start.version == "v1.29.0"
    assert start.said.startswith(
        "ets Jul 29 2019 12:21:46\n\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\n"
    )
    assert start.said.endswith("entry 0x40080400\n")


def test_the_table_is_that_of_the_official_image(flash: bytearray) -> None:
    rows = [(row.label, row.offset, row.size) for row in read_table(flash)]
    assert rows == [
        ("nvs", 0x9000, 0x6000),
        ("phy_init", 0xF000, 0x1000),
        ("factory", 0x10000, 0x1F0000),
        ("vfs", 0x200000, 0x200000),
    ]


@pytest.mark.parametrize(
    ("at", "size", "text"),
    [
        (BOOTLOADER_AT, 0x1000, "invalid header: 0xffffffff"),
        (BOOTLOADER_AT + 0x1000, 0x1000, "ets_main.c 371 "),
        (TABLE_AT, 0x1000, "E (94) boot: No bootable app partitions in the partition table"),
        (APPLICATION_AT, 0x1000, "E (94) boot: No bootable app partitions in the partition table"),
    ],
)
def test_a_sector_that_was_erased_keeps_it_from_booting(
    flash: bytearray, at: int, size: int, text: str
) -> None:
    flash[at : at + size] = b"\xff" * size
    assert said(flash) == text


@pytest.mark.parametrize("step", range(40))
def test_a_byte_changed_anywhere_in_the_application_keeps_it_from_booting(
    flash: bytearray, step: int
) -> None:
    size = len(interpreter_image("v1.29.0")) - (APPLICATION_AT - BOOTLOADER_AT)
    at = APPLICATION_AT + step * (size - 1) // 39
    flash[at] ^= 0x10
    assert "No bootable app" in said(flash)


def test_two_changes_that_cancel_out_in_the_checksum_are_found_by_the_hash(
    flash: bytearray,
) -> None:
    for at in (0x1000, 0x1010):
        flash[APPLICATION_AT + at] ^= 1
    start = bootloader.start(ESP32, flash, bootloader.POWER_ON)
    assert "esp_image: Image hash failed - image is corrupt" in start.said


def test_a_row_that_is_none_is_named(flash: bytearray) -> None:
    flash[TABLE_AT + 32 : TABLE_AT + 64] = bytes(32)
    start = bootloader.start(ESP32, flash, bootloader.POWER_ON)
    assert start.said.splitlines()[-3:] == [
        "E (29) flash_parts: partition 1 invalid magic number 0x0",
        "E (30) boot: Failed to verify partition table",
        "E (31) boot: load partition table error!",
    ]


def test_a_table_with_a_wrong_md5_is_refused(flash: bytearray) -> None:
    flash[TABLE_AT + 12] ^= 1
    with pytest.raises(ImageError, match="Incorrect MD5 checksum"):
        read_table(flash)
