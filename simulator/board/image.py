"""Images as an ESP32 boots them: made for tests, and read as loaders read them. Pure.

`interpreter_image(version)` is one file for address 0x1000, laid out like the official MicroPython
.bin for ESP32: second-stage loader, partition table at 0x8000, application at 0x10000. Its code is
filler: what runs is the interpreter of `simulator.vm`. Sources: ESP-IDF, "Application image
format", "Partition tables"; MicroPython ports/esp32/partitions-4MiB.csv.
"""

import hashlib
import random
import struct
from dataclasses import dataclass

BOOTLOADER_AT = 0x1000
TABLE_AT = 0x8000
APPLICATION_AT = 0x10000
FILES_AT = 0x200000  # the file system, of which no byte is in the image
IMAGE_MAGIC = 0xE9
SEGMENTS_MAX = 16
ESP32_CHIP_ID = 0
DESCRIPTION_MAGIC = 0xABCD5432
TABLE_BYTES = 0xC00
ENTRY_MAGIC = 0x50AA
MD5_MAGIC = 0xEBEB

_HEADER = struct.Struct("<BBBBIB3xHBHH4xB")
_ENTRY = struct.Struct("<HBBII16sI")
_DIO, _FLASH_4MB_40MHZ = 2, 0x20
_APP, _DATA = 0, 1
PARTITIONS = (
    ("nvs", _DATA, 0x02, 0x9000, 0x6000),
    ("phy_init", _DATA, 0x01, 0xF000, 0x1000),
    ("factory", _APP, 0x00, APPLICATION_AT, 0x1F0000),
    ("vfs", _DATA, 0x81, FILES_AT, 0x200000),
)


