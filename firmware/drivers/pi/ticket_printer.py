"""The ticket printer of a kiosk: ("print", job) in; ("printer", ...), ("printed", job) out, and
("sending", job) every SENDING_MS while a slow line takes its bytes.

What is on paper is counted and kept over a restart, and so is the job that is at the printer: if
the node dies in the middle of a ticket, the next start cuts its remains off before it prints.
The print counter counts attempts, so that two pieces of paper never carry the same.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from firmware.drivers.pi import ticket_layout
from firmware.drivers.pi.driver import Driver, Event, Memory, Post
from firmware.drivers.pi.loop import Loop, Timer
from firmware.drivers.pi.printer_line import PrinterLine
from firmware.drivers.pi.printer_session import PROCESS_ID, PrinterSession
from firmware.logic import events
from protocols.messages.ticket import TicketJob
from protocols.ticks import ticks_diff

MEMORY_KEY = "printer"
SENDING_MS = 2000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TicketDesign:
    """What stands on every ticket, and how it is drawn.

    With `fonts` (regular, bold) a ticket that the printer's own fonts can not write is sent as a
    picture; with `picture` every ticket is.
    """

    hall_zh: str
    hall_en: str
    fonts: tuple[Path, Path] | None = None
    picture: bool = False


class TicketPrinter(Driver):
    """`make_device` opens the printer and may block: one of `printer_line`'s three.

    `bytes_per_second` is that of a serial line, else None.
    """

    def __init__(
        self,
        loop: Loop,
        post: Post,
        memory: Memory,
        make_device: Callable[[], Any],
        design: TicketDesign,
        completion: str = PROCESS_ID,
        bytes_per_second: int | None = None,
    ) -> None:
        self._loop = loop
        self._post = post
        self._memory = memory
        self._design = design
        self._count, open_job = _kept(memory.get(MEMORY_KEY))
        self._session = PrinterSession(completion, bool(open_job), bytes_per_second)
        self._line = PrinterLine(loop, make_device, self._up, self._down, self._data)
        self._timer: Timer | None = None
        self._sending_ms = 0  # when that was told last

    def start(self) -> None:
        """Open the printer."""
        self._line.start()

    def stop(self) -> None:
        """Close it; a ticket that is being sent stays unfinished, and the next start knows."""
        self._line.stop()
        if self._timer is not None:
            self._timer.cancel()

    def apply(self, effect: Event) -> None:
        """Print."""
        if effect[0] != events.PRINT:
            return
        job = effect[1]
        assert isinstance(job, TicketJob)
        try:
            data = ticket_bytes(job, self._design, self._count + 1)
        except ValueError as error:
            # Never printed, never confirmed: the logic answers it as "unknown".
            log.error("printer: ticket %s can not be written: %s", job.id, error)
            return
        self._count += 1
        self._remember(job.id)
        self._session.print(job.id, data)
        self._settle()

    def _remember(self, open_job: str) -> None:
        self._memory.put(MEMORY_KEY, f"{self._count} {open_job}".encode())

    def _up(self) -> None:
        self._session.connected(self._loop.ticks())
        self._settle()

    def _down(self) -> None:
        self._session.disconnected()
        self._settle()

    def _data(self, data: bytes) -> None:
        self._session.receive(self._loop.ticks(), data)
        self._settle()

    def _wake(self) -> None:
        now_ms = self._loop.ticks()
        self._session.wake(now_ms)
        if self._session.is_dead(now_ms):
            self._line.drop()
        self._settle()

    def _sent(self, count: int) -> None:
        self._session.sent(self._loop.ticks(), count)
        now_ms = self._loop.now_ms()
        if self._session.sending and now_ms - self._sending_ms >= SENDING_MS:
            self._sending_ms = now_ms
            self._post((events.SENDING, self._session.sending))

    def _settle(self) -> None:
        for event in self._session.take_events():
            if event[0] == events.PRINTED and not self._session.busy:
                self._remember("")
            # Later: the node may be in the middle of handing us a job.
            self._loop.call(partial(self._post, event))
        if self._session.output:
            self._line.want_write(lambda: self._session.output, self._sent)
        if self._timer is not None:
            self._timer.cancel()
        wake_at = self._session.wake_at()
        if wake_at is not None:
            delay_ms = ticks_diff(wake_at, self._loop.ticks())
            self._timer = self._loop.later(delay_ms, self._wake)


def ticket_bytes(job: TicketJob, design: TicketDesign, print_count: int) -> bytes:
    """The job as bytes for the printer."""
    ticket = ticket_layout.TicketData(
        number=job.number,
        service_zh=job.service_zh,
        service_en=job.service_en,
        hall_zh=design.hall_zh,
        hall_en=design.hall_en,
        ahead=job.ahead,
        wait_minutes=job.wait_minutes,
        issued_text=job.issued,
        url=job.url,
        job_id=job.id,
        print_count=print_count,
        copy=job.copy > 0,
    )
    if design.fonts is None:
        return ticket_layout.layout(ticket)
    # Drawing needs Pillow; a printer that writes everything itself does without.
    from firmware.drivers.pi import ticket_raster

    return ticket_raster.ticket_bytes(ticket, *design.fonts, picture=design.picture)


def _kept(value: bytes) -> tuple[int, str]:
    """(count, job at the printer or "") from what `_remember` wrote."""
    if not value:
        return 0, ""
    count, _, job_id = value.decode().partition(" ")
    return int(count), job_id
