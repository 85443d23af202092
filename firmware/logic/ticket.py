"""The ticket kiosk: it offers services, asks the gateway for tickets, and prints them once.

Rules of printing (a job is queued, sent, then confirmed or doubtful; see `firmware.logic.jobs`):
- one ticket at the printer at a time; nothing is handed to a printer known to be unable (paper out,
  cover open, cutter, offline). A printer that says nothing is not known to be unable;
- ("printed", id) is the only proof. A ticket sent to a printer that then runs out of paper or is
  opened WAITS: the printer keeps it in its buffer, and sending it again would print it twice;
- no proof from a printer not known to be unable for DOUBT_MS, counted from the last byte it took:
  "unknown", never again by itself.
Rules of the screen:
- a touch asks for one ticket; it is refused, and the screen says why for REFUSED_MS, when the
  gateway is not heard, the link is down, the hall is closed or the printer is unable. Nothing is
  promised that cannot be printed now;
- while the gateway is not heard the kiosk gives out the numbers of its reserve (see reserve.py),
  once the hall is known to be open; not while a ticket asked for may still come (UNSURE_MS);
- a second touch of the same service within DOUBLE_TOUCH_MS, and any touch while one is being asked
  for, is ignored;
- a ticket that the printer confirmed is offered to its holder for TAKE_MS, unless the next one is
  printing; a touch meanwhile is a touch as always;
- the condition of the printer is reported when it has changed, one report at a time;
- identified, the screen shows the node; a touch counts as ever, and ends it.
("screen", mode, detail, paper): ready ((code, zh, en, waiting), ...); reserve ((code, zh, en,
left), ...); asking (code,); printing and printed (number,); paper_out (paper, cover, fault, number
that waits in the printer or ""); refused (why,); identify (node,); offline and closed (). `paper`
is what the printer says of it, a word of PrinterChanged. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.identify import Identify
from firmware.logic.jobs import RETRY_MS, STORE_KEY, Jobs
from firmware.logic.reserve import STORE_KEY as RESERVE_KEY
from firmware.logic.reserve import Reserve
from firmware.logic.timers import earlier, is_due
from protocols.messages.node import Ack, JobResult
from protocols.messages.ticket import (
    KioskService,
    KioskWant,
    PrinterChanged,
    ReserveJob,
    ReserveTicket,
    ReserveWanted,
    TicketJob,
    TicketRequested,
)
from protocols.ticks import ticks_add

WAITING_MAX = 8
DOUBT_MS = 20000
DOUBLE_TOUCH_MS = 1500
REFUSED_MS = 3000
# The gateway takes no request older than this, whatever its hall file says.
UNSURE_MS = 62000
TAKE_MS = 4000

WHY_OFFLINE = "offline"
WHY_CLOSED = "closed"
WHY_PRINTER = "printer"
WHY_FULL = "busy"


class TicketLogic(Logic):
    """State of one kiosk; see the rules above."""

    def __init__(self) -> None:
        self._jobs = Jobs(WAITING_MAX)
        self._reserve = Reserve()
        self._want: KioskWant | None = None
        self._fresh = False
        self._link = False
        self._printer: tuple = ("unknown", "unknown", "unknown")  # paper, cover, fault
        self._reported: tuple = ("", "", "")
        self._reporting: PrinterChanged | None = None
        self._report_again_at: int | None = None
        self._doubt_at: int | None = None  # runs only while the printer is able
        self._asking: TicketRequested | None = None
        self._sure_at: int | None = None  # when what is asked for can no longer come
        self._touched = ""
        self._touched_until: int | None = None
        self._why = ""
        self._refused_until: int | None = None
        self._identify = Identify()
        self._taking = ""  # the number that lies in the slot
        self._taking_until: int | None = None
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        effects: list[tuple] = []
        kind = event[0]
        if kind == events.RESTORE:
            self._jobs.restore(event[1].get(STORE_KEY), event[2])
            self._reserve.restore(event[1].get(RESERVE_KEY))
            return effects
        if kind == events.START:
            self._jobs.recover(effects)
            self._reserve.recover(effects)
        elif kind == events.WANT:
            self._want = event[1]
        elif kind == events.LEASE:
            self._fresh = event[1]
        elif kind == events.LINK:
            self._link = event[1]
        elif kind == events.JOB:
            if isinstance(event[1], ReserveJob):
                self._reserve.offer(now_ms, event[1], effects)
            else:
                self._jobs.offer(now_ms, event[1], effects)
        elif kind == events.SENDING:
            self._sending(now_ms, event[1])
        elif kind == events.PRINTED:
            self._printed(now_ms, event[1], effects)
        elif kind == events.PRINTER:
            self._printer_said(now_ms, (event[1], event[2], event[3]))
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        elif kind == events.TOUCH:
            self._identify.end()
            self._expire_touch(now_ms)
            self._touch(now_ms, event[1], effects)
        elif kind == events.ACK:
            self._settled(now_ms, event[1], event[2], effects)
        elif kind == events.FULL:
            self._outbox_was_full(now_ms, event[1])
        self._pass_time(now_ms, effects)
        self._show(effects)
        return effects

    def wake_at(self) -> int | None:
        """When it needs a tick at the latest."""
        deadline = earlier(self._doubt_at, self._touched_until)
        deadline = earlier(deadline, self._refused_until)
        deadline = earlier(deadline, self._taking_until)
        deadline = earlier(deadline, self._report_again_at)
        deadline = earlier(deadline, self._identify.wake_at())
        deadline = earlier(deadline, self._sure_at)
        deadline = earlier(deadline, self._reserve.wake_at())
        return earlier(deadline, self._jobs.wake_at())

    def _pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        self._expire_touch(now_ms)
        self._identify.pass_time(now_ms)
        if is_due(self._refused_until, now_ms):
            self._refused_until = None
        if is_due(self._taking_until, now_ms):
            self._taking_until = None
        if is_due(self._report_again_at, now_ms):
            self._report_again_at = None
        if is_due(self._sure_at, now_ms):
            self._sure_at = None
        if is_due(self._doubt_at, now_ms):
            self._finish("unknown", "the printer did not confirm", effects)
        self._jobs.pass_time(now_ms, effects)
        services = [] if self._want is None else [entry.code for entry in self._want.services]
        self._reserve.pass_time(now_ms, self._is_online(), services, effects)
        if self._printer_able() and self._reserve.printing is None:
            job = self._jobs.begin(effects)
            if isinstance(job, TicketJob):
                self._doubt_at = ticks_add(now_ms, DOUBT_MS)
                effects.append((events.PRINT, job))
        self._report_printer(effects)

    # ---- printer ----

    def _printer_able(self) -> bool:
        paper, cover, fault = self._printer
        return not (paper == "out" or cover == "open" or fault in ("cutter", "offline"))

    def _sending(self, now_ms: int, job_id: str) -> None:
        current = self._at_printer()
        if current is not None and current.id == job_id and self._doubt_at is not None:
            self._doubt_at = ticks_add(now_ms, DOUBT_MS)

    def _at_printer(self) -> TicketJob | None:
        if self._reserve.printing is not None:
            return self._reserve.printing
        current = self._jobs.current
        return current if isinstance(current, TicketJob) else None

    def _finish(self, state: str, why: str, effects: list[tuple]) -> None:
        self._doubt_at = None
        if self._reserve.printing is not None:
            self._reserve.printed(state, effects)
        else:
            self._jobs.finish(state, why, effects)

    def _printed(self, now_ms: int, job_id: str, effects: list[tuple]) -> None:
        current = self._at_printer()
        if current is not None and current.id == job_id:
            self._taking = current.number
            self._taking_until = ticks_add(now_ms, TAKE_MS)
            self._finish("done", "", effects)

    def _printer_said(self, now_ms: int, printer: tuple) -> None:
        was_able = self._printer_able()
        self._printer = printer
        if self._at_printer() is None:
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
        online = self._is_online()
        if self._asking is not None and (online or self._sure_at is not None):
            return
        if self._touched_until is not None and service == self._touched:
            return
        offered = self._offered(service)
        why = ""
        if not online and not (offered and self._gives_alone()):
            why = WHY_OFFLINE
        elif not self._printer_able():
            why = WHY_PRINTER
        elif offered is None:
            why = WHY_CLOSED
        elif not online and self._reserve.left(service) == 0:
            why = WHY_OFFLINE
        if why or offered is None:
            self._refuse(now_ms, why)
            return
        if not online and self._at_printer() is not None:
            return  # the screen says so; the numbers of the gateway can wait, these cannot
        self._touched = service
        self._touched_until = ticks_add(now_ms, DOUBLE_TOUCH_MS)
        self._refused_until = None
        if online:
            self._asking = TicketRequested(service=service)
            self._sure_at = ticks_add(now_ms, UNSURE_MS)
            effects.append((events.REPORT, self._asking))
        else:
            job = self._reserve.give(now_ms, (service, offered.zh, offered.en), effects)
            self._doubt_at = ticks_add(now_ms, DOUBT_MS)
            effects.append((events.PRINT, job))

    def _is_online(self) -> bool:
        return self._want is not None and self._fresh and self._link

    def _gives_alone(self) -> bool:
        want = self._want
        return want is not None and any(self._reserve.left(s.code) for s in want.services)

    def _offered(self, service: str) -> KioskService | None:
        """The service as the hall offers it; None while the hall is closed."""
        want = self._want
        if want is None or not want.open:
            return None
        offered = [entry for entry in want.services if entry.code == service]
        return offered[0] if offered else None

    def _expire_touch(self, now_ms: int) -> None:
        if is_due(self._touched_until, now_ms):
            self._touched_until = None

    def _refuse(self, now_ms: int, why: str) -> None:
        self._why = why
        self._refused_until = ticks_add(now_ms, REFUSED_MS)

    def _settled(self, now_ms: int, ack: Ack, report: object, effects: list[tuple]) -> None:
        if isinstance(report, (ReserveWanted, ReserveTicket)):
            self._reserve.settled(ack, report, effects)
        elif report is self._reporting:
            self._reporting = None
        elif report is self._asking:
            self._asking = None
            self._sure_at = None
            result = ack.first if ack.result == "dup" else ack.result
            if result == "stale" or result == "denied":
                self._refuse(now_ms, ack.why or result)

    def _outbox_was_full(self, now_ms: int, report: object) -> None:
        if isinstance(report, JobResult):
            self._jobs.refused(now_ms, report)
        elif isinstance(report, (ReserveWanted, ReserveTicket)):
            self._reserve.full(now_ms, report)
        elif report is self._reporting:
            self._reporting = None
            self._reported = ("", "", "")
            self._report_again_at = ticks_add(now_ms, RETRY_MS)
        elif report is self._asking:
            self._asking = None
            self._sure_at = None
            self._touched_until = None
            self._refuse(now_ms, WHY_FULL)

    # ---- screen ----

    def _screen(self) -> tuple:
        """(mode, detail)"""
        if self._identify.phase is not None:
            return "identify", (self._identify.node,)
        current = self._at_printer()
        if self._refused_until is not None:
            return "refused", (self._why,)
        if current is None and self._asking is None and self._taking_until is not None:
            return "printed", (self._taking,)  # it is in the slot, whatever else is wrong
        if not self._printer_able():
            return "paper_out", self._printer + ("" if current is None else current.number,)
        if current is not None:
            return "printing", (current.number,)
        want = self._want
        if want is None or not self._is_online():
            return self._screen_alone(want)
        if self._asking is not None:
            return "asking", (self._asking.service,)
        if not want.open:
            return "closed", ()
        services = [(entry.code, entry.zh, entry.en, entry.waiting) for entry in want.services]
        return "ready", tuple(services)

    def _screen_alone(self, want: KioskWant | None) -> tuple:
        unsure = self._asking is not None and self._sure_at is not None
        if want is None or not want.open or unsure or not self._gives_alone():
            return "offline", ()
        rows = [(s.code, s.zh, s.en, self._reserve.left(s.code)) for s in want.services]
        return "reserve", tuple(rows)

    def _show(self, effects: list[tuple]) -> None:
        mode, detail = self._screen()
        screen = (events.SCREEN, mode, detail, self._printer[0])
        if screen != self._shown:
            self._shown = screen
            effects.append(screen)
