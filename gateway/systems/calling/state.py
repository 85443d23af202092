"""The state of calling: a fold over its events, plain values only, kept whole in a snapshot."""

from bisect import insort
from dataclasses import dataclass, field
from typing import Literal

TicketState = Literal[
    "waiting",
    "returned",
    "transferred",
    "called",
    "serving",
    "held",
    "missed",
    "served",
    "cancelled",
]
# In line: first time, back after being missed, or handed on to another service.
IN_LINE: tuple[TicketState, ...] = ("waiting", "returned", "transferred")
FINAL: tuple[TicketState, ...] = ("served", "cancelled")
WindowMode = Literal["closed", "open", "called", "serving", "paused"]
CALLS_SHOWN = 8


@dataclass(slots=True)
class Ticket:
    id: str
    number: str
    service: str
    token: str
    kiosk: str | None
    state: TicketState
    rank: int  # place in line, lowest first; microseconds since 1970 of the hour it counts from
    issued_ms: int
    window: str | None = None
    officer: str | None = None
    calls: int = 0
    announcements: int = 0
    prints: int = 0
    called_ms: int | None = None  # the latest first call
    started_ms: int | None = None
    ended_ms: int | None = None
    overtime: str = ""
    rating: Literal["none", "open", "closed", "given"] = "none"
    grade: int | None = None
    holder: list[str] = field(default_factory=list)  # sealed


@dataclass(slots=True)
class OpenRating:
    visit: str
    number: str
    officer: str
    opened_ms: int


@dataclass(slots=True)
class WindowState:
    """`turn` counts the changes of what the pad shows; a press against an older turn is late."""

    officer: str | None = None
    paused: bool = False
    ticket: str | None = None
    turn: int = 0
    help: bool = False
    served: int = 0
    held: list[str] = field(default_factory=list)
    rating: OpenRating | None = None


@dataclass(slots=True)
class ShownCall:
    ticket: str
    window: str
    at_ms: int
    call: int


@dataclass(slots=True)
class Announcement:
    job: str
    ticket: str
    window: str
    again: bool
    queued_ms: int


@dataclass(slots=True)
class PrintJob:
    job: str
    ticket: str
    node: str
    copy: int
    ahead: int
    queued_ms: int
    boot: int = 0  # of the kiosk, as it was last heard when this was queued; 0: never heard


@dataclass(slots=True)
class Printer:
    paper: str
    cover: str
    fault: str


@dataclass(slots=True)
class ReserveRow:
    service: str
    first: int
    last: int


@dataclass(slots=True)
class Reserve:
    """Numbers of a kiosk; `job` tells it of them and is open until the kiosk has answered."""

    kiosk: str
    since_ms: int
    rows: list[ReserveRow] = field(default_factory=list)
    offers: int = 0
    job: str | None = None


@dataclass(slots=True)
class CallingState:
    date: str = ""
    issued: dict[str, int] = field(default_factory=dict)  # service -> numbers given today
    reserves: dict[str, Reserve] = field(default_factory=dict)
    reserved_from: dict[str, int] = field(default_factory=dict)  # service -> lowest one reserved
    tickets: dict[str, Ticket] = field(default_factory=dict)
    line: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # service -> (rank, id)
    windows: dict[str, WindowState] = field(default_factory=dict)
    calls: list[ShownCall] = field(default_factory=list)  # newest first
    announcements: dict[str, Announcement] = field(default_factory=dict)  # in order
    prints: dict[str, PrintJob] = field(default_factory=dict)  # in order
    printers: dict[str, Printer] = field(default_factory=dict)

    def window(self, window: str) -> WindowState:
        """The window as it is, for reading; one that nothing happened to yet is closed."""
        return self.windows.get(window) or WindowState()

    def mode(self, window: str) -> WindowMode:
        """What the window does; the pad, the sign and the views all show this."""
        state = self.window(window)
        if state.officer is None:
            return "closed"
        if state.ticket is not None:
            return "serving" if self.tickets[state.ticket].state == "serving" else "called"
        return "paused" if state.paused else "open"

    def join_line(self, ticket: Ticket) -> None:
        insort(self.line.setdefault(ticket.service, []), (ticket.rank, ticket.id))

    def leave_line(self, ticket: Ticket) -> None:
        self.line[ticket.service].remove((ticket.rank, ticket.id))

    def waiting(self, services: tuple[str, ...]) -> int:
        """How many people are in line for any of these services."""
        return sum(len(self.line.get(service, ())) for service in services)
