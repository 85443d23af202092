"""The kiosk on its node's pins: a touch screen, and a ticket printer driven by bytes.

The printer has its own supply: it goes on printing while its node restarts, and only the driver's
memory of which job it printed is lost. The driver asks for a completion after each ticket (GS ( H)
and lets the printer report its condition by itself (GS a).
"""

from collections.abc import Callable

from protocols.messages.ticket import TicketJob
from protocols.peripherals import escpos
from simulator.devices.printer import PrintedTicket, Printer
from simulator.virtual_devices import Device, Effect, Input
from simulator.virtual_time import Timeline

COPY_MARK = "补打"
FEED_DOTS = 24
ROLL_MM = 80_000.0
PAPER_WORDS = {"ok": "ok", "near_end": "low", "end": "out", None: "unknown"}


class KioskDevice(Device):
    """Screen and printer of a kiosk."""

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        super().__init__(timeline, tell)
        self.screen = "dark"
        self.detail: tuple[object, ...] = ()
        self.printer = Printer()
        self.printer.paper_left_mm = ROLL_MM
        self.on_touch: Callable[[str], None] | None = None
        self.on_paper: Callable[[str, bool], None] | None = None
        self._status = escpos.StatusParser()
        self._jobs: dict[bytes, str] = {}
        self._job_count = 0
        self._papers = 0
        self._wake_ms: int | None = None
        self._running = False

    # ---- people and faults ----

    def touch(self, service: str) -> None:
        """A finger on the field of a service."""
        if self.on_touch is not None:
            self.on_touch(service)
        self.tell(("touch", service))

    def paper_out(self) -> None:
        """The roll ends."""
        self.printer.paper_left_mm = 0
        self._look()

    def new_roll(self) -> None:
        """Somebody puts paper in."""
        self.printer.reload_paper(ROLL_MM, self.timeline.now_ms)
        self._look()

    def set_cover(self, is_open: bool) -> None:
        """Somebody opens or closes the cover."""
        self.printer.advance(self.timeline.now_ms)
        self.printer.cover_open = is_open
        self._look()

    # ---- node ----

    def apply(self, effect: Effect) -> None:
        if effect[0] == "screen":
            self.screen, self.detail = effect[1], effect[2]
            self.on_change()
        elif effect[0] == "print":
            self._print(effect[1])
        else:
            super().apply(effect)

    def power_on(self) -> list[Effect]:
        self._running = True
        self._status = escpos.StatusParser()
        self.printer.read(self.timeline.now_ms)
        self.printer.write(escpos.automatic_status(escpos.ASB_ALL), self.timeline.now_ms)
        # What it answers is told after the start.
        self.timeline.after(0, self._look)
        return []

    def power_off(self) -> None:
        self._running = False
        self._jobs.clear()
        self.screen, self.detail = "dark", ()
        self.on_change()

    def seen(self) -> str:
        return f"{self.screen} {self.detail}" if self.screen != "ready" else "ready"

    # ---- driver ----

    def _print(self, job: TicketJob) -> None:
        self._job_count += 1
        tag = b"%04d" % (self._job_count % 10_000)
        self._jobs[tag] = job.id
        self.printer.write(ticket_bytes(job) + escpos.process_id_request(tag), self.timeline.now_ms)
        self._look()

    def _look(self) -> None:
        """Take what the printer did and said up to now, and come back when it does more."""
        now_ms = self.timeline.now_ms
        said = self.printer.read(now_ms)
        while self._papers < len(self.printer.tickets):
            self._came_out(self.printer.tickets[self._papers])
            self._papers += 1
        if self._running:
            for kind, value in self._status.feed(said):
                if kind == "automatic":
                    self.tell(("printer", *self._condition()))
                elif kind == "done" and isinstance(value, bytes) and value in self._jobs:
                    self.tell(("printed", self._jobs.pop(value)))
        wake_ms = self.printer.wake_at_ms()
        if wake_ms is not None and (self._wake_ms is None or wake_ms < self._wake_ms):
            self._wake_ms = max(wake_ms, now_ms + 1)
            self.timeline.at(self._wake_ms, self._wake, self._wake_ms)

    def _wake(self, planned_ms: int) -> None:
        if planned_ms == self._wake_ms:
            self._wake_ms = None
            self._look()

    def _condition(self) -> tuple[str, str, str]:
        status = self._status.status
        cover = (
            "unknown" if status.cover_open is None else "open" if status.cover_open else "closed"
        )
        fault = "unknown" if status.cutter_error is None else "none"
        if status.cutter_error:
            fault = "cutter"
        return PAPER_WORDS[status.paper], cover, fault

    def _came_out(self, ticket: PrintedTicket) -> None:
        if self.on_paper is not None:
            number, again = read_paper(ticket.text)
            self.on_paper(number, again)


def ticket_bytes(job: TicketJob) -> bytes:
    """A plain ticket: hall time, service, the number in large type, a mark on copies, a cut."""

    def line(text: str) -> bytes:
        return escpos.text(text.encode("gb18030")) + escpos.feed_lines(1)

    body = escpos.INIT + escpos.CHINESE_ON + escpos.align(escpos.CENTRE)
    body += line(job.service_zh)
    body += escpos.size(4, 4) + line(job.number) + escpos.size(1, 1)
    if job.copy:
        body += line(COPY_MARK)
    body += line(f"前面还有 {job.ahead} 人") + line(job.issued)
    return body + escpos.cut(True, FEED_DOTS)


def read_paper(text: str) -> tuple[str, bool]:
    """(number, marked as a copy) as a person reads them off a ticket."""
    number = ""
    for line in text.split("\n"):
        word = line.strip()
        if len(word) == 4 and word[0].isalpha() and word[1:].isdigit():
            number = word
    return number, COPY_MARK in text
