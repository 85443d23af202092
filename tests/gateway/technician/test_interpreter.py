"""The interpreter: checked by its hash, kept for the next board, compared where it counts."""

import hashlib
from pathlib import Path

import pytest

from gateway.technician.interpreter import (
    ImageError,
    check_image,
    expected_md5,
    image_from_file,
    recall_image,
    regions,
    remember_image,
)
from simulator.board.image import interpreter_image

DATA = interpreter_image("v1.29.0")
SHA256 = hashlib.sha256(DATA).hexdigest()


def test_an_image_is_remembered_and_found_by_its_chip(tmp_path: Path) -> None:
    file = tmp_path / "ESP32_GENERIC.bin"
    file.write_bytes(DATA)
    remember_image(tmp_path / "data", image_from_file("esp32", file, SHA256.upper()))
    file.unlink()
    image = recall_image(tmp_path / "data", "esp32")
    assert (image.data, image.name, image.sha256) == (DATA, "ESP32_GENERIC.bin", SHA256)
    assert image.start == 0x1000


def test_without_one_the_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"--image FILE --sha256 HEX"):
        recall_image(tmp_path, "esp32")


def test_a_kept_image_that_has_changed_is_refused(tmp_path: Path) -> None:
    remember_image(tmp_path, check_image("esp32", "x.bin", DATA, SHA256))
    [kept] = (tmp_path / "interpreters").glob("*.bin")
    kept.write_bytes(DATA[:-1] + b"\0")
    with pytest.raises(ImageError, match="download it again"):
        recall_image(tmp_path, "esp32")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<html>", "no image"),
        (b"\xe9" * 4, "no image"),
        (DATA[:12] + b"\x09\x00" + DATA[14:], "another chip"),  # an ESP32-S3
    ],
)
def test_what_is_no_image_for_the_chip_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ImageError, match=problem):
        check_image("esp32", "x.bin", data, hashlib.sha256(data).hexdigest())


def test_a_wrong_hash_is_refused_before_anything_else() -> None:
    with pytest.raises(ImageError, match="not " + "0" * 64):
        check_image("esp32", "x.bin", DATA, "0" * 64)


def test_what_a_chip_keeps_within_the_image_is_not_compared() -> None:
    image = check_image("esp32", "x.bin", DATA, SHA256)
    compared = regions(image)
    # nvs and phy_init, 0x9000..0x10000, are the chip's own; loader, table, application are not.
    assert compared == [(0x1000, 0x8000), (0x10000, 0x1000 + len(DATA) - 0x10000)]
    for start, size in compared:
        part = DATA[start - 0x1000 : start - 0x1000 + size]
        assert expected_md5(image, (start, size)) == hashlib.md5(part).hexdigest()


def test_an_image_without_a_table_is_compared_whole() -> None:
    data = b"\xe9" + bytes(11) + b"\0\0" + b"x" * 5000
    image = check_image("esp32", "x.bin", data, hashlib.sha256(data).hexdigest())
    assert regions(image) == [(0x1000, len(data))]
