"""One ticket printer as a conversation, without input and output: what to send, what is known.

Rules:
- nothing is believed but what the printer says. Silence is "unknown"; no connection is "offline",
  and nothing is said about paper and cover then. Only a printer that has told why it stopped in the
  middle of a ticket may be silent: its buffer is full and it reads no questions;
- a ticket is printed when the printer says so: by its process id, or, for printers that have none,
  by the answer to a barrier that it executes in order;
- a ticket whose bytes were not begun when the connection broke is sent after the next connection.
  One that was begun is never sent again: nobody knows what of it is on paper. After the next
  connection the printer is filled up with zeros until any half command is complete, reset, and the
  paper is cut, so that no ticket stands on the remains of another;
- a question (DLE EOT) is asked one at a time, and never while a ticket is being sent: in an image
  it would be dots. Automatic status tells of paper and cover meanwhile;
- what was handed to a slow line is not at the printer yet: silence counts from when it is.
Times are wrapped ticks.
"""

from dataclasses import dataclass

from firmware.logic import events
from firmware.logic.timers import earlier, is_due
from protocols.peripherals import escpos
from protocols.ticks import ticks_add, ticks_diff

ANSWER_MS = 1000
POLL_BUSY_MS = 1000
POLL_IDLE_MS = 5000
DEAD_MS = 15_000
# The longest command of a ticket in the printer's fonts, and of one that is a picture.
FILL_TEXT = 300
FILL_PICTURE = 17_400
_PICTURE_FROM = 4_000
_REMEMBERED = 4

PROCESS_ID = "process-id"
BARRIER = "barrier"
COMPLETIONS = (PROCESS_ID, BARRIER)

_QUESTIONS = (
    escpos.STATUS_PRINTER,
    escpos.STATUS_OFFLINE_CAUSE,
    escpos.STATUS_ERROR,
    escpos.STATUS_PAPER,
)
_PAPER = {
    escpos.PAPER_OK: "ok",
    escpos.PAPER_NEAR_END: "low",
    escpos.PAPER_END: "out",
    None: "unknown",
}
UNKNOWN = ("unknown", "unknown", "unknown")
UNREACHABLE = ("unknown", "unknown", "offline")


@dataclass
class _Ticket:
    """A ticket given to print; `start` is where it begins in all bytes of this connection."""

    job_id: str
    data: bytes
    start: int = 0


