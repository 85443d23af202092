"""ESC/POS for ticket printers: the dozen-odd commands hallkit sends, and the replies it reads.

Every encoder is a pure function that returns bytes. Text is given as bytes already in
GB18030, because MicroPython has no codecs. Lengths in dots are of 1/8 mm (203 dpi).

Reading back: a `StatusParser` is fed whatever bytes come and returns events. Three rules:
- **Silence is unknown.** Every field of `PrinterStatus` starts as None and goes back to None
  with `forget()`; nothing here ever says "paper ok" without a byte that says so.
- A `DLE EOT n` reply does not carry n: ask one question at a time, through `StatusParser.ask`.
- Stray bytes are dropped and counted, and never taken for an answer that was not asked for.

Sources: Epson ESC/POS reference (GS ( H function 48, DLE EOT, GS a), TM-L90 and SP91 manuals.
"""

import binascii

INIT = b"\x1b@"
CHINESE_ON = b"\x1c&"
CHINESE_OFF = b"\x1c."

LEFT = 0
CENTRE = 1
RIGHT = 2

ASB_ALL = 0x0E  # on-line state, errors, paper; not the cash drawer

STATUS_PRINTER = 1
STATUS_OFFLINE_CAUSE = 2
STATUS_ERROR = 3
STATUS_PAPER = 4

PAPER_OK = "ok"
PAPER_NEAR_END = "near_end"
PAPER_END = "end"

RASTER_LIMIT_BYTES = 65535

_PROCESS_ID_HEADER = 0x37
_PROCESS_ID_KIND = 0x22


