"""A ticket printer at the level of its bytes, in virtual time: paper, cutter, status, faults.

Bytes written arrive at the speed of the line; real-time commands are answered as they arrive,
even off line and inside image data. The rest waits in the receive buffer and is carried out at
the speed of the mechanism. Off line (cover, paper end, cutter error) nothing is carried out and
nothing is lost: after the repair it goes on. That is why a host that resends gets two tickets.

Fault knobs, plain attributes: `mute`, `bytes_per_second` (None: all at once), `buffer_bytes`,
`dots_per_second`, `cover_open`, `paper_left_mm`, `near_end_mm`, `cutter_jam`, `knows_process_id`
(clones do not), `completions_to_drop`, `completions_to_double`; methods `power_cut`, `power_on`,
`reload_paper`.

Status bits: Epson ESC/POS reference, DLE EOT n, GS a, GS r, GS ( H function 48. A host must keep to
flow control: `room` says what the receive buffer takes (no limit unless `buffer_bytes` is set; it
must hold the longest command, because the model, unlike the real one, takes commands whole).
"""

import re
from collections import deque
from dataclasses import dataclass

from simulator.devices.printer_items import DOTS_PER_MM, Sheet, Step, TextLine
from simulator.devices.printer_page import Page
from simulator.devices.printer_parser import Operation, Parser

