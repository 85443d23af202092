"""What calling can be asked to do: imperatives, frozen, checked by `rules.decide`.

`age_ms` is how long ago a person did it, as far as is known at worst; `seen` is the window's turn
the person was looking at, or None when the caller has no picture (it is then not checked).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """A new ticket for a service. `kiosk` is the node that prints it, or None (phone, desk).

    `token` is the key of the ticket's own phone page, 128 random bits as text; the engine puts it
    in when the command is decided, so that a repeated call is recognised as the same.
    """

    service: str
    kiosk: str | None
    age_ms: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class IssueTicketTo(IssueTicket):
    """A ticket for somebody whose card or phone is known; `sealed` is what is kept of it.

    `person` tells the same call apart from one for somebody else: sealing the same twice gives two
    texts, so that these are left out when calls are compared.
    """

    person: str = ""
    sealed: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class AskReserve:
    """A kiosk wants numbers to give out alone: more for `reserve`, or with "" a new one.

    `asked_by` names the asking report ("boot-seq"), and a new reserve after it.
    """

    kiosk: str
    reserve: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class MergeTicket:
    """A kiosk gave out this number of its reserve alone; `printed`: done, failed or unknown.

    `token` as in IssueTicket.
    """

    kiosk: str
    reserve: str
    service: str
    number: int
    issued_ms: int
    printed: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class CancelTicket:
    ticket: str


@dataclass(frozen=True, slots=True)
class ReturnTicket:
    """A missed ticket's holder is back: in line again, behind a few others."""

    ticket: str


@dataclass(frozen=True, slots=True)
class ReprintTicket:
    """Print the ticket once more, marked 补打."""

    ticket: str
    kiosk: str


@dataclass(frozen=True, slots=True)
class SignIn:
    window: str
    staff_number: str
    seen: int | None = None
    age_ms: int = 0


@dataclass(frozen=True, slots=True)
class CommandWindow:
    """One of `PAD_COMMANDS` at a window; `argument` is the service code for transfer, else ""."""

    window: str
    command: str
    argument: str = ""
    seen: int | None = None
    age_ms: int = 0


@dataclass(frozen=True, slots=True)
class GiveRating:
    """A verdict on a visit. `window` is where the pad stands that took it, or None for a phone."""

    visit: str
    grade: int
    window: str | None = None


@dataclass(frozen=True, slots=True)
class SettleJob:
    """What `node` says came of its print or announcement: done, failed or unknown."""

    job: str
    state: str
    why: str
    node: str


@dataclass(frozen=True, slots=True)
class NotePrinter:
    """The condition of a kiosk's printer changed."""

    node: str
    paper: str
    cover: str
    fault: str


@dataclass(frozen=True, slots=True)
class PassTime:
    """Nobody did anything; what is due by now happens."""


Command = (
    IssueTicket
    | AskReserve
    | MergeTicket
    | CancelTicket
    | ReturnTicket
    | ReprintTicket
    | SignIn
    | CommandWindow
    | GiveRating
    | SettleJob
    | NotePrinter
    | PassTime
)
