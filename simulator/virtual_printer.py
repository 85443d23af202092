"""The kiosk on its node's pins: a touch screen, and a ticket printer driven by bytes.

The printer has its own supply: it goes on printing while its node restarts. The conversation with
it is the Pi's own (`firmware.drivers.pi.printer_session`); which job is at the printer is kept over
a restart of the node, as the driver keeps it.
"""

from collections.abc import Callable

from firmware.drivers.pi.printer_session import PrinterSession
from protocols.messages.ticket import TicketJob
from protocols.peripherals import escpos
from protocols.ticks import TICKS_MASK, ticks_diff
from simulator.devices.printer import PrintedTicket, Printer
from simulator.virtual_devices import Device, Effect, Input
from simulator.virtual_time import Timeline

COPY_MARK = "补打"
FEED_DOTS = 24
ROLL_MM = 80_000.0


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
        self._session: PrinterSession | None = None  # None while the node is off
        self._open_job = ""
        self._papers = 0
        self._wake_ms: int | None = None
        self._looking = False

    # ---- people and faults ----

    def touch(self, service: str) -> None:
        """A finger on the field of a service."""
        if self.on_touch is not None:
            self.on_touch(service)
        self.tell(("touch", service))

    def break_printer(self, how: str) -> None:
        """paper: the roll ends; cover: opened; jam; silent: answers nothing; printer_off."""
        printer, now_ms = self.printer, self.timeline.now_ms
        printer.advance(now_ms)
        if how == "paper":
            printer.paper_left_mm = 0
        elif how == "cover":
            printer.cover_open = True
        elif how == "jam":
            printer.cutter_jam = True
        elif how == "silent":
            printer.mute = True
        elif printer.powered:
            printer.power_cut(now_ms)
            if self._session is not None:
                self._session.disconnected()
        self._look()

    def mend_printer(self, how: str) -> None:
        """Somebody puts it right."""
        printer, now_ms = self.printer, self.timeline.now_ms
        printer.advance(now_ms)
        if how == "paper":
            printer.reload_paper(ROLL_MM, now_ms)
        elif how == "cover":
            printer.cover_open = False
        elif how == "jam":
            printer.cutter_jam = False
            self._switch_off_and_on()  # what clears the error of a cutter
        elif how == "silent":
            printer.mute = False
        elif not printer.powered:
            self._switch_off_and_on()
        self._look()

    def mend(self) -> None:
        """Put everything right that is wrong."""
        printer = self.printer
        wrong = (
            ("paper", printer.paper_left_mm <= 0),
            ("cover", printer.cover_open),
            ("jam", printer.cutter_jam),
            ("silent", printer.mute),
            ("printer_off", not printer.powered),
        )
        for how, is_wrong in wrong:
            if is_wrong:
                self.mend_printer(how)

    def _switch_off_and_on(self) -> None:
        if self.printer.powered:
            self.printer.power_cut(self.timeline.now_ms)
            if self._session is not None:
                self._session.disconnected()
        self.printer.power_on(self.timeline.now_ms)
        # Whoever mends it presses the button that feeds and cuts, and takes what hangs out.
        self.printer.write(escpos.cut(True, FEED_DOTS), self.timeline.now_ms)
        if self._session is not None:
            self._session.connected(self._ticks())

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
        self._session = PrinterSession(remains=bool(self._open_job))
        self.printer.read(self.timeline.now_ms)
        if self.printer.powered:
            self._session.connected(self._ticks())
        else:
            self._session.disconnected()
        # What it answers is told after the start.
        self.timeline.after(0, self._look)
        return []

    def power_off(self) -> None:
        self._session = None
        self.screen, self.detail = "dark", ()
        self.on_change()

    def seen(self) -> str:
        return f"{self.screen} {self.detail}" if self.screen != "ready" else "ready"

    # ---- driver ----

    def _print(self, job: TicketJob) -> None:
        if self._session is not None:
            self._open_job = job.id
            self._session.print(job.id, ticket_bytes(job))
            # Later: the node is in the middle of handing over its effects.
            self.timeline.after(0, self._look)

    def _look(self) -> None:
        """Carry bytes to and fro, tell the node what came of it, and come back when it is time."""
        if self._looking:
            return
        self._looking = True
        session, now_ms = self._session, self.timeline.now_ms
        if session is None:
            self.printer.advance(now_ms)
            self._see_paper()
        else:
            self._talk(session, now_ms)
        self._looking = False
        self._plan_wake()

    def _talk(self, session: PrinterSession, now_ms: int) -> None:
        while True:
            output = session.output
            if output:
                session.sent(self._ticks(), len(output))
                self.printer.write(output, now_ms)
            said = self.printer.read(now_ms)
            self._see_paper()
            if said:
                session.receive(self._ticks(), said)
            for event in session.take_events():
                if event[0] == "printed" and not session.busy:
                    self._open_job = ""
                self.tell(event)
            if not said and not session.output:
                return

    def _plan_wake(self) -> None:
        now_ms = self.timeline.now_ms
        wake_ms = self.printer.wake_at_ms()
        tick = None if self._session is None else self._session.wake_at()
        if tick is not None:
            due_ms = now_ms + ticks_diff(tick, self._ticks())
            wake_ms = due_ms if wake_ms is None else min(due_ms, wake_ms)
        if wake_ms is not None and (self._wake_ms is None or wake_ms < self._wake_ms):
            self._wake_ms = max(wake_ms, now_ms + 1)
            self.timeline.at(self._wake_ms, self._wake, self._wake_ms)

    def _wake(self, planned_ms: int) -> None:
        if planned_ms != self._wake_ms:
            return
        self._wake_ms = None
        session = self._session
        if session is not None:
            tick = session.wake_at()
            if tick is not None and ticks_diff(self._ticks(), tick) >= 0:
                session.wake(self._ticks())
        self._look()

    def _see_paper(self) -> None:
        while self._papers < len(self.printer.tickets):
            ticket = self.printer.tickets[self._papers]
            self._papers += 1
            self._came_out(ticket)

    def _came_out(self, ticket: PrintedTicket) -> None:
        if self.on_paper is not None:
            for number, again in read_paper(ticket.text):
                self.on_paper(number, again)

    def _ticks(self) -> int:
        return self.timeline.now_ms & TICKS_MASK


def ticket_bytes(job: TicketJob) -> bytes:
    """A plain ticket: hall time, service, the number in large type, a mark on copies, a cut."""

    def line(text: str) -> bytes:
        return escpos.text(text.encode("gb18030")) + escpos.feed_lines(1)

    body = escpos.INIT + escpos.CHINESE_ON + escpos.align(escpos.CENTRE)
    body += line(job.service_zh)
    body += escpos.size(4, 4) + line(job.number) + escpos.size(1, 1)
    if job.copy:
        body += line(COPY_MARK)
    ahead = "离线取号" if job.ahead is None else f"前面还有 {job.ahead} 人"
    body += line(ahead) + line(job.issued)
    body += escpos.process_id_request(escpos.process_id(job.id))
    return body + escpos.cut(True, FEED_DOTS)


def read_paper(text: str) -> list[tuple[str, bool]]:
    """(number, marked as a copy) as a person reads them off a piece of paper.

    Mostly one; none on remains that were cut off, two when the cut between them was lost.
    """
    found: list[tuple[str, bool]] = []
    for line in text.split("\n"):
        word = line.strip()
        if len(word) == 4 and word[0].isalpha() and word[1:].isdigit():
            found.append((word, False))
        elif word == COPY_MARK and found:
            found[-1] = (found[-1][0], True)
    return found