HEAD_TO_CUTTER_DOTS = 88
ROOM_UNLIMITED = 1 << 30
_REALTIME = re.compile(rb"\x10([\x04\x05])([\x01-\x04])")
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class PrintedTicket:
    """A piece of paper in somebody's hand. `missing` lists characters printed as boxes."""

    index: int
    printed_ms: int
    cut: str  # "partial" or "full"
    sheet: Sheet
    operations: tuple[Operation, ...]
    missing: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text lines from top to bottom."""
        lines = [placed.item for placed in self.sheet.placed if isinstance(placed.item, TextLine)]
        return "\n".join(line.text for line in lines)

    @property
    def length_mm(self) -> float:
        """Length of the paper."""
        return self.sheet.length / DOTS_PER_MM


class Printer:
    """One printer; call `advance` (or `write`, `read`) with a time that never goes back."""

    def __init__(self, rom: str = "gb2312") -> None:
        self.mute = False
        self.bytes_per_second: int | None = None
        self.buffer_bytes: int | None = None
        self.dots_per_second = 1_200
        self.cover_open = False
        self.near_end_mm = 5_000
        self.cutter_jam = False
        self.knows_process_id = True
        self.completions_to_drop = 0
        self.completions_to_double = 0
        self.powered = True

        self.tickets: list[PrintedTicket] = []
        self.unknown: list[bytes] = []
        self.paper_used_dots = 0
        self._paper_left = 60_000 * DOTS_PER_MM
        self._paper_stop = False
        self._cutter_error = False

        self._parser = Parser()
        self._page = Page(rom, head=HEAD_TO_CUTTER_DOTS)  # a roll is put in up to the cutter
        self._wire: deque[int] = deque()
        self._recent = b""
        self._buffer = bytearray()
        self._steps: deque[Step] = deque()
        self._cut: tuple[int, ...] | None = None
        self._operations: list[Operation] = []
        self._out = bytearray()
        self._asb_mask = 0
        self._asb_last = b""
        self._now_us = 0
        self._wire_us = 0
        self._done_us: int | None = None
        self._was_offline = False

    # --- the rim -------------------------------------------------------------------------

    @property
    def paper_left_mm(self) -> float:
        """Paper on the roll; setting it moves the place where paper ends."""
        return self._paper_left / DOTS_PER_MM

    @paper_left_mm.setter
    def paper_left_mm(self, length_mm: float) -> None:
        self._paper_left = round(length_mm * DOTS_PER_MM)
        self._paper_stop = self._paper_left <= 0

    @property
    def paper_end(self) -> bool:
        """Whether the end sensor sees no paper (less than the next line needs)."""
        return self._paper_stop or self._paper_left <= 0

    @property
    def offline(self) -> bool:
        """Whether the printer refuses to go on."""
        return self.cover_open or self.paper_end or self._cutter_error

    @property
    def waiting_bytes(self) -> int:
        """Bytes on the line or in the receive buffer, not carried out yet."""
        return len(self._wire) + len(self._buffer)

    @property
    def room(self) -> int:
        """How many bytes the printer takes now; a host that sends more breaks flow control."""
        if self.buffer_bytes is None:
            return ROOM_UNLIMITED
        return max(0, self.buffer_bytes - self.waiting_bytes)

    def write(self, data: bytes, now_ms: int) -> None:
        """The host sends bytes; a printer without power hears none."""
        self.advance(now_ms)
        if not self.powered:
            return
        if not self._wire:
            self._wire_us = self._now_us
        self._wire.extend(data)
        self.advance(now_ms)

    def read(self, now_ms: int) -> bytes:
        """What the printer has sent to the host since the last call."""
        self.advance(now_ms)
        data = bytes(self._out)
        self._out.clear()
        return data

    def reload_paper(self, length_mm: float, now_ms: int) -> None:
        """Put in a new roll; printing goes on where it stopped."""
        self.advance(now_ms)
        self.paper_left_mm = length_mm
        self._page.new_roll()
        self.advance(now_ms)

    def power_cut(self, now_ms: int) -> None:
        """Power fails: buffers, modes and pending answers go; what is on paper stays."""
        self.advance(now_ms)
        self.powered = False
        self._wire.clear()
        self._recent = b""
        self._clear_buffers()
        self._out.clear()
        self._parser.reset()
        self._page.reset()
        self._asb_mask = 0
        self._cutter_error = False

    def power_on(self, now_ms: int) -> None:
        """Power is back; the printer waits for bytes."""
        self.advance(now_ms)
        self.powered = True

    def wake_at_ms(self) -> int | None:
        """When something will happen by itself; None when nothing will."""
        times = [time for time in (self._done_us, self._next_arrival_us()) if time is not None]
        return -(-min(times) // 1000) if times else None

    def advance(self, now_ms: int) -> None:
        """Carry out everything up to `now_ms`, in the order of its time."""
        now_us = now_ms * 1000
        if now_us < self._now_us:
            raise ValueError(f"time went back from {self._now_us // 1000} to {now_ms} ms")
        if self._was_offline and not self.offline:
            self._now_us = now_us  # a fault was mended since the last call: go on from now
        self._work()
        while self.powered:
            arrival, done = self._next_arrival_us(), self._done_us
            if done is not None and done <= now_us and (arrival is None or done <= arrival):
                self._now_us = max(self._now_us, done)
                self._finish_step()
            elif arrival is not None and arrival <= now_us:
                self._now_us = max(self._now_us, arrival)
                self._arrive()
            else:
                break
            self._work()
        self._now_us = now_us
        self._was_offline = self.offline

    # --- bytes arriving ------------------------------------------------------------------

    def _next_arrival_us(self) -> int | None:
        if not self._wire:
            return None
        if self.bytes_per_second is None:
            return self._wire_us
        return self._wire_us + _SECOND_US // self.bytes_per_second

    def _arrive(self) -> None:
        if self.bytes_per_second is None:
            data = bytes(self._wire)
            self._wire.clear()
        else:
            data = bytes((self._wire.popleft(),))
        self._wire_us = self._now_us
        self._buffer += data
        seen = self._recent + data
        self._recent = seen[-2:]
        for match in _REALTIME.finditer(seen):
            if match[1] == b"\x04":
                self._send(bytes((self._realtime_status(match[2][0]),)))
            else:
                self._recover(clear=match[2] == b"\x02")

    def _realtime_status(self, question: int) -> int:
        status = 0x12
        if question == 1:
            status |= 0x08 if self.offline else 0
        elif question == 2:
            status |= 0x04 if self.cover_open else 0
            status |= 0x20 if self.paper_end else 0
            status |= 0x40 if self._cutter_error else 0
        elif question == 3:
            status |= 0x08 if self._cutter_error else 0
        else:
            status |= 0x0C if self._near_end() else 0
            status |= 0x60 if self.paper_end else 0
        return status

    def _recover(self, clear: bool) -> None:
        if not self.offline:
            return
        self._cutter_error = False
        if clear:
            self._clear_buffers()

    def _clear_buffers(self) -> None:
        self._buffer.clear()
        self._steps.clear()
        self._cut = None
        self._done_us = None
        self._page.clear_line()

    # --- the mechanism -------------------------------------------------------------------

    def _work(self) -> None:
        """Start whatever can start now, until the mechanism is busy, idle or off line."""
        while self.powered and self._done_us is None and not self.offline:
            if self._steps:
                self._start_step(self._steps[0])
            elif self._cut is not None:
                self._try_cut(self._cut)
            else:
                operation = self._parser.take(self._buffer)
                if operation is None:
                    break
                self._carry_out(operation)
        self._report_changes()

    def _start_step(self, step: Step) -> None:
        if step.dots > self._paper_left:
            self._paper_stop = True
        else:
            self._done_us = self._now_us + step.dots * _SECOND_US // self.dots_per_second

    def _finish_step(self) -> None:
        step = self._steps.popleft()
        self._done_us = None
        self._paper_left -= step.dots
        self.paper_used_dots += step.dots
        self._page.printed(step)

    def _carry_out(self, operation: Operation) -> None:
        name = operation.name
        if not name.startswith("realtime_"):
            self._operations.append(operation)
        if name == "unknown":
            self.unknown.append(operation.data)
        elif name == "cut":
            _, feed, dots = operation.arguments
            self._steps.extend(self._page.flush())
            if feed:
                self._steps.append(Step(HEAD_TO_CUTTER_DOTS + dots))
            self._cut = operation.arguments
        elif name == "process_id":
            self._complete(operation.data)
        elif name == "paper_barrier":
            self._send(bytes((self._paper_bits(),)))
        elif name == "automatic_status":
            self._asb_mask = operation.arguments[0]
            self._asb_last = b""
        else:
            self._steps.extend(self._page.steps(operation))

    def _try_cut(self, cut: tuple[int, ...]) -> None:
        if self.cutter_jam:
            self._cutter_error = True
            return
        self._cut = None
        sheet = self._page.cut(HEAD_TO_CUTTER_DOTS)
        if not sheet.length:
            return
        ticket = PrintedTicket(
            index=len(self.tickets),
            printed_ms=self._now_us // 1000,
            cut="partial" if cut[0] else "full",
            sheet=sheet,
            operations=tuple(self._operations),
            missing=tuple(self._page.missing),
        )
        self._operations.clear()
        self._page.missing.clear()
        self.tickets.append(ticket)

    # --- the way back to the host --------------------------------------------------------

    def _send(self, data: bytes) -> None:
        if not self.mute:
            self._out += data

    def _complete(self, job: bytes) -> None:
        if not self.knows_process_id:
            return
        if self.completions_to_drop:
            self.completions_to_drop -= 1
            return
        self._send(b"\x37\x22" + job + b"\x00")
        if self.completions_to_double:
            self.completions_to_double -= 1
            self._send(b"\x37\x22" + job + b"\x00")

    def _near_end(self) -> bool:
        return self._paper_left <= self.near_end_mm * DOTS_PER_MM

    def _paper_bits(self) -> int:
        return (0x03 if self._near_end() else 0) | (0x0C if self.paper_end else 0)

    def _report_changes(self) -> None:
        """Automatic status: sent when switched on, and at every change of what was asked for."""
        if not self._asb_mask or not self.powered:
            return
        first = 0x10 | (0x08 if self.offline else 0) | (0x20 if self.cover_open else 0)
        second = 0x08 if self._cutter_error else 0
        block = bytes((first, second, self._paper_bits(), 0x0F))
        if block != self._asb_last:
            self._asb_last = block
            self._send(block)
