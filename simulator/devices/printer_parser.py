"""ESC/POS bytes -> operations: what a ticket printer understands, command by command.

The parser is fed from the printer's receive buffer and takes one operation off its front at a
time; it waits when a command is not complete. A byte that starts no known command becomes the
operation "unknown", one byte long: nothing is skipped in silence.
Real-time commands (DLE EOT, DLE ENQ) are answered where bytes arrive, see `printer.py`; here
they are only stepped over, as image data may hold their bytes and must stay whole.

Sources: Epson ESC/POS reference; SP91 manual (Chinese mode at power-on, FS & and FS .).
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One command: `name`, whole-number `arguments`, and `data` (text, image or QR bytes)."""

    name: str
    arguments: tuple[int, ...] = ()
    data: bytes = b""


class NeedMore(Exception):  # noqa: N818  # not an error: the rest has not arrived yet
    """The command at the front of the buffer is not complete."""


Handler = Callable[[bytes], tuple[Operation, int]]

ESC, FS, GS, DLE = 0x1B, 0x1C, 0x1D, 0x10

# Commands of fixed form: prefix -> (name, number of argument bytes).
_FIXED = {
    b"\n": ("line_feed", 0),
    b"\r": ("carriage_return", 0),
    b"\t": ("tab", 0),
    b"\x10\x04": ("realtime_status", 1),
    b"\x10\x05": ("realtime_recover", 1),
    b"\x1b@": ("init", 0),
    b"\x1b!": ("mode", 1),
    b"\x1b-": ("underline", 1),
    b"\x1b2": ("default_spacing", 0),
    b"\x1b3": ("spacing", 1),
    b"\x1bE": ("emphasis", 1),
    b"\x1bG": ("double_strike", 1),
    b"\x1bJ": ("feed_dots", 1),
    b"\x1bM": ("font", 1),
    b"\x1bR": ("character_set", 1),
    b"\x1ba": ("align", 1),
    b"\x1bd": ("feed_lines", 1),
    b"\x1bp": ("drawer", 3),
    b"\x1bt": ("code_page", 1),
    b"\x1c!": ("chinese_mode_bits", 1),
    b"\x1c&": ("chinese_on", 0),
    b"\x1c.": ("chinese_off", 0),
    b"\x1c-": ("chinese_underline", 1),
    b"\x1cS": ("chinese_spacing", 2),
    b"\x1cW": ("chinese_quadruple", 1),
    b"\x1d!": ("size", 1),
    b"\x1dB": ("inverse", 1),
    b"\x1dL": ("left_margin", 2),
    b"\x1dW": ("print_width", 2),
    b"\x1da": ("automatic_status", 1),
    b"\x1dr": ("paper_barrier", 1),
}

_CUT_FULL = (0, 48)
_CUT_PARTIAL = (1, 49)
_FEED_CUT_FULL = 65
_FEED_CUT_PARTIAL = 66


def _need(buffer: bytes | bytearray, length: int) -> None:
    if len(buffer) < length:
        raise NeedMore


def _cut(buffer: bytes) -> tuple[Operation, int]:
    """GS V: (partial 0 or 1, feed to the cutter 0 or 1, dots more)."""
    _need(buffer, 3)
    kind = buffer[2]
    if kind in _CUT_FULL + _CUT_PARTIAL:
        return Operation("cut", (int(kind in _CUT_PARTIAL), 0, 0)), 3
    if kind in (_FEED_CUT_FULL, _FEED_CUT_PARTIAL):
        _need(buffer, 4)
        return Operation("cut", (int(kind == _FEED_CUT_PARTIAL), 1, buffer[3])), 4
    return Operation("unknown", (), buffer[:1]), 1


def _raster(buffer: bytes) -> tuple[Operation, int]:
    """GS v 0: (bytes a row, rows, width factor, height factor)."""
    _need(buffer, 8)
    mode, columns, rows = buffer[3], _word(buffer, 4), _word(buffer, 6)
    if buffer[2] != 0x30 or mode & ~0x33 or not columns or not rows:
        return Operation("unknown", (), buffer[:1]), 1
    end = 8 + columns * rows
    _need(buffer, end)
    factors = (1 + (mode & 1), 1 + (mode >> 1 & 1))
    return Operation("raster", (columns, rows, *factors), buffer[8:end]), end