def _in_range(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; it must be from {low} to {high}")
    return value


def align(side: int) -> bytes:
    """ESC a: LEFT, CENTRE or RIGHT; counts from the next line."""
    return bytes((0x1B, 0x61, _in_range("side", side, 0, 2)))


def emphasis(on: bool) -> bytes:
    """ESC E: bold strokes."""
    return bytes((0x1B, 0x45, 1 if on else 0))


def inverse(on: bool) -> bytes:
    """GS B: white on black."""
    return bytes((0x1D, 0x42, 1 if on else 0))


def size(width: int, height: int) -> bytes:
    """GS !: character size as whole multiples, each 1 to 8. Counts for Chinese too."""
    _in_range("width", width, 1, 8)
    _in_range("height", height, 1, 8)
    return bytes((0x1D, 0x21, (width - 1) << 4 | (height - 1)))


def line_spacing(dots: int) -> bytes:
    """ESC 3: distance from line to line; a taller character takes its own height."""
    return bytes((0x1B, 0x33, _in_range("dots", dots, 0, 255)))


def feed_lines(lines: int) -> bytes:
    """ESC d: print what is in the line and feed so many lines."""
    return bytes((0x1B, 0x64, _in_range("lines", lines, 0, 255)))


def feed_dots(dots: int) -> bytes:
    """ESC J: print what is in the line and feed so many dots."""
    return bytes((0x1B, 0x4A, _in_range("dots", dots, 0, 255)))


def text(gb18030: bytes) -> bytes:
    """Text that cannot be mistaken for a command: refuses control bytes other than LF."""
    for byte in gb18030:
        if (byte < 0x20 and byte != 0x0A) or byte == 0x7F:
            raise ValueError(f"text has the control byte 0x{byte:02x}; only LF is allowed")
    return bytes(gb18030)


def cut(partial: bool, feed: int) -> bytes:
    """GS V 65/66: feed to the cutter and `feed` dots more, then cut; partial leaves a tab."""
    return bytes((0x1D, 0x56, 66 if partial else 65, _in_range("feed", feed, 0, 255)))


def density(level: int) -> bytes:
    """GS ( K function 49: darkness from -6 (light) to 6 (dark); 0 is the printer's own."""
    _in_range("level", level, -6, 6)
    return bytes((0x1D, 0x28, 0x4B, 2, 0, 49, level & 0xFF))


def qr(data: bytes, module_dots: int) -> bytes:
    """GS ( k: QR model 2, error correction M, printed at the current alignment."""
    if not 1 <= len(data) <= 2000:
        raise ValueError(f"QR data has {len(data)} bytes; it must have from 1 to 2000")
    _in_range("module_dots", module_dots, 1, 16)
    head = b"\x1d(k"
    store = len(data) + 3
    return (
        head
        + b"\x04\x001A2\x00"
        + head
        + bytes((3, 0, 0x31, 0x43, module_dots))
        + head
        + b"\x03\x001E1"
        + head
        + bytes((store & 0xFF, store >> 8, 0x31, 0x50, 0x30))
        + bytes(data)
        + head
        + b"\x03\x001Q0"
    )


def raster(width_bytes: int, rows: int, data: bytes) -> bytes:
    """GS v 0: one bit per dot, most significant bit on the left, rows from the top."""
    _in_range("width_bytes", width_bytes, 1, 255)
    _in_range("rows", rows, 1, 2303)
    if len(data) != width_bytes * rows:
        raise ValueError(f"raster has {len(data)} bytes; {width_bytes} x {rows} are needed")
    return b"\x1dv0\x00" + bytes((width_bytes, 0, rows & 0xFF, rows >> 8)) + bytes(data)


def process_id(job: str) -> bytes:
    """Four printable bytes that stand for a job id of any form (crc32 in base 94)."""
    value = binascii.crc32(job.encode())
    digits = bytearray(4)
    for place in range(4):
        digits[place] = 0x21 + value % 94
        value //= 94
    return bytes(digits)


def process_id_request(job: bytes) -> bytes:
    """GS ( H function 48: the printer answers with these 4 bytes when all before is printed."""
    if len(job) != 4 or min(job) < 0x20 or max(job) > 0x7E:
        raise ValueError(f"process id {job!r} must be 4 bytes from 0x20 to 0x7e")
    return b"\x1d(H\x06\x0000" + bytes(job)


def paper_barrier() -> bytes:
    """GS r 1: answered in order, so never while off line; the weak completion of old printers."""
    return b"\x1dr\x01"


def automatic_status(mask: int) -> bytes:
    """GS a: report changes by themselves; ASB_ALL or 0 for none."""
    return bytes((0x1D, 0x61, _in_range("mask", mask, 0, 255)))


def realtime_status(question: int) -> bytes:
    """DLE EOT n: answered at once, even off line. Prefer `StatusParser.ask`."""
    return bytes((0x10, 0x04, _in_range("question", question, 1, 4)))


def recover_and_restart() -> bytes:
    """DLE ENQ 1: after a cutter error, go on from the line that failed."""
    return b"\x10\x05\x01"


def recover_and_clear() -> bytes:
    """DLE ENQ 2: after an error, throw the buffers away; only when the job is given up."""
    return b"\x10\x05\x02"


class PrinterStatus:
    """What the printer has said. None is "not said", in every field."""

    def __init__(self) -> None:
        self.offline: bool | None = None
        self.cover_open: bool | None = None
        self.stopped_by_paper: bool | None = None
        self.error: bool | None = None
        self.cutter_error: bool | None = None
        self.fatal_error: bool | None = None
        self.paper: str | None = None

    def apply_realtime(self, question: int, byte: int) -> None:
        """Take the reply byte to DLE EOT `question`."""
        if question == STATUS_PRINTER:
            self.offline = bool(byte & 0x08)
        elif question == STATUS_OFFLINE_CAUSE:
            self.cover_open = bool(byte & 0x04)
            self.stopped_by_paper = bool(byte & 0x20)
            self.error = bool(byte & 0x40)
        elif question == STATUS_ERROR:
            self.cutter_error = bool(byte & 0x08)
            self.fatal_error = bool(byte & 0x20)
        else:
            self.paper = _paper(byte & 0x0C, byte & 0x60)

    def apply_automatic(self, block: bytes) -> None:
        """Take the four bytes of an automatic status."""
        self.offline = bool(block[0] & 0x08)
        self.cover_open = bool(block[0] & 0x20)
        self.cutter_error = bool(block[1] & 0x08)
        self.fatal_error = bool(block[1] & 0x20)
        self.error = bool(block[1] & 0x6C)
        self.paper = _paper(block[2] & 0x03, block[2] & 0x0C)
        self.stopped_by_paper = self.paper == PAPER_END


def _paper(near_end: int, end: int) -> str:
    if end:
        return PAPER_END
    return PAPER_NEAR_END if near_end else PAPER_OK


class StatusParser:
    """Bytes from the printer -> events, and the `status` they add up to.

    Events are pairs: ("status", question), ("automatic", None), ("paper", PAPER_...),
    ("done", b"4 bytes"). `stray` counts bytes that were none of these.
    """

    def __init__(self) -> None:
        self.status = PrinterStatus()
        self.stray = 0
        self._question = 0
        self._barrier = False
        self._block = bytearray()

    def ask(self, question: int) -> bytes:
        """The bytes of DLE EOT `question`; its reply is waited for, an earlier one no more."""
        request = realtime_status(question)
        self._question = question
        return request

    def ask_barrier(self) -> bytes:
        """The bytes of GS r 1; its reply is waited for."""
        self._barrier = True
        return paper_barrier()

    def forget(self) -> None:
        """The printer was silent too long or the line broke: all is unknown again."""
        self.status = PrinterStatus()
        self._question = 0
        self._barrier = False
        self.stray += len(self._block)
        self._block = bytearray()

    def feed(self, data: bytes) -> list[tuple[str, object]]:
        """Take bytes in any portions; return the events they complete, in order."""
        events: list[tuple[str, object]] = []
        self._take(data, events)
        return events

    def _take(self, data: bytes, events: list[tuple[str, object]]) -> None:
        for byte in data:
            if self._block:
                self._continue_block(byte, events)
            else:
                self._start(byte, events)

    def _start(self, byte: int, events: list[tuple[str, object]]) -> None:
        if byte == _PROCESS_ID_HEADER or byte & 0x93 == 0x10:
            self._block.append(byte)
        elif byte & 0x93 == 0x12 and self._question:
            question = self._question
            self._question = 0
            self.status.apply_realtime(question, byte)
            events.append(("status", question))
        elif byte & 0x90 == 0 and self._barrier:
            self._barrier = False
            self.status.paper = _paper(byte & 0x03, byte & 0x0C)
            events.append(("paper", self.status.paper))
        else:
            self.stray += 1

    def _continue_block(self, byte: int, events: list[tuple[str, object]]) -> None:
        block = self._block
        if not _continues(block, byte):
            # Its first byte was noise; a true block may start at any byte after it.
            self.stray += 1
            self._block = bytearray()
            self._take(bytes(block[1:]) + bytes((byte,)), events)
            return
        block.append(byte)
        if block[0] == _PROCESS_ID_HEADER:
            if len(block) == 7:
                events.append(("done", bytes(block[2:6])))
                self._block = bytearray()
        elif len(block) == 4:
            self.status.apply_automatic(bytes(block))
            events.append(("automatic", None))
            self._block = bytearray()


def _continues(block: bytearray, byte: int) -> bool:
    """Whether `byte` may stand at this place of a completion or automatic status block."""
    place = len(block)
    if block[0] != _PROCESS_ID_HEADER:
        return byte & 0x90 == 0
    if place == 1:
        return byte == _PROCESS_ID_KIND
    if place == 6:
        return byte == 0
    return 0x20 <= byte <= 0x7E
