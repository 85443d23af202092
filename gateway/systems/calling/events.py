"""What happened in calling: past tense, frozen, small; the only public module of the system.

Rules: an event holds everything `apply` needs, in plain values, and never changes its meaning; a
new shape gets a new VERSION and an upcast in the journal. A ticket's id is `20261123-A001`.
"""

from dataclasses import dataclass
from typing import ClassVar

from gateway.core.events import Event


@dataclass(frozen=True, slots=True)
class DayOpened(Event):
    """A new business day: numbers start at 001, what was left open yesterday is over."""

    KIND: ClassVar[str] = "calling.day_opened"
    date: str  # 20261123


@dataclass(frozen=True, slots=True)
class TicketIssued(Event):
    KIND: ClassVar[str] = "calling.ticket_issued"
    ticket: str
    number: str
    service: str
    kiosk: str | None
    token: str


@dataclass(frozen=True, slots=True)
class HolderNoted(Event):
    """Something is known of who holds a ticket: a text that only `gateway.privacy` can open."""

    KIND: ClassVar[str] = "calling.holder_noted"
    ticket: str
    sealed: str


@dataclass(frozen=True, slots=True)
class NumbersReserved(Event):
    """`first` to `last` of a service are a kiosk's, to give out while it does not hear us."""

    KIND: ClassVar[str] = "calling.numbers_reserved"
    reserve: str
    kiosk: str
    service: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ReserveOffered(Event):
    """The kiosk is to be told of its reserve, by this job."""

    KIND: ClassVar[str] = "calling.reserve_offered"
    reserve: str
    job: str


@dataclass(frozen=True, slots=True)
class ReserveSettled(Event):
    """done: the kiosk has it; failed: another board stands there now, the numbers are lost."""

    KIND: ClassVar[str] = "calling.reserve_settled"
    reserve: str
    result: str


@dataclass(frozen=True, slots=True)
class TicketMerged(Event):
    """A ticket that a kiosk gave out alone, at `issued_ms`; its place in line counts from then."""

    KIND: ClassVar[str] = "calling.ticket_merged"
    ticket: str
    number: str
    service: str
    kiosk: str
    token: str
    issued_ms: int


@dataclass(frozen=True, slots=True)
class TicketCalled(Event):
    """Called to a window. `call` counts the calls of this ticket, 1 is the first."""

    KIND: ClassVar[str] = "calling.ticket_called"
    ticket: str
    window: str
    officer: str
    call: int


@dataclass(frozen=True, slots=True)
class ServiceStarted(Event):
    """`implicit`: START was not pressed; the service counts from `started_ms`."""

    KIND: ClassVar[str] = "calling.service_started"
    ticket: str
    window: str
    started_ms: int
    implicit: bool


@dataclass(frozen=True, slots=True)
class ServiceFinished(Event):
    KIND: ClassVar[str] = "calling.service_finished"
    ticket: str
    window: str
    officer: str


@dataclass(frozen=True, slots=True)
class TicketMissed(Event):
    KIND: ClassVar[str] = "calling.ticket_missed"
    ticket: str
    window: str


@dataclass(frozen=True, slots=True)
class TicketReturned(Event):
    """Back in line at `rank`."""

    KIND: ClassVar[str] = "calling.ticket_returned"
    ticket: str
    rank: int


@dataclass(frozen=True, slots=True)
class TicketHeld(Event):
    KIND: ClassVar[str] = "calling.ticket_held"
    ticket: str
    window: str


@dataclass(frozen=True, slots=True)
class TicketTransferred(Event):
    """To another service; it keeps its place by the time it was issued."""

    KIND: ClassVar[str] = "calling.ticket_transferred"
    ticket: str
    window: str
    service: str


@dataclass(frozen=True, slots=True)
class TicketCancelled(Event):
    KIND: ClassVar[str] = "calling.ticket_cancelled"
    ticket: str
    why: str  # "holder" or "day_end"


