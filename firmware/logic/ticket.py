"""The ticket kiosk: it offers services, asks the gateway for tickets, and prints them once.

Rules of printing (a job is queued, sent, then confirmed or doubtful; see `firmware.logic.jobs`):
- one ticket at the printer at a time; nothing is handed to a printer known to be unable (paper out,
  cover open, cutter, offline). A printer that says nothing is not known to be unable;
- ("printed", id) is the only proof. A ticket sent to a printer that then runs out of paper or is
  opened WAITS: the printer keeps it in its buffer, and sending it again would print it twice;
- no proof from a printer not known to be unable for DOUBT_MS: "unknown", never again by itself.
Rules of the screen:
- a touch asks for one ticket; it is refused, and the screen says why for REFUSED_MS, when the
  gateway is not heard, the link is down, the hall is closed or the printer is unable. Nothing is
  promised that cannot be printed now;
- a second touch of the same service within DOUBLE_TOUCH_MS, and any touch while one is being asked
  for, is ignored;
- the condition of the printer is reported when it has changed, one report at a time.
("screen", mode, detail): ready ((code, zh, en, waiting), ...); asking (code,); printing (number,);
paper_out (paper, cover, fault); refused (why,); offline and closed (). MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.jobs import RETRY_MS, STORE_KEY, Jobs
from firmware.logic.timers import earlier, is_due
from protocols.messages.node import Ack, JobResult
from protocols.messages.ticket import KioskWant, PrinterChanged, TicketJob, TicketRequested
from protocols.ticks import ticks_add

WAITING_MAX = 8
DOUBT_MS = 20000
DOUBLE_TOUCH_MS = 1500
REFUSED_MS = 3000

WHY_OFFLINE = "offline"
WHY_CLOSED = "closed"
WHY_PRINTER = "printer"
WHY_FULL = "busy"


class TicketLogic(Logic):
    """State of one kiosk; see the rules above."""

    def __init__(self) -> None:
        self._jobs = Jobs(WAITING_MAX)
        self._want: KioskWant | None = None
        self._fresh = False
        self._link = False
        self._printer: tuple = ("unknown", "unknown", "unknown")  # paper, cover, fault
        self._reported: tuple = ("", "", "")
        self._reporting: PrinterChanged | None = None
        self._report_again_at: int | None = None
        self._doubt_at: int | None = None  # runs only while the printer is able
        self._asking: TicketRequested | None = None
        self._touched = ""
        self._touched_until: int | None = None
        self._why = ""
        self._refused_until: int | None = None
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        effects: list[tuple] = []
        kind = event[0]
        if kind == events.RESTORE:
            self._jobs.restore(event[1].get(STORE_KEY), event[2])
            return effects
        if kind == events.START:
            self._jobs.recover(effects)
        elif kind == events.WANT:
            self._want = event[1]
        elif kind == events.LEASE:
            self._fresh = event[1]
        elif kind == events.LINK:
            self._link = event[1]
        elif kind == events.JOB:
            self._jobs.offer(now_ms, event[1], effects)
        elif kind == events.PRINTED:
            self._printed(event[1], effects)
        elif kind == events.PRINTER:
            self._printer_said(now_ms, (event[1], event[2], event[3]))
        elif kind == events.TOUCH:
            self._expire_touch(now_ms)
            self._touch(now_ms, event[1], effects)
        elif kind == events.ACK:
            self._settled(now_ms, event[1], event[2])
        elif kind == events.FULL:
            self._outbox_was_full(now_ms, event[1])
        self._pass_time(now_ms, effects)
        self._show(effects)
        return effects

    def wake_at(self) -> int | None:
        """When it needs a tick at the latest."""
        deadline = earlier(self._doubt_at, self._touched_until)
        deadline = earlier(deadline, self._refused_until)
        deadline = earlier(deadline, self._report_again_at)
        return earlier(deadline, self._jobs.wake_at())

    def _pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        self._expire_touch(now_ms)
        if is_due(self._refused_until, now_ms):
            self._refused_until = None
        if is_due(self._report_again_at, now_ms):
            self._report_again_at = None
        if is_due(self._doubt_at, now_ms):
            self._doubt_at = None
            self._jobs.finish("unknown", "the printer did not confirm", effects)
        self._jobs.pass_time(now_ms, effects)
        if self._printer_able():
            job = self._jobs.begin(effects)
            if isinstance(job, TicketJob):
                self._doubt_at = ticks_add(now_ms, DOUBT_MS)
                effects.append((events.PRINT, job))
        self._report_printer(effects)

    # ---- printer ----

    def _printer_able(self) -> bool:
        paper, cover, fault = self._printer
        return not (paper == "out" or cover == "open" or fault in ("cutter", "offline"))

    def _printed(self, job_id: str, effects: list[tuple]) -> None:
        current = self._jobs.current
        if current is not None and current.id == job_id:
            self._doubt_at = None
            self._jobs.finish("done", "", effects)

    def _printer_said(self, now_ms: int, printer: tuple) -> None:
        was_able = self._printer_able()
        self._printer = printer
        if self._jobs.current is None:
            return
        if not self._printer_able():
            self._doubt_at = None
        elif not was_able:
            self._doubt_at = ticks_add(now_ms, DOUBT_MS)

    def _report_printer(self, effects: list[tuple]) -> None:
        if self._printer == self._reported or self._reporting or self._report_again_at is not None:
            return
        if self._printer == ("unknown", "unknown", "unknown") and self._reported[0] == "":
            return  # the driver has not spoken yet
        paper, cover, fault = self._printer
        self._reporting = PrinterChanged(paper=paper, cover=cover, fault=fault)
        self._reported = self._printer
        effects.append((events.REPORT, self._reporting))

    # ---- asking for a ticket ----

    def _touch(self, now_ms: int, service: str, effects: list[tuple]) -> None:
        if self._asking is not None:
            return
        if self._touched_until is not None and service == self._touched:
            return
        why = self._why_not(service)
        if why:
            self._refuse(now_ms, why)
            return
        self._touched = service
        self._touched_until = ticks_add(now_ms, DOUBLE_TOUCH_MS)
        self._refused_until = None
        self._asking = TicketRequested(service=service)
        effects.append((events.REPORT, self._asking))

    def _why_not(self, service: str) -> str:
        want = self._want
        if want is None or not self._fresh or not self._link:
            return WHY_OFFLINE
        if not self._printer_able():
            return WHY_PRINTER
        offered = [entry for entry in want.services if entry.code == service]
        return "" if want.open and offered else WHY_CLOSED

    def _expire_touch(self, now_ms: int) -> None:
        if is_due(self._touched_until, now_ms):
            self._touched_until = None

    def _refuse(self, now_ms: int, why: str) -> None:
        self._why = why
        self._refused_until = ticks_add(now_ms, REFUSED_MS)

    def _settled(self, now_ms: int, ack: Ack, report: object) -> None:
        if report is self._reporting:
            self._reporting = None
        elif report is self._asking:
            self._asking = None
            result = ack.first if ack.result == "dup" else ack.result
            if result == "stale" or result == "denied":
                self._refuse(now_ms, ack.why or result)

    def _outbox_was_full(self, now_ms: int, report: object) -> None:
        if isinstance(report, JobResult):
            self._jobs.refused(now_ms, report)
        elif report is self._reporting:
            self._reporting = None
            self._reported = ("", "", "")
            self._report_again_at = ticks_add(now_ms, RETRY_MS)
        elif report is self._asking:
            self._asking = None
            self._touched_until = None
            self._refuse(now_ms, WHY_FULL)

    # ---- screen ----

    def _screen(self) -> tuple:
        if self._refused_until is not None:
            return (events.SCREEN, "refused", (self._why,))
        if not self._printer_able():
            return (events.SCREEN, "paper_out", self._printer)
        current = self._jobs.current
        if current is not None:
            return (events.SCREEN, "printing", (current.number,))
        want = self._want
        if want is None or not self._fresh or not self._link:
            return (events.SCREEN, "offline", ())
        if self._asking is not None:
            return (events.SCREEN, "asking", (self._asking.service,))
        if not want.open:
            return (events.SCREEN, "closed", ())
        services = [(entry.code, entry.zh, entry.en, entry.waiting) for entry in want.services]
        return (events.SCREEN, "ready", tuple(services))

    def _show(self, effects: list[tuple]) -> None:
        screen = self._screen()
        if screen != self._shown:
            self._shown = screen
            effects.append(screen)
