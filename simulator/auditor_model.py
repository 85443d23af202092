"""What the auditor believes of the hall: an own, small fold over the journal's records.

Rules: it knows the journal's words and the hall file and no code of the gateway; it never repairs
what it is told but raises `PromiseBroken` where the records themselves break a promise (P2, P14).
"""

from dataclasses import dataclass, field

from gateway.config import HallConfig
from gateway.core.json import JsonObject
from gateway.journal.records import Record
from simulator.auditor_line import LineAuditor
from simulator.broken import PromiseBroken

CALLS_SHOWN = 8
IN_LINE = "in line"


@dataclass(slots=True)
class TicketFact:
    """One ticket. `place`: in line, called, serving, held, missed, served or cancelled."""

    number: str
    service: str
    place: str = IN_LINE
    window: str = ""
    kiosk: str = ""  # that prints it


@dataclass(slots=True)
class WindowFact:
    """One window."""

    officer: str = ""
    paused: bool = False
    ticket: str = ""
    help: bool = False
    level: str = ""
    rating: str = ""  # the visit that may be rated
    held: list[str] = field(default_factory=list)

    @property
    def is_free(self) -> bool:
        return not self.ticket


class HallModel:
    """The hall as the journal tells it."""

    def __init__(self, config: HallConfig) -> None:
        self.config = config
        self.date = ""
        self._at_ms = 0  # hall time of the record that is taken
        self.tickets: dict[str, TicketFact] = {}
        self.windows = {window.id: WindowFact() for window in config.window}
        self.calls: list[tuple[str, str]] = []  # (ticket, window), newest first
        self.announcements: dict[str, tuple[str, str]] = {}  # job -> (ticket, window)
        self.announcement_order: dict[str, int] = {}  # job -> its place of all
        self.open_announcements: dict[str, None] = {}
        self.open_prints: dict[str, str] = {}
        self.issued_numbers: dict[str, str] = {}
        self.reserved: dict[str, str] = {}  # number -> the reserve it was set aside in
        self.line = LineAuditor(config)
        self._in_line: dict[str, int] | None = None  # by service; counted when asked for

    def mode(self, window: str) -> str:
        """closed, open, called, serving or paused."""
        fact = self.windows[window]
        if not fact.officer:
            return "closed"
        if fact.ticket:
            return self.tickets[fact.ticket].place
        return "paused" if fact.paused else "open"

    def number(self, window: str) -> str:
        """The number called or served at a window, or ""."""
        ticket = self.windows[window].ticket
        return self.tickets[ticket].number if ticket else ""

    def picture(self, window: str) -> tuple[str, str]:
        """Mode and number of a window."""
        return self.mode(window), self.number(window)

    def waiting(self, window: str | None = None) -> int:
        """How many are in line, in all or for what this window's officer does."""
        if self._in_line is None:
            lines = dict.fromkeys(self.config.services, 0)
            for fact in self.tickets.values():
                if fact.place == IN_LINE:
                    lines[fact.service] += 1
            self._in_line = lines
        if window is None:
            return sum(self._in_line.values())
        officer = self.config.officers.get(self.windows[window].officer)
        return sum(
            self._in_line[service]
            for service in self.config.windows[window].services
            if officer is None or not officer.services or service in officer.services
        )

    def wall_rows(self) -> tuple[tuple[str, str], ...]:
        """(number, window's label), newest first."""
        return tuple(
            (self.tickets[ticket].number, self.config.windows[window].label)
            for ticket, window in self.calls
        )

    def take(self, record: Record) -> None:
        """Fold one record."""
        self._in_line = None
        self._at_ms = record.at_ms
        system, _, what = record.kind.partition(".")
        if system == "calling":
            getattr(self, f"_{what}")(record.data)

    # ---- one method per kind of record ----

    def _day_opened(self, data: JsonObject) -> None:
        if str(data["date"]) <= self.date:
            raise PromiseBroken("P8", f"day {data['date']} opened after {self.date}")
        self.date = str(data["date"])
        self.tickets.clear()
        self.line.clear()
        self.calls.clear()
        self.issued_numbers.clear()
        self.reserved.clear()
        self.open_announcements.clear()
        self.open_prints.clear()
        for fact in self.windows.values():
            fact.officer, fact.ticket, fact.level, fact.rating = "", "", "", ""
            fact.paused = fact.help = False
            fact.held.clear()

    def _ticket_issued(self, data: JsonObject) -> None:
        number, ticket = str(data["number"]), str(data["ticket"])
        if number in self.issued_numbers or ticket in self.tickets:
            raise PromiseBroken("P2", f"number {number} issued twice on {self.date}")
        self.issued_numbers[number] = ticket
        service, kiosk = str(data["service"]), str(data["kiosk"] or "")
        self.tickets[ticket] = TicketFact(number, service, kiosk=kiosk)
        # One given out without the gateway stands where it would, had it been issued then.
        self.line.issued(ticket, service, int(str(data.get("issued_ms", self._at_ms))))

    def _numbers_reserved(self, data: JsonObject) -> None:
        service = self.config.services[str(data["service"])]
        for count in range(int(str(data["first"])), int(str(data["last"])) + 1):
            number = f"{service.prefix}{count:03d}"
            if number in self.issued_numbers or number in self.reserved:
                raise PromiseBroken("P2", f"number {number} set aside, but given before")
            self.reserved[number] = str(data["reserve"])

    def _reserve_offered(self, data: JsonObject) -> None:
        """Nothing the hall would show."""

    def _reserve_settled(self, data: JsonObject) -> None:
        """Nothing the hall would show."""

    def _ticket_merged(self, data: JsonObject) -> None:
        if data["number"] not in self.reserved:
            raise PromiseBroken("P2", f"number {data['number']} merged, but never set aside")
        self._ticket_issued(data)

    def _ticket_called(self, data: JsonObject) -> None:
        ticket, window = self._at(data)
        fact = self.tickets[ticket]
        of_window = self.windows[window]
        if fact.place in ("served", "cancelled", "missed"):
            raise PromiseBroken("P2", f"{fact.number} called at {window} though {fact.place}")
        if fact.place in ("called", "serving") and fact.window != window:
            raise PromiseBroken(
                "P2", f"{fact.number} called at {window} while it is {fact.place} at {fact.window}"
            )
        if of_window.ticket and of_window.ticket != ticket:
            raise PromiseBroken("P2", f"{window} called {fact.number} with another ticket there")
        if fact.place == "held":
            self.windows[fact.window].held.remove(ticket)
        elif fact.place == IN_LINE:
            self.line.called(ticket, window, str(data["officer"]))
        if fact.place != "called":
            of_window.level = ""
        fact.place, fact.window, of_window.ticket = "called", window, ticket
        self.calls = [call for call in self.calls if call[0] != ticket]
        self.calls.insert(0, (ticket, window))
        del self.calls[CALLS_SHOWN:]

    def _service_started(self, data: JsonObject) -> None:
        ticket, _ = self._here(data, ("called",))
        self.tickets[ticket].place = "serving"

    def _service_finished(self, data: JsonObject) -> None:
        self._leave(data, ("serving",), "served")

    def _ticket_missed(self, data: JsonObject) -> None:
        self._leave(data, ("called",), "missed")

    def _ticket_held(self, data: JsonObject) -> None:
        ticket, window = self._leave(data, ("called", "serving"), "held")
        self.tickets[ticket].window = window
        self.windows[window].held.append(ticket)

    def _ticket_transferred(self, data: JsonObject) -> None:
        ticket, _ = self._leave(data, ("called", "serving"), IN_LINE)
        self.tickets[ticket].service = str(data["service"])
        self.line.transferred(ticket, str(data["service"]))

    def _ticket_returned(self, data: JsonObject) -> None:
        fact = self.tickets[str(data["ticket"])]
        if fact.place != "missed":
            raise PromiseBroken("P2", f"{fact.number} returned to the line though {fact.place}")
        fact.place = IN_LINE
        self.line.returned(str(data["ticket"]), fact.service)

    def _ticket_cancelled(self, data: JsonObject) -> None:
        ticket = str(data["ticket"])
        fact = self.tickets[ticket]
        if fact.place == "held":
            self.windows[fact.window].held.remove(ticket)
        elif fact.place in ("called", "serving"):
            self.windows[fact.window].ticket = ""
        elif fact.place == IN_LINE:
            self.line.left(str(data["ticket"]), fact.service)
        fact.place = "cancelled"

    def _officer_signed_in(self, data: JsonObject) -> None:
        officer = str(data["officer"])
        for window, fact in self.windows.items():
            if fact.officer == officer:
                raise PromiseBroken("P3", f"officer {officer} signed in twice, also at {window}")
        self.windows[str(data["window"])].officer = officer

    def _officer_signed_off(self, data: JsonObject) -> None:
        fact = self.windows[str(data["window"])]
        fact.officer, fact.paused = "", False

    def _window_paused(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].paused = True

    def _window_resumed(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].paused = False

    def _help_asked(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].help = True

    def _help_cleared(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].help = False

    def _overtime_reached(self, data: JsonObject) -> None:
        _, window = self._here(data, ("called", "serving"))
        self.windows[window].level = str(data["level"])

    def _announcement_queued(self, data: JsonObject) -> None:
        job = str(data["job"])
        if job in self.announcements:
            raise PromiseBroken("P15", f"announcement {job} queued twice")
        self.announcements[job] = self._at(data)
        self.announcement_order[job] = len(self.announcement_order)
        self.open_announcements[job] = None

    def _announcement_settled(self, data: JsonObject) -> None:
        del self.open_announcements[str(data["job"])]

    def _print_queued(self, data: JsonObject) -> None:
        self.open_prints[str(data["job"])] = str(data["ticket"])

    def _print_settled(self, data: JsonObject) -> None:
        del self.open_prints[str(data["job"])]

    def _print_abandoned(self, data: JsonObject) -> None:
        """For people; nothing is shown of it."""

    def _printer_noted(self, data: JsonObject) -> None:
        """Seen at the kiosk itself."""

    def _rating_opened(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].rating = str(data["visit"])

    def _rating_closed(self, data: JsonObject) -> None:
        self.windows[str(data["window"])].rating = ""

    def _rating_received(self, data: JsonObject) -> None:
        for fact in self.windows.values():
            if fact.rating == data["visit"]:
                fact.rating = ""

    # ---- helpers ----

    def _at(self, data: JsonObject) -> tuple[str, str]:
        return str(data["ticket"]), str(data["window"])

    def _here(self, data: JsonObject, places: tuple[str, ...]) -> tuple[str, str]:
        ticket, window = self._at(data)
        fact = self.tickets[ticket]
        if self.windows[window].ticket != ticket or fact.place not in places:
            raise PromiseBroken("P2", f"{fact.number} at {window} though {fact.place} elsewhere")
        return ticket, window

    def _leave(self, data: JsonObject, places: tuple[str, ...], place: str) -> tuple[str, str]:
        ticket, window = self._here(data, places)
        self.tickets[ticket].place = place
        self.windows[window].ticket = ""
        self.windows[window].level = ""
        return ticket, window