def _column_image(buffer: bytes) -> tuple[Operation, int]:
    """ESC *: (mode, columns); 8 or 24 dots high."""
    _need(buffer, 5)
    mode, columns = buffer[2], _word(buffer, 3)
    if mode not in (0, 1, 32, 33):
        return Operation("unknown", (), buffer[:1]), 1
    end = 5 + columns * (3 if mode & 32 else 1)
    _need(buffer, end)
    return Operation("column_image", (mode, columns), buffer[5:end]), end


def _extended(buffer: bytes) -> tuple[Operation, int]:
    """GS ( x pL pH ...: QR code, process id, density; others are known by length only."""
    _need(buffer, 5)
    end = 5 + _word(buffer, 3)
    _need(buffer, end)
    kind, body = buffer[2:3], buffer[5:end]
    if kind == b"k" and body[:1] == b"1" and len(body) >= 3:
        name = {0x41: "qr_model", 0x43: "qr_module", 0x45: "qr_correction", 0x50: "qr_store"}
        if body[1] == 0x51:
            return Operation("qr_print"), end
        if body[1] == 0x50:
            return Operation("qr_store", (), body[3:]), end
        if body[1] in name:
            return Operation(name[body[1]], (body[2],)), end
    if kind == b"H" and body[:2] == b"00" and len(body) == 6:
        return Operation("process_id", (), body[2:]), end
    if kind == b"K" and len(body) == 2 and body[0] in (1, 49):
        return Operation("density", (body[1] - 256 if body[1] > 127 else body[1],)), end
    return Operation("unknown", (), buffer[:end]), end


def _tab_stops(buffer: bytes) -> tuple[Operation, int]:
    """ESC D n1 ... NUL."""
    end = buffer.find(0, 2)
    if end < 0:
        if len(buffer) > 2 + 32:
            return Operation("unknown", (), buffer[:1]), 1
        raise NeedMore
    return Operation("tab_stops", tuple(buffer[2:end])), end + 1


_VARIABLE: dict[bytes, Handler] = {
    b"\x1b*": _column_image,
    b"\x1bD": _tab_stops,
    b"\x1d(": _extended,
    b"\x1dV": _cut,
    b"\x1dv": _raster,
}


def _word(buffer: bytes, place: int) -> int:
    return buffer[place] | buffer[place + 1] << 8


class Parser:
    """Keeps what decides how bytes are cut into characters: Chinese mode."""

    def __init__(self) -> None:
        self.chinese = True

    def reset(self) -> None:
        """Power-on or ESC @: the printer is a Chinese one and wakes in Chinese mode."""
        self.chinese = True

    def take(self, buffer: bytearray) -> Operation | None:
        """Take the operation at the front of `buffer`, or None when it is not complete."""
        if not buffer:
            return None
        try:
            operation, length = self._parse(buffer)
        except NeedMore:
            return None
        del buffer[:length]
        if operation.name in ("init", "chinese_on"):
            self.chinese = True
        elif operation.name == "chinese_off":
            self.chinese = False
        return operation

    def _parse(self, buffer: bytearray) -> tuple[Operation, int]:
        first = buffer[0]
        if first >= 0x20 and first != 0x7F:
            return self._text(buffer)
        if first not in (DLE, ESC, FS, GS):
            fixed = _FIXED.get(bytes(buffer[:1]))
            return (Operation(fixed[0]), 1) if fixed else _unknown(buffer)
        _need(buffer, 2)
        prefix = bytes(buffer[:2])
        if prefix in _VARIABLE:
            return _VARIABLE[prefix](bytes(buffer))
        if prefix not in _FIXED:
            return _unknown(buffer)
        name, count = _FIXED[prefix]
        _need(buffer, 2 + count)
        return Operation(name, tuple(buffer[2 : 2 + count])), 2 + count

    def _text(self, buffer: bytearray) -> tuple[Operation, int]:
        """A run of characters; stops before a control byte or half a character."""
        place = 0
        while place < len(buffer):
            length = self._character_length(buffer, place)
            if length == 0:
                break
            place += length
        if place == 0:
            raise NeedMore
        return Operation("text", (int(self.chinese),), bytes(buffer[:place])), place

    def _character_length(self, buffer: bytearray, place: int) -> int:
        first = buffer[place]
        if first < 0x20 or first == 0x7F:
            return 0
        if not self.chinese or first < 0x81 or first == 0xFF:
            return 1
        if place + 1 >= len(buffer):
            return 0
        if 0x30 <= buffer[place + 1] <= 0x39:
            return 4 if place + 3 < len(buffer) else 0
        return 2 if buffer[place + 1] >= 0x40 else 1


def _unknown(buffer: bytearray) -> tuple[Operation, int]:
    return Operation("unknown", (), bytes(buffer[:1])), 1
