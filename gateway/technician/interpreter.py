"""The interpreter image of a kind of chip: checked once by its hash, then kept and found again.

    DATA/interpreters/SHA256.bin     the image as its maker gave it
                      chips.json     {"esp32": {"sha256": ..., "name": ...}}

What a board has is compared by region: a chip writes into its data partitions (calibration), which
lie within the image, and must not be taken for a bad copy because of that. Sources: ESP-IDF,
"Application image format" (magic, chip id) and "Partition tables".
"""

import hashlib
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boards.chips import ESP32
from gateway.durable import replace_file

FOLDER = "interpreters"
IMAGE_BYTES_MAX = 16 << 20
# Where the image of a chip begins in its flash, and the id of the chip in its header.
STARTS = {ESP32: 0x1000}
CHIP_IDS = {ESP32: 0}
_MAGIC = 0xE9
_CHIP_ID_AT = 12
_TABLE_AT = 0x8000
_TABLE_BYTES = 0xC00
_ENTRY = struct.Struct("<HBBII16sI")
_ENTRY_MAGIC = 0x50AA
_TYPE_DATA = 1

Region = tuple[int, int]  # where it begins in the flash, bytes


class ImageError(Exception):
    """No image, or not the right one; the text says which file to get and how to give it."""


@dataclass(frozen=True)
class Image:
    """An interpreter for one kind of chip."""

    chip: str
    name: str
    sha256: str
    data: bytes

    @property
    def start(self) -> int:
        """Where it begins in the flash."""
        return STARTS[self.chip]


def check_image(chip: str, name: str, data: bytes, sha256: str) -> Image:
    """The image, if it is whole and for this chip. Raises ImageError."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256.lower():
        raise ImageError(
            f"{name}：校验和不符，请重新下载 · has sha256 {found}, not {sha256}: download it again"
        )
    if len(data) > IMAGE_BYTES_MAX or len(data) < _CHIP_ID_AT + 2 or data[0] != _MAGIC:
        raise ImageError(f"{name}：不是固件映像 · is no image of a chip: take the .bin file")
    [chip_id] = struct.unpack_from("<H", data, _CHIP_ID_AT)
    if chip_id != CHIP_IDS[chip]:
        raise ImageError(f"{name}：不是 {chip} 的映像 · is for another chip than {chip}")
    return Image(chip, name, found, data)


def image_from_file(chip: str, path: Path, sha256: str) -> Image:
    """The image in a file. Raises ImageError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"--image {path}: {error.strerror}") from error
    return check_image(chip, path.name, data, sha256)


def remember_image(folder: Path, image: Image) -> None:
    """Keep it for the next board of its chip. Raises ImageError."""
    kept = folder / FOLDER
    known = _known(folder)
    known[image.chip] = {"sha256": image.sha256, "name": image.name}
    try:
        replace_file(kept / f"{image.sha256}.bin", image.data, 0o644)
        replace_file(kept / "chips.json", json.dumps(known, indent=1).encode() + b"\n", 0o644)
    except OSError as error:
        raise ImageError(f"{kept} cannot be written: {error.strerror}") from error


def recall_image(folder: Path, chip: str) -> Image:
    """The image that was used last for this chip, checked anew. Raises ImageError."""
    row = _known(folder).get(chip)
    if row is None:
        raise ImageError(
            f"第一次请给出解释器映像 · give the interpreter of {chip} once: the official "
            f"MicroPython .bin, with --image FILE --sha256 HEX"
        )
    path = folder / FOLDER / f"{row['sha256']}.bin"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}: give it again with --image") from error
    return check_image(chip, row["name"], data, row["sha256"])


def regions(image: Image) -> list[Region]:
    """The parts of the flash that must be as in the image."""
    end = image.start + len(image.data)
    found: list[Region] = []
    at = image.start
    for start, size in [*_data_partitions(image), (end, 0)]:
        stop = min(start, end)
        if stop > at:
            found.append((at, stop - at))
        at = max(at, start + size)
    return found


def expected_md5(image: Image, region: Region) -> str:
    """The MD5 (the loader's own check) of a region as it must be."""
    at = region[0] - image.start
    return hashlib.md5(image.data[at : at + region[1]]).hexdigest()  # noqa: S324  # not for secrecy


def _data_partitions(image: Image) -> list[Region]:
    at = _TABLE_AT - image.start
    table = image.data[at : at + _TABLE_BYTES]
    found = []
    for place in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, _, start, size, _, _ = _ENTRY.unpack_from(table, place)
        if magic != _ENTRY_MAGIC:
            break
        if kind == _TYPE_DATA:
            found.append((start, size))
    return sorted(found)


def _known(folder: Path) -> dict[str, Any]:
    path = folder / FOLDER / "chips.json"
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {error}: delete it") from error
    return known
