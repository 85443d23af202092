"""The loader in ROM, byte by byte: SLIP frames, commands, and what a NOR flash does."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest

from simulator.board.chips import ESP32, ESP32_S3
from simulator.board.flash_chip import FlashChip
from simulator.board.rom import Rom
from simulator.board.slip import Deframer, frame

MAC = bytes.fromhex("246f28000102")


class Host:
    """Asks a loader, and takes its answers apart."""

    def __init__(self, rom: Rom) -> None:
        self.rom = rom

    def ask(self, command: int, data: bytes = b"", checksum: int = 0) -> list[bytes]:
        """The frames that come back."""
        packet = struct.pack("<BBHI", 0, command, len(data), checksum) + data
        return Deframer().feed(self.rom.feed(frame(packet)))

    def status(self, command: int, data: bytes = b"", checksum: int = 0) -> tuple[int, int]:
        """(failed, code) of the first answer."""
        answer = self.ask(command, data, checksum)[0]
        at = -2 if self.rom.is_stub else -4
        return answer[at], answer[at + 1]

    def value(self, command: int, data: bytes = b"") -> int:
        """The number in the head of the first answer."""
        found: int = struct.unpack_from("<I", self.ask(command, data)[0], 4)[0]
        return found

    def block(self, command: int, content: bytes, seq: int = 0) -> tuple[int, int]:
        """A block of data with its checksum."""
        checksum = 0xEF
        for byte in content:
            checksum ^= byte
        return self.status(
            command, struct.pack("<IIII", len(content), seq, 0, 0) + content, checksum
        )

    def load_stub(self) -> list[bytes]:
        """As esptool does it; the frames that answer the last command."""
        self.ask(0x05, struct.pack("<IIII", 4, 1, 0x1800, 0x40080000))
        self.block(0x07, b"stub")
        return self.ask(0x06, struct.pack("<II", 0, 0x40080000))


@pytest.fixture
def flash() -> FlashChip:
    return FlashChip()


@pytest.fixture
def host(flash: FlashChip) -> Host:
    return Host(Rom(ESP32, MAC, flash))


def test_a_frame_of_the_data_sheet_of_slip() -> None:
    assert frame(b"\x01\xc0\xdb\x02") == bytes.fromhex("c0 01 db dc db dd 02 c0")


@pytest.mark.parametrize("cut", range(1, 12))
def test_frames_come_out_whole_however_the_line_cuts_them(cut: int) -> None:
    line = b"noise" + frame(b"\xdb\xc0\xdd") + frame(b"\xdc")
    deframer = Deframer()
    assert deframer.feed(line[:cut]) + deframer.feed(line[cut:]) == [b"\xdb\xc0\xdd", b"\xdc"]


def test_a_loader_answers_eight_times_to_be_found(host: Host) -> None:
    assert len(host.ask(0x08, b"\x07\x07\x12\x20" + 32 * b"\x55")) == 8


def test_chip_mac_and_flash_tell_who_they_are(host: Host) -> None:
    assert host.value(0x0A, struct.pack("<I", 0x40001000)) == 0x00F01D83
    assert host.value(0x0A, struct.pack("<I", 0x3FF5A004)) == 0x28000102
    assert host.value(0x0A, struct.pack("<I", 0x3FF5A008)) == 0x246F
    assert host.status(0x14) == (1, 5), "this ROM has no such command"
    write = 0x09
    host.ask(write, struct.pack("<IIII", 0x3FF42024, 0x7000009F, 0xFFFFFFFF, 0))
    host.ask(write, struct.pack("<IIII", 0x3FF42000, 1 << 18, 0xFFFFFFFF, 0))
    assert host.value(0x0A, struct.pack("<I", 0x3FF42080)) == 0x1640EF
    other = Host(Rom(ESP32_S3, MAC, FlashChip()))
    assert struct.unpack_from("<I", other.ask(0x14)[0], 8 + 12)[0] == 9


def test_the_stub_answers_only_when_all_of_it_has_come(host: Host) -> None:
    host.ask(0x05, struct.pack("<IIII", 8, 2, 0x1800, 0x40080000))
    host.block(0x07, b"half")
    assert len(host.ask(0x06, struct.pack("<II", 0, 0x40080000))) == 1
    assert not host.rom.is_stub
    host.block(0x07, b"rest")
    assert host.ask(0x06, struct.pack("<II", 0, 0x40080000))[1] == b"OHAI"
    assert host.rom.is_stub


def test_a_block_with_a_bad_checksum_is_refused_and_not_written(
    host: Host, flash: FlashChip
) -> None:
    host.ask(0x02, struct.pack("<IIII", 4096, 4, 1024, 0x1000))
    assert host.status(0x03, struct.pack("<IIII", 4, 0, 0, 0) + b"data", 1) == (1, 7)
    assert flash.read(0x1000, 4) == b"\xff" * 4
    assert host.block(0x03, b"data") == (0, 0)
    assert flash.read(0x1000, 4) == b"data"


def test_the_rom_erases_all_at_first_and_the_stub_as_it_writes(
    host: Host, flash: FlashChip
) -> None:
    flash.program(0, bytes(0x6000))
    host.ask(0x02, struct.pack("<IIII", 0x2000, 8, 1024, 0x1000))
    assert flash.read(0x0FFF, 0x2002) == b"\0" + b"\xff" * 0x2000 + b"\0"
    host.load_stub()
    packed = zlib.compress(b"\x55" * 0x1800)
    begin = struct.pack("<IIII", 0x3000, 1, 0x4000, 0x3000)
    assert host.status(0x10, begin) == (0, 0)
    assert flash.read(0x3000, 0x3000) == bytes(0x3000)
    assert host.block(0x11, packed) == (0, 0)
    expected = b"\x55" * 0x1800 + b"\xff" * 0x800 + bytes(0x1000)
    assert flash.read(0x3000, 0x3000) == expected
    md5 = host.ask(0x13, struct.pack("<IIII", 0x3000, 0x3000, 0, 0))[0][8:24]
    assert md5 == hashlib.md5(expected, usedforsecurity=False).digest()


def test_garbage_for_a_compressed_block_is_refused(host: Host) -> None:
    host.load_stub()
    host.ask(0x10, struct.pack("<IIII", 0x1000, 1, 0x4000, 0x3000))
    assert host.block(0x11, b"not zlib") == (1, 0x0B)


@pytest.mark.parametrize("command", [0xD0, 0xD1, 0xD2, 0x77])
def test_what_only_the_stub_or_nobody_knows_is_refused_by_the_rom(host: Host, command: int) -> None:
    assert host.status(command, struct.pack("<IIII", 0, 4096, 4096, 1)) == (1, 5)


@pytest.mark.parametrize("command", [0x02, 0x0E, 0x13])
def test_what_lies_outside_the_flash_is_refused(host: Host, command: int) -> None:
    outside = struct.pack("<IIII", 4096, 1, 4096, 4 << 20)
    if command != 0x02:
        outside = struct.pack("<IIII", 4 << 20, 4096, 0, 0)
    assert host.status(command, outside) == (1, 6)


def test_reading_waits_for_the_host_to_keep_up(host: Host, flash: FlashChip) -> None:
    content = bytes(range(256)) * 64
    flash.program(0, content)
    host.load_stub()
    frames = host.ask(0xD2, struct.pack("<IIII", 0, len(content), 4096, 2))
    assert b"".join(frames[1:]) == content[:8192], "two blocks in flight"
    more = Deframer().feed(host.rom.feed(frame(struct.pack("<I", 4096))))
    assert more == [content[8192:12288]]
    Deframer().feed(host.rom.feed(frame(struct.pack("<I", 8192))))
    last = Deframer().feed(host.rom.feed(frame(struct.pack("<I", len(content)))))
    assert last == [hashlib.md5(content, usedforsecurity=False).digest()]


def test_a_write_without_an_erase_clears_bits_only(flash: FlashChip) -> None:
    flash.program(0, b"\x0f")
    flash.program(0, b"\xf5")
    assert flash.read(0, 1) == b"\x05"
    flash.erase(5, 1)
    assert flash.read(0, 1) == b"\xff"