class PrinterSession:
    """`remains`: whether a ticket of an earlier run may stand unfinished in the printer;
    `bytes_per_second` of a serial line, None: so fast that it does not matter.
    """

    def __init__(
        self,
        completion: str = PROCESS_ID,
        remains: bool = False,
        bytes_per_second: int | None = None,
    ) -> None:
        if completion not in COMPLETIONS:
            raise ValueError(f"completion {completion!r}: it must be one of {COMPLETIONS}")
        self._completion = completion
        self._bytes_per_second = bytes_per_second
        self._line_free_at: int | None = None  # what was sent is at the printer then
        self._fill = FILL_PICTURE if remains else 0
        self._up = False
        self._parser = escpos.StatusParser()
        self._out = bytearray()
        self._written = 0  # bytes of this connection handed over
        self._ticket: _Ticket | None = None  # the latest, until it is printed
        self._ids: list[tuple[bytes, str]] = []  # (process id, job) of the last tickets
        self._questions: list[int] = []  # still to ask in this round
        self._silent_at: int | None = None  # when the question under way counts as unanswered
        self._poll_at: int | None = None
        self._heard_at: int | None = None  # the last answer of this connection
        self._told: tuple[str, str, str] | None = None
        self._events: list[tuple[object, ...]] = []

    @property
    def output(self) -> bytes:
        """What is to be sent next; tell `sent` how much of it was."""
        return bytes(self._out)

    @property
    def busy(self) -> bool:
        """Whether a ticket is not yet known to be printed."""
        return self._ticket is not None

    @property
    def sending(self) -> str:
        """The job whose bytes are not all sent yet, or ""."""
        ticket = self._ticket
        return ticket.job_id if ticket is not None and self._up and self._out else ""

    def take_events(self) -> list[tuple[object, ...]]:
        """("printer", paper, cover, fault) at every change, ("printed", job)."""
        happened = self._events
        self._events = []
        return happened

    # ---- the line ----

    def connected(self, now_ms: int) -> None:
        """The line is open."""
        self._up = True
        self._parser = escpos.StatusParser()
        self._heard_at = self._line_free_at = None
        self._written = 0
        self._out = bytearray(bytes(self._fill) + escpos.INIT)
        if self._fill:
            self._out += escpos.cut(partial=True, feed=24)
            self._fill = 0
        self._out += escpos.automatic_status(escpos.ASB_ALL)
        if self._ticket is not None:
            self._queue(self._ticket)
        self._poll_at = now_ms

    def disconnected(self) -> None:
        """The line is closed, or could not be opened."""
        ticket = self._ticket
        if self._up and ticket is not None and self._written > ticket.start:
            self._fill = FILL_PICTURE if len(ticket.data) > _PICTURE_FROM else FILL_TEXT
            self._ticket = None
        self._up = False
        self._out = bytearray()
        self._parser.forget()
        self._questions = []
        self._silent_at = self._poll_at = None
        self._tell(UNREACHABLE)

    def sent(self, now_ms: int, count: int) -> None:
        """So many bytes of `output` are out of our hands."""
        del self._out[:count]
        self._written += count
        if self._bytes_per_second is not None:
            on_its_way_ms = -(-count * 1000 // self._bytes_per_second)
            self._line_free_at = ticks_add(self._there_at(now_ms), on_its_way_ms)
            if self._silent_at is not None:  # a question
                self._silent_at = ticks_add(self._line_free_at, ANSWER_MS)
            elif self._heard_at is not None:
                self._heard_at = self._line_free_at  # it could not be heard meanwhile

    def _there_at(self, now_ms: int) -> int:
        """When the printer has everything that was sent: now, or later."""
        free_at = self._line_free_at
        return now_ms if free_at is None or is_due(free_at, now_ms) else free_at

    def receive(self, now_ms: int, data: bytes) -> None:
        """Bytes from the printer, cut anyhow."""
        for kind, value in self._parser.feed(data):
            self._heard_at = now_ms
            if kind == "status":
                self._silent_at = None
                if self._questions:
                    self._ask(now_ms)
                else:
                    self._tell_condition()
                    self._poll_later(now_ms)
            elif kind == "automatic":
                self._tell_condition()
            elif kind == "paper":
                self._barrier_passed()
            elif kind == "done":
                self._completed(value)

    # ---- printing ----

    def print(self, job_id: str, data: bytes) -> None:
        """Print this ticket; its bytes end with the request for its process id.

        A ticket that was given before and not begun is dropped: who gives a new one has given
        that one up.
        """
        ticket = _Ticket(job_id, data)
        before, self._ticket = self._ticket, ticket
        if before is not None and self._up and self._written <= before.start:
            self._out = self._out[: before.start - self._written]
        self._ids = [*self._ids, (escpos.process_id(job_id), job_id)][-_REMEMBERED:]
        if self._up:
            self._queue(ticket)

    def _queue(self, ticket: _Ticket) -> None:
        ticket.start = self._written + len(self._out)
        self._out += ticket.data
        if self._completion == BARRIER:
            self._out += self._parser.ask_barrier()

    def _completed(self, process_id: object) -> None:
        for known, job_id in self._ids:
            if known == process_id:
                self._printed(job_id)
                return

    def _barrier_passed(self) -> None:
        if self._ticket is not None:
            self._printed(self._ticket.job_id)

    def _printed(self, job_id: str) -> None:
        self._ids = [known for known in self._ids if known[1] != job_id]
        if self._ticket is not None and self._ticket.job_id == job_id:
            self._ticket = None
        self._events.append((events.PRINTED, job_id))

    # ---- status ----

    def wake(self, now_ms: int) -> None:
        """Time has passed."""
        if is_due(self._silent_at, now_ms):
            self._silent_at = None
            self._questions = []
            self._parser.forget()
            if not self._stopped_in_ticket():
                self._tell(UNKNOWN)
            self._poll_later(now_ms)
        if is_due(self._poll_at, now_ms):
            if self._out:
                self._poll_later(now_ms)
            else:
                self._poll_at = None
                self._questions = list(_QUESTIONS)
                self._ask(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is wanted."""
        return earlier(self._silent_at, self._poll_at)

    def is_dead(self, now_ms: int) -> bool:
        """It answered on this connection and has been silent since: better dial again."""
        if self._heard_at is None or self._told != UNKNOWN:
            return False
        return ticks_diff(now_ms, self._heard_at) >= DEAD_MS

    def _ask(self, now_ms: int) -> None:
        if self._out:
            # A ticket was given meanwhile; the rest of the questions is asked after it.
            self._questions = []
            self._poll_later(now_ms)
            return
        self._out += self._parser.ask(self._questions.pop(0))
        self._silent_at = ticks_add(self._there_at(now_ms), ANSWER_MS)

    def _poll_later(self, now_ms: int) -> None:
        calm = self._ticket is None and self._told is not None and self._told[2] == "none"
        self._poll_at = ticks_add(now_ms, POLL_IDLE_MS if calm else POLL_BUSY_MS)

    def _tell_condition(self) -> None:
        status = self._parser.status
        paper = "out" if status.stopped_by_paper else _PAPER[status.paper]
        cover = {True: "open", False: "closed", None: "unknown"}[status.cover_open]
        self._tell((paper, cover, self._fault(paper, cover)))

    def _fault(self, paper: str, cover: str) -> str:
        status = self._parser.status
        if status.cutter_error or status.fatal_error or status.error:
            return "cutter"
        if status.cutter_error is None or status.offline is None:
            return "unknown"
        explained = paper == "out" or cover == "open"
        return "offline" if status.offline and not explained else "none"

    def _stopped_in_ticket(self) -> bool:
        if self._ticket is None or self._told is None:
            return False
        return self._told[0] == "out" or self._told[1] == "open" or self._told[2] == "cutter"

    def _tell(self, condition: tuple[str, str, str]) -> None:
        if condition != self._told:
            self._told = condition
            self._events.append((events.PRINTER, *condition))
