"""The loader in a chip's ROM, and the stub that esptool loads into RAM. Sans-IO: bytes in, out.

The stub's code is not run, only counted: once all of it has come the answers are the stub's. It
erases as it writes, so a download cut short leaves the rest of the flash as it was; the ROM erases
all at the beginning. Source: Espressif, esptool, "Serial Protocol" (commands, status bytes).
"""

import hashlib
import struct
import zlib
from collections.abc import Callable

from simulator.board.chips import SPI_USER_START, Chip
from simulator.board.flash_chip import JEDEC_ID, FlashChip
from simulator.board.slip import Deframer, frame

STUB_GREETING = b"OHAI"
SYNC_ANSWERS = 8
SLOW_READ_BYTES = 64
_ROM_SYNC_VALUE = 0x20120707
_CHECKSUM_START = 0xEF
_INVALID, _FAILED, _BAD_CHECKSUM, _BAD_DEFLATE = 0x05, 0x06, 0x07, 0x0B
# Commands of a SPI flash that a host sends by hand: identity, and the status registers.
_SPI_ANSWERS = {0x9F: int.from_bytes(JEDEC_ID, "little")}


class _RefusedError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Writer:
    """A download into the flash, plain or compressed."""

    def __init__(self, flash: FlashChip, at: int, inflate: bool, erased_to: int) -> None:
        self._flash = flash
        self._at = at
        self._erased_to = erased_to
        self._inflater = zlib.decompressobj() if inflate else None

    def write(self, data: bytes) -> None:
        if self._inflater is not None:
            try:
                data = self._inflater.decompress(data)
            except zlib.error:
                raise _RefusedError(_BAD_DEFLATE) from None
        end = self._at + len(data)
        if end > self._erased_to:
            self._flash.erase(self._erased_to, end - self._erased_to)
            self._erased_to = -(-end // 4096) * 4096
        self._flash.program(self._at, data)
        self._at = end


class _Reader:
    """What READ_FLASH of the stub still has to send, as the host acknowledges."""

    def __init__(self, data: bytes, block_bytes: int, in_flight: int) -> None:
        self._data = data
        self._block_bytes = block_bytes
        self._window_bytes = in_flight * block_bytes
        self._sent = 0

    def more(self, acknowledged: int) -> tuple[list[bytes], bool]:
        """Packets that may go now, and whether all has arrived."""
        packets = []
        limit = min(len(self._data), acknowledged + self._window_bytes)
        while self._sent < limit:
            packets.append(self._data[self._sent : self._sent + self._block_bytes])
            self._sent += len(packets[-1])
        done = acknowledged >= len(self._data)
        if done:
            packets.append(hashlib.md5(self._data, usedforsecurity=False).digest())
        return packets, done


class Rom:
    """One stay in the loader. `leaving`: the host asks to "restart" it, or to "run" the program."""

    def __init__(self, chip: Chip, mac: bytes, flash: FlashChip) -> None:
        self.is_stub = False
        self.leaving: str | None = None
        self._chip = chip
        self._flash = flash
        self._registers = chip.registers(mac)
        self._deframer = Deframer()
        self._writer: _Writer | None = None
        self._reader: _Reader | None = None
        self._ram_missing = 0
        self._commands: dict[int, Callable[[bytes], tuple[int, bytes]]] = {
            0x02: self._flash_begin,
            0x03: self._flash_data,
            0x04: self._flash_end,
            0x05: self._ram_begin,
            0x06: self._ram_end,
            0x07: self._ram_data,
            0x09: self._write_register,
            0x0A: self._read_register,
            0x0B: self._nothing,  # SPI_SET_PARAMS
            0x0D: self._nothing,  # SPI_ATTACH
            0x0E: self._read_slow,
            0x0F: self._nothing,  # CHANGE_BAUDRATE: the line has no rate of its own
            0x10: self._deflate_begin,
            0x11: self._flash_data,
            0x12: self._flash_end,
            0x13: self._md5,
            0x14: self._security,
            0xD0: self._erase_all,
            0xD1: self._erase_region,
            0xD2: self._read_fast,
        }

    def feed(self, data: bytes) -> bytes:
        """What the chip answers."""
        return b"".join(self._take(packet) for packet in self._deframer.feed(data))

    def _take(self, packet: bytes) -> bytes:
        if self._reader is not None and len(packet) == 4:
            return self._send_more(struct.unpack("<I", packet)[0])
        if len(packet) < 8 or packet[0] != 0:
            return b""
        command, size, checksum = struct.unpack_from("<xBHI", packet)
        data = packet[8 : 8 + size]
        if command == 0x08:
            value = 0 if self.is_stub else _ROM_SYNC_VALUE
            return self._answer(command, value) * SYNC_ANSWERS
        if command in (0x03, 0x07, 0x11) and _checksum(data[16:]) != checksum & 0xFF:
            return self._answer(command, error=_BAD_CHECKSUM)
        try:
            carry_out = self._commands.get(command)
            if carry_out is None or (command >= 0xD0 and not self.is_stub):
                raise _RefusedError(_INVALID)
            value, body = carry_out(data)
        except _RefusedError as refusal:
            return self._answer(command, error=refusal.code)
        except (ValueError, struct.error):
            return self._answer(command, error=_FAILED)
        answer = self._answer(command, value, body)
        if command == 0x06 and self._ram_missing == 0:
            self.is_stub = True
            answer += frame(STUB_GREETING)
        if command == 0xD2:
            answer += self._send_more(0)
        return answer

    def _answer(self, command: int, value: int = 0, body: bytes = b"", error: int = 0) -> bytes:
        status = bytes((1 if error else 0, error)) + (b"" if self.is_stub else b"\0\0")
        data = body + status
        return frame(struct.pack("<BBHI", 1, command, len(data), value) + data)

    # ---- registers ----

    def _nothing(self, _: bytes) -> tuple[int, bytes]:
        return 0, b""

    def _read_register(self, data: bytes) -> tuple[int, bytes]:
        return self._registers.get(struct.unpack("<I", data)[0], 0), b""

    def _write_register(self, data: bytes) -> tuple[int, bytes]:
        chip = self._chip
        for address, value, mask, _ in struct.iter_unpack("<IIII", data):
            old = self._registers.get(address, 0)
            self._registers[address] = old & ~mask | value & mask
            if address == chip.spi_base and value & SPI_USER_START:
                command = self._registers.get(chip.spi_base + chip.spi_command, 0) & 0xFF
                self._registers[chip.spi_base + chip.spi_data] = _SPI_ANSWERS.get(command, 0)
                self._registers[address] = 0  # done at once
        return 0, b""

    def _security(self, _: bytes) -> tuple[int, bytes]:
        if self._chip.number is None:
            raise _RefusedError(_INVALID)
        return 0, struct.pack("<IB7xII", 0, 0, self._chip.number, 0)

    # ---- RAM ----

    def _ram_begin(self, data: bytes) -> tuple[int, bytes]:
        self._ram_missing += struct.unpack_from("<I", data)[0]
        return 0, b""

    def _ram_data(self, data: bytes) -> tuple[int, bytes]:
        self._ram_missing -= len(data) - 16
        return 0, b""

    def _ram_end(self, _: bytes) -> tuple[int, bytes]:
        return 0, b""

    # ---- flash ----

    def _begin(self, data: bytes, inflate: bool) -> tuple[int, bytes]:
        size, _, _, start = struct.unpack_from("<IIII", data)
        if start + size > len(self._flash.data):
            raise _RefusedError(_FAILED)
        erased_to = start // 4096 * 4096
        if not self.is_stub and size:
            self._flash.erase(start, size)
            erased_to = -(-(start + size) // 4096) * 4096
        self._writer = _Writer(self._flash, start, inflate, erased_to)
        return 0, b""

    def _flash_begin(self, data: bytes) -> tuple[int, bytes]:
        return self._begin(data, inflate=False)

    def _deflate_begin(self, data: bytes) -> tuple[int, bytes]:
        return self._begin(data, inflate=True)

    def _flash_data(self, data: bytes) -> tuple[int, bytes]:
        if self._writer is None:
            raise _RefusedError(_FAILED)
        self._writer.write(data[16:])
        return 0, b""

    def _flash_end(self, data: bytes) -> tuple[int, bytes]:
        self._writer = None
        # A reset by software leaves the strapping pins as they were read: in the loader again.
        if struct.unpack_from("<I", data)[0] == 0:
            self.leaving = "restart"
        elif not self.is_stub:
            self.leaving = "run"
        return 0, b""

    def _md5(self, data: bytes) -> tuple[int, bytes]:
        start, size = struct.unpack_from("<II", data)
        digest = hashlib.md5(self._flash.read(start, size), usedforsecurity=False)
        return 0, digest.digest() if self.is_stub else digest.hexdigest().encode()

    def _read_slow(self, data: bytes) -> tuple[int, bytes]:
        if self.is_stub:
            raise _RefusedError(_INVALID)
        start, size = struct.unpack_from("<II", data)
        found = self._flash.read(start, min(size, SLOW_READ_BYTES))
        return 0, found + bytes(SLOW_READ_BYTES - len(found))

    def _erase_all(self, _: bytes) -> tuple[int, bytes]:
        self._flash.erase(0, len(self._flash.data))
        return 0, b""

    def _erase_region(self, data: bytes) -> tuple[int, bytes]:
        self._flash.erase(*struct.unpack_from("<II", data))
        return 0, b""

    def _read_fast(self, data: bytes) -> tuple[int, bytes]:
        start, size, block_bytes, in_flight = struct.unpack_from("<IIII", data)
        self._reader = _Reader(self._flash.read(start, size), block_bytes, in_flight)
        return 0, b""

    def _send_more(self, acknowledged: int) -> bytes:
        assert self._reader is not None
        packets, done = self._reader.more(acknowledged)
        if done:
            self._reader = None
        return b"".join(frame(packet) for packet in packets)


def _checksum(data: bytes) -> int:
    checksum = _CHECKSUM_START
    for byte in data:
        checksum ^= byte
    return checksum