@dataclass(frozen=True, slots=True)
class OfficerSignedIn(Event):
    KIND: ClassVar[str] = "calling.officer_signed_in"
    window: str
    officer: str


@dataclass(frozen=True, slots=True)
class OfficerSignedOff(Event):
    KIND: ClassVar[str] = "calling.officer_signed_off"
    window: str
    officer: str


@dataclass(frozen=True, slots=True)
class WindowPaused(Event):
    KIND: ClassVar[str] = "calling.window_paused"
    window: str


@dataclass(frozen=True, slots=True)
class WindowResumed(Event):
    KIND: ClassVar[str] = "calling.window_resumed"
    window: str


@dataclass(frozen=True, slots=True)
class HelpAsked(Event):
    KIND: ClassVar[str] = "calling.help_asked"
    window: str


@dataclass(frozen=True, slots=True)
class HelpCleared(Event):
    KIND: ClassVar[str] = "calling.help_cleared"
    window: str


@dataclass(frozen=True, slots=True)
class OvertimeReached(Event):
    """A service passed a share of its limit: level amber, red or blink."""

    KIND: ClassVar[str] = "calling.overtime_reached"
    ticket: str
    window: str
    level: str


@dataclass(frozen=True, slots=True)
class AnnouncementQueued(Event):
    KIND: ClassVar[str] = "calling.announcement_queued"
    job: str
    ticket: str
    window: str
    again: bool


@dataclass(frozen=True, slots=True)
class AnnouncementSettled(Event):
    """done, failed, unknown (from the node), expired or skipped (by the rules)."""

    KIND: ClassVar[str] = "calling.announcement_settled"
    job: str
    result: str


@dataclass(frozen=True, slots=True)
class PrintQueued(Event):
    """`copy` 0 is the first print; from 1 on the paper is marked 补打."""

    KIND: ClassVar[str] = "calling.print_queued"
    job: str
    ticket: str
    node: str
    copy: int
    ahead: int


@dataclass(frozen=True, slots=True)
class PrintSettled(Event):
    KIND: ClassVar[str] = "calling.print_settled"
    job: str
    result: str  # done, failed, unknown
    why: str


@dataclass(frozen=True, slots=True)
class PrintAbandoned(Event):
    """The reprints are used up: staff must look at the kiosk."""

    KIND: ClassVar[str] = "calling.print_abandoned"
    ticket: str
    node: str


@dataclass(frozen=True, slots=True)
class PrinterNoted(Event):
    KIND: ClassVar[str] = "calling.printer_noted"
    node: str
    paper: str
    cover: str
    fault: str


@dataclass(frozen=True, slots=True)
class RatingOpened(Event):
    """The visit (its ticket's id) may be rated at the window."""

    KIND: ClassVar[str] = "calling.rating_opened"
    visit: str
    window: str
    officer: str


@dataclass(frozen=True, slots=True)
class RatingClosed(Event):
    KIND: ClassVar[str] = "calling.rating_closed"
    visit: str
    window: str


@dataclass(frozen=True, slots=True)
class RatingReceived(Event):
    """The one verdict on a visit: 1 非常不满意 .. 5 非常满意."""

    KIND: ClassVar[str] = "calling.rating_received"
    visit: str
    grade: int


EVENTS: tuple[type[Event], ...] = (
    DayOpened,
    TicketIssued,
    HolderNoted,
    NumbersReserved,
    ReserveOffered,
    ReserveSettled,
    TicketMerged,
    TicketCalled,
    ServiceStarted,
    ServiceFinished,
    TicketMissed,
    TicketReturned,
    TicketHeld,
    TicketTransferred,
    TicketCancelled,
    OfficerSignedIn,
    OfficerSignedOff,
    WindowPaused,
    WindowResumed,
    HelpAsked,
    HelpCleared,
    OvertimeReached,
    AnnouncementQueued,
    AnnouncementSettled,
    PrintQueued,
    PrintSettled,
    PrintAbandoned,
    PrinterNoted,
    RatingOpened,
    RatingClosed,
    RatingReceived,
)
