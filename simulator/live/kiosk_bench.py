"""The ticket kiosk: a touch screen and an ESC/POS printer that is only known by its bytes.

The driver part sends the ticket, then believes nothing but what the printer says: automatic status
for paper, cover and cutter, the process id for "this ticket is complete".
"""

import asyncio

from firmware.drivers.pi.ticket_layout import TicketData
from firmware.drivers.pi.ticket_raster import ticket_bytes
from firmware.logic import events
from gateway.config import HallName
from protocols.messages.ticket import TicketJob
from protocols.peripherals import escpos
from simulator.assets import Assets
from simulator.devices.printer import PrintedTicket, Printer
from simulator.live.bench import Bench, Event
from simulator.live.clock import steady_ms

ROLL_MM = 60_000
DOTS_PER_SECOND = 1_200  # 150 mm/s
LAST_TICKETS = 12
LOW, OK, OUT, UNKNOWN = "low", "ok", "out", "unknown"
PAPER_WORDS = {
    escpos.PAPER_OK: OK,
    escpos.PAPER_NEAR_END: LOW,
    escpos.PAPER_END: OUT,
    None: UNKNOWN,
}


class KioskBench(Bench):
    """Screen and printer. `tickets` keeps the last pieces of paper by their place in time."""

    def __init__(self, hall: HallName, assets: Assets) -> None:
        super().__init__()
        self.printer = Printer()
        self.screen_mode = "offline"
        self.screen_detail: tuple[object, ...] = ()
        self.services: tuple[tuple[str, str, str, int | None], ...] = ()
        self.tickets: dict[int, tuple[PrintedTicket, TicketJob]] = {}
        self.printed = 0
        self.on_paper = _nobody_looks
        self._hall = hall
        self._fonts = (assets.ticket_regular, assets.ticket_bold)
        self._parser = escpos.StatusParser()
        self._jobs: dict[bytes, TicketJob] = {}
        self._order: list[TicketJob] = []
        self._told: tuple[str, str, str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ---- the board ----

    def start(self) -> None:
        """Wake the printer up and ask it to tell of every change."""
        self.printer.advance(steady_ms())
        self._write(escpos.INIT + escpos.automatic_status(escpos.ASB_ALL))

    def stop(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """Screen or print."""
        if effect[0] == events.SCREEN:
            _, mode, detail, _ = effect
            assert isinstance(detail, tuple)
            self.screen_mode, self.screen_detail = str(mode), detail
            if mode == "ready":
                self.services = detail
            elif mode == "reserve":
                # How many wait is not known now.
                self.services = tuple((code, zh, en, None) for code, zh, en, _ in detail)
        elif effect[0] == events.PRINT:
            assert isinstance(effect[1], TicketJob)
            self._print(effect[1])

    def touch(self, service: str) -> None:
        """A finger on a button of the screen."""
        self._post((events.TOUCH, service))

    # ---- what a person can do to the printer ----

    def take_paper_out(self) -> None:
        """The roll is at its end."""
        self.printer.advance(steady_ms())
        self.printer.paper_left_mm = 0
        self._listen()

    def load_paper(self) -> None:
        """A new roll; printing goes on where it stopped."""
        self.printer.reload_paper(ROLL_MM, steady_ms())
        self._listen()

    def set_cover(self, is_open: bool) -> None:
        """Open or close the cover over the roll."""
        self.printer.advance(steady_ms())
        self.printer.cover_open = is_open
        self._listen()

    def set_speed(self, factor: int) -> None:
        """Let the mechanism run `factor` times as fast, for a day that is played fast."""
        self.printer.dots_per_second = DOTS_PER_SECOND * factor

    # ---- the driver ----

    def _print(self, job: TicketJob) -> None:
        ticket = TicketData(
            number=job.number,
            service_zh=job.service_zh,
            service_en=job.service_en,
            hall_zh=self._hall.name_zh,
            hall_en=self._hall.name_en,
            ahead=job.ahead,
            wait_minutes=job.wait_minutes,
            issued_text=job.issued,
            url=job.url,
            job_id=job.id,
            print_count=self.printed + len(self._order) + 1,
            copy=job.copy > 0,
        )
        self._jobs[escpos.process_id(job.id)] = job
        self._order.append(job)
        self._write(ticket_bytes(ticket, *self._fonts))

    def _write(self, data: bytes) -> None:
        self.printer.write(data, steady_ms())
        self._listen()

    def _listen(self) -> None:
        """Hear what the printer says, see what it cut off, and come back when it goes on."""
        now_ms = steady_ms()
        for kind, value in self._parser.feed(self.printer.read(now_ms)):
            if kind == "done" and isinstance(value, bytes) and value in self._jobs:
                self._tell((events.PRINTED, self._jobs.pop(value).id))
            elif kind == "automatic":
                self._tell_condition()
        self._collect()
        self.stop()
        wake_at_ms = self.printer.wake_at_ms()
        if wake_at_ms is not None:
            delay_s = max(1, wake_at_ms - now_ms) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._listen)

    def _tell_condition(self) -> None:
        status = self._parser.status
        cover = {True: "open", False: "closed", None: UNKNOWN}[status.cover_open]
        fault = {True: "cutter", False: "none", None: UNKNOWN}[status.cutter_error]
        condition = (PAPER_WORDS[status.paper], cover, fault)
        if condition != self._told:
            self._told = condition
            self._tell((events.PRINTER, *condition))

    def _collect(self) -> None:
        for ticket in self.printer.tickets:
            self.printed += 1
            # Paper comes out in the order the jobs went in; the printer knows no numbers.
            self.tickets[self.printed] = (ticket, self._order.pop(0))
            self.tickets.pop(self.printed - LAST_TICKETS, None)
            self.on_paper()
        self.printer.tickets.clear()

    def _tell(self, event: Event) -> None:
        # Not at once: the node may be in the middle of handing us the job.
        asyncio.get_running_loop().call_soon(self._post, event)


def _nobody_looks() -> None:
    """Replaced by whoever shows the paper."""