@dataclass(frozen=True)
class Segment:
    """Where its bytes are loaded to, and the bytes."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Partition:
    """A row of the table."""

    label: str
    kind: int
    subtype: int
    offset: int
    size: int


class ImageError(Exception):
    """An image that does not boot; the text is what the loader says of it."""


class ChecksumError(ImageError):
    """`numbers`: calculated and read, as the ROM prints them."""

    def __init__(self, calculated: int, read: int) -> None:
        super().__init__(f"Checksum failed. Calculated {calculated:#x} read {read:#x}")
        self.numbers = f"{calculated:#x}!={read:#x}"


def interpreter_image(version: str = "v1.29.0", code_bytes: int = 120_000) -> bytes:
    """The file for 0x1000. `code_bytes` of it is filler that packs about as badly as code."""
    chance = random.Random(version)
    loader = make_image(
        0x40080400,
        [
            Segment(0x3FFF0030, _filler(chance, 4892)),
            Segment(0x40078000, _filler(chance, 14896)),
            Segment(0x40080400, _filler(chance, 3372)),
        ],
    )
    application = make_image(
        0x40081000,
        [
            # Mapped from flash, so its place in the file is that of its address in a page.
            Segment(0x3F400020, _description(version) + _filler(chance, 8192)),
            Segment(0x40081000, _filler(chance, code_bytes // 4 * 4)),
        ],
    )
    image = bytearray(b"\xff" * (APPLICATION_AT - BOOTLOADER_AT)) + application
    image[: len(loader)] = loader
    table = partition_table()
    image[TABLE_AT - BOOTLOADER_AT : TABLE_AT - BOOTLOADER_AT + len(table)] = table
    return bytes(image)


def make_image(entry: int, segments: list[Segment], chip_id: int = ESP32_CHIP_ID) -> bytes:
    """One image with checksum and appended SHA-256."""
    body = _HEADER.pack(
        IMAGE_MAGIC,
        len(segments),
        _DIO,
        _FLASH_4MB_40MHZ,
        entry,
        0xEE,
        chip_id,
        0,
        0,
        0xFFFF,
        1,
    )
    for segment in segments:
        body += struct.pack("<II", segment.address, len(segment.data)) + segment.data
    body += bytes(15 - len(body) % 16) + bytes((_checksum(segments),))
    return body + hashlib.sha256(body).digest()


def partition_table() -> bytes:
    """The table of the official 4 MB image."""
    rows = b""
    for label, kind, subtype, offset, size in PARTITIONS:
        rows += _ENTRY.pack(ENTRY_MAGIC, kind, subtype, offset, size, label.encode(), 0)
    digest = hashlib.md5(rows, usedforsecurity=False).digest()
    rows += struct.pack("<H", MD5_MAGIC) + b"\xff" * 14 + digest
    return rows + b"\xff" * (TABLE_BYTES - len(rows))


def read_image(flash: bytes | bytearray, start: int, size_max: int) -> list[Segment]:
    """The segments of an image that is whole. Raises ImageError."""
    header = _HEADER.unpack_from(flash, start)
    magic, count, chip_id, hashed = header[0], header[1], header[6], header[10]
    if magic != IMAGE_MAGIC:
        raise ImageError(f"image at {start:#x} has invalid magic byte (nothing flashed here?)")
    if chip_id != ESP32_CHIP_ID:
        raise ImageError(f"mismatch chip ID, expected {ESP32_CHIP_ID}, found {chip_id}")
    if count > SEGMENTS_MAX:
        raise ImageError(f"image at {start:#x} segment count {count} exceeds max {SEGMENTS_MAX}")
    at, segments = start + _HEADER.size, []
    for _ in range(count):
        address, size = struct.unpack_from("<II", flash, at)
        if size % 4 or at + 8 + size > start + size_max:
            raise ImageError(f"invalid segment length {size:#x}")
        segments.append(Segment(address, bytes(flash[at + 8 : at + 8 + size])))
        at += 8 + size
    at += 15 - (at - start) % 16
    calculated, read = _checksum(segments), flash[at]
    if calculated != read:
        raise ChecksumError(calculated, read)
    digest = hashlib.sha256(flash[start : at + 1]).digest()
    if hashed and digest != flash[at + 1 : at + 33]:
        raise ImageError("Image hash failed - image is corrupt")
    return segments


def read_table(flash: bytes | bytearray) -> list[Partition]:
    """The rows of a partition table that is whole. Raises ImageError."""
    found: list[Partition] = []
    checked = False
    for at in range(TABLE_AT, TABLE_AT + TABLE_BYTES, _ENTRY.size):
        magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(flash, at)
        if magic == ENTRY_MAGIC:
            if offset + size > len(flash):
                raise ImageError(
                    f"partition {len(found)} invalid - offset {offset:#x} size {size:#x} "
                    f"exceeds flash chip size {len(flash):#x}"
                )
            name = label.rstrip(b"\0").decode("ascii", "replace")
            found.append(Partition(name, kind, subtype, offset, size))
        elif magic == MD5_MAGIC and not checked:
            digest = hashlib.md5(flash[TABLE_AT:at], usedforsecurity=False).digest()
            if digest != flash[at + 16 : at + 32]:
                raise ImageError("Incorrect MD5 checksum")
            checked = True
        elif (magic, kind, subtype) == (0xFFFF, 0xFF, 0xFF):
            return found
        else:
            raise ImageError(f"partition {len(found)} invalid magic number {magic:#x}")
    raise ImageError("partition table has no terminating entry, not valid")


def read_version(segments: list[Segment]) -> str:
    """The version an application image tells of itself, "" when it tells none."""
    data = segments[0].data if segments else b""
    if len(data) < 48 or struct.unpack_from("<I", data)[0] != DESCRIPTION_MAGIC:
        return ""
    return data[16:48].rstrip(b"\0").decode("utf-8", "replace")


def _description(version: str) -> bytes:
    """esp_app_desc_t: magic, secure version, then texts and the hash of the ELF file."""
    return struct.pack(
        "<II8x32s32s16s16s32s32s80x",
        DESCRIPTION_MAGIC,
        0,
        version.encode(),
        b"micropython",
        b"08:00:00",
        b"Nov 23 2026",
        b"v5.5.1",
        hashlib.sha256(version.encode()).digest(),
    )


def _checksum(segments: list[Segment]) -> int:
    checksum = 0xEF
    for segment in segments:
        for byte in segment.data:
            checksum ^= byte
    return checksum


def _filler(chance: random.Random, size: int) -> bytes:
    """Bytes of which a third come again, so that they pack to about two thirds."""
    block = chance.randbytes(192) + bytes(64)
    return (b"".join(block + chance.randbytes(256) for _ in range(size // 512 + 1)))[:size]
