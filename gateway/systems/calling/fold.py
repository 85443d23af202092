"""apply(state, event): how each event changes the state of calling.

Rules: every event that moves a ticket is a row of TICKET_MOVES, and the move not in the table is a
damaged journal, never a guess; apply never refuses, never reads a clock, and gives the same state
for the same events for ever. The life-cycle diagram in the docs is drawn from the table.
"""

from collections.abc import Callable

from gateway.core.events import Event
from gateway.systems.calling import events as e
from gateway.systems.calling.state import (
    CALLS_SHOWN,
    Announcement,
    CallingState,
    OpenRating,
    Printer,
    PrintJob,
    Reserve,
    ReserveRow,
    ShownCall,
    Ticket,
    TicketState,
    WindowState,
)

TICKET_MOVES: dict[tuple[TicketState, type[Event]], TicketState] = {
    ("waiting", e.TicketCalled): "called",
    ("returned", e.TicketCalled): "called",
    ("transferred", e.TicketCalled): "called",
    ("held", e.TicketCalled): "called",
    ("called", e.TicketCalled): "called",
    ("called", e.ServiceStarted): "serving",
    ("called", e.TicketMissed): "missed",
    ("called", e.TicketHeld): "held",
    ("called", e.TicketTransferred): "transferred",
    ("serving", e.ServiceFinished): "served",
    ("serving", e.TicketHeld): "held",
    ("serving", e.TicketTransferred): "transferred",
    ("missed", e.TicketReturned): "returned",
    ("waiting", e.TicketCancelled): "cancelled",
    ("returned", e.TicketCancelled): "cancelled",
    ("transferred", e.TicketCancelled): "cancelled",
    ("missed", e.TicketCancelled): "cancelled",
    ("held", e.TicketCancelled): "cancelled",
    # Only at the end of the day:
    ("called", e.TicketCancelled): "cancelled",
    ("serving", e.TicketCancelled): "cancelled",
}


def ticket_id(date: str, number: str) -> str:
    return f"{date}-{number}"


def _window(state: CallingState, window: str) -> WindowState:
    return state.windows.setdefault(window, WindowState())


def _move(state: CallingState, ticket: Ticket, event: Event) -> None:
    before = ticket.state
    after = TICKET_MOVES[before, type(event)]
    if before in ("waiting", "returned", "transferred"):
        state.leave_line(ticket)
    if before == "held" and ticket.window is not None:
        _window(state, ticket.window).held.remove(ticket.id)
    ticket.state = after


def _free_window(state: CallingState, window: str) -> None:
    of_window = _window(state, window)
    of_window.ticket = None
    of_window.turn += 1


def _day_opened(state: CallingState, event: e.DayOpened, at_ms: int) -> None:
    state.date = event.date
    state.issued.clear()
    state.reserves.clear()
    state.reserved_from.clear()
    state.tickets.clear()
    state.line.clear()
    state.calls.clear()
    state.announcements.clear()
    state.prints.clear()
    for window in state.windows.values():
        window.officer = None
        window.paused = False
        window.ticket = None
        window.help = False
        window.served = 0
        window.held.clear()
        window.rating = None
        window.turn += 1


def _new_ticket(
    state: CallingState, event: e.TicketIssued | e.TicketMerged, issued_ms: int
) -> None:
    ticket = Ticket(
        id=event.ticket,
        number=event.number,
        service=event.service,
        token=event.token,
        kiosk=event.kiosk,
        state="waiting",
        rank=issued_ms * 1000,
        issued_ms=issued_ms,
    )
    state.tickets[ticket.id] = ticket
    state.join_line(ticket)


def _ticket_issued(state: CallingState, event: e.TicketIssued, at_ms: int) -> None:
    _new_ticket(state, event, at_ms)
    state.issued[event.service] = state.issued.get(event.service, 0) + 1


def _holder_noted(state: CallingState, event: e.HolderNoted, at_ms: int) -> None:
    state.tickets[event.ticket].holder.append(event.sealed)


def _numbers_reserved(state: CallingState, event: e.NumbersReserved, at_ms: int) -> None:
    reserve = state.reserves.setdefault(event.reserve, Reserve(event.kiosk, at_ms))
    reserve.rows.append(ReserveRow(event.service, event.first, event.last))
    state.reserved_from[event.service] = event.first


def _reserve_offered(state: CallingState, event: e.ReserveOffered, at_ms: int) -> None:
    reserve = state.reserves[event.reserve]
    reserve.offers += 1
    reserve.job = event.job


def _reserve_settled(state: CallingState, event: e.ReserveSettled, at_ms: int) -> None:
    state.reserves[event.reserve].job = None


def _ticket_merged(state: CallingState, event: e.TicketMerged, at_ms: int) -> None:
    _new_ticket(state, event, event.issued_ms)


def _ticket_called(state: CallingState, event: e.TicketCalled, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    first = ticket.state != "called"
    _move(state, ticket, event)
    ticket.window = event.window
    ticket.officer = event.officer
    ticket.calls = event.call
    if first:
        ticket.called_ms = at_ms
        ticket.started_ms = None
        ticket.overtime = ""
    window = _window(state, event.window)
    window.ticket = ticket.id
    window.turn += 1
    shown = [call for call in state.calls if call.ticket != ticket.id]
    state.calls = [ShownCall(ticket.id, event.window, at_ms, event.call), *shown][:CALLS_SHOWN]


def _service_started(state: CallingState, event: e.ServiceStarted, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    ticket.started_ms = event.started_ms
    _window(state, event.window).turn += 1


def _service_finished(state: CallingState, event: e.ServiceFinished, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    ticket.ended_ms = at_ms
    _free_window(state, event.window)
    _window(state, event.window).served += 1


def _ticket_missed(state: CallingState, event: e.TicketMissed, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    ticket.ended_ms = at_ms
    _free_window(state, event.window)


def _ticket_returned(state: CallingState, event: e.TicketReturned, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    ticket.rank = event.rank
    ticket.calls = 0
    ticket.window = None
    ticket.ended_ms = None
    state.join_line(ticket)


def _ticket_held(state: CallingState, event: e.TicketHeld, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    _free_window(state, event.window)
    _window(state, event.window).held.append(ticket.id)


def _ticket_transferred(state: CallingState, event: e.TicketTransferred, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    _move(state, ticket, event)
    ticket.service = event.service
    ticket.calls = 0
    ticket.window = None
    _free_window(state, event.window)
    state.join_line(ticket)


def _ticket_cancelled(state: CallingState, event: e.TicketCancelled, at_ms: int) -> None:
    ticket = state.tickets[event.ticket]
    at_window = ticket.state in ("called", "serving")
    _move(state, ticket, event)
    ticket.ended_ms = at_ms
    if at_window and ticket.window is not None:
        _free_window(state, ticket.window)


def _officer_signed_in(state: CallingState, event: e.OfficerSignedIn, at_ms: int) -> None:
    window = _window(state, event.window)
    window.officer = event.officer
    window.turn += 1


def _officer_signed_off(state: CallingState, event: e.OfficerSignedOff, at_ms: int) -> None:
    window = _window(state, event.window)
    window.officer = None
    window.paused = False
    window.turn += 1


def _window_paused(state: CallingState, event: e.WindowPaused, at_ms: int) -> None:
    window = _window(state, event.window)
    window.paused = True
    window.turn += 1


def _window_resumed(state: CallingState, event: e.WindowResumed, at_ms: int) -> None:
    window = _window(state, event.window)
    window.paused = False
    window.turn += 1


def _help_asked(state: CallingState, event: e.HelpAsked, at_ms: int) -> None:
    _window(state, event.window).help = True


def _help_cleared(state: CallingState, event: e.HelpCleared, at_ms: int) -> None:
    _window(state, event.window).help = False


def _overtime_reached(state: CallingState, event: e.OvertimeReached, at_ms: int) -> None:
    state.tickets[event.ticket].overtime = event.level


def _announcement_queued(state: CallingState, event: e.AnnouncementQueued, at_ms: int) -> None:
    state.tickets[event.ticket].announcements += 1
    state.announcements[event.job] = Announcement(
        event.job, event.ticket, event.window, event.again, at_ms
    )


def _announcement_settled(state: CallingState, event: e.AnnouncementSettled, at_ms: int) -> None:
    del state.announcements[event.job]


def _print_queued(state: CallingState, event: e.PrintQueued, at_ms: int) -> None:
    state.tickets[event.ticket].prints += 1
    state.prints[event.job] = PrintJob(
        event.job, event.ticket, event.node, event.copy, event.ahead, at_ms
    )


def _print_settled(state: CallingState, event: e.PrintSettled, at_ms: int) -> None:
    del state.prints[event.job]


def _print_abandoned(state: CallingState, event: e.PrintAbandoned, at_ms: int) -> None:
    """A fact for people; the state holds nothing of it."""


def _printer_noted(state: CallingState, event: e.PrinterNoted, at_ms: int) -> None:
    state.printers[event.node] = Printer(event.paper, event.cover, event.fault)


def _rating_opened(state: CallingState, event: e.RatingOpened, at_ms: int) -> None:
    ticket = state.tickets[event.visit]
    ticket.rating = "open"
    _window(state, event.window).rating = OpenRating(
        event.visit, ticket.number, event.officer, at_ms
    )


def _rating_closed(state: CallingState, event: e.RatingClosed, at_ms: int) -> None:
    state.tickets[event.visit].rating = "closed"
    _window(state, event.window).rating = None


def _rating_received(state: CallingState, event: e.RatingReceived, at_ms: int) -> None:
    ticket = state.tickets[event.visit]
    ticket.rating = "given"
    ticket.grade = event.grade
    for window in state.windows.values():
        if window.rating is not None and window.rating.visit == event.visit:
            window.rating = None


_APPLY: dict[type[Event], Callable[..., None]] = {
    e.DayOpened: _day_opened,
    e.TicketIssued: _ticket_issued,
    e.HolderNoted: _holder_noted,
    e.NumbersReserved: _numbers_reserved,
    e.ReserveOffered: _reserve_offered,
    e.ReserveSettled: _reserve_settled,
    e.TicketMerged: _ticket_merged,
    e.TicketCalled: _ticket_called,
    e.ServiceStarted: _service_started,
    e.ServiceFinished: _service_finished,
    e.TicketMissed: _ticket_missed,
    e.TicketReturned: _ticket_returned,
    e.TicketHeld: _ticket_held,
    e.TicketTransferred: _ticket_transferred,
    e.TicketCancelled: _ticket_cancelled,
    e.OfficerSignedIn: _officer_signed_in,
    e.OfficerSignedOff: _officer_signed_off,
    e.WindowPaused: _window_paused,
    e.WindowResumed: _window_resumed,
    e.HelpAsked: _help_asked,
    e.HelpCleared: _help_cleared,
    e.OvertimeReached: _overtime_reached,
    e.AnnouncementQueued: _announcement_queued,
    e.AnnouncementSettled: _announcement_settled,
    e.PrintQueued: _print_queued,
    e.PrintSettled: _print_settled,
    e.PrintAbandoned: _print_abandoned,
    e.PrinterNoted: _printer_noted,
    e.RatingOpened: _rating_opened,
    e.RatingClosed: _rating_closed,
    e.RatingReceived: _rating_received,
}
assert set(_APPLY) == set(e.EVENTS), "every event of calling has its apply"


def apply(state: CallingState, event: Event, at_ms: int) -> None:
    """Fold one event into the state, in place. `at_ms` is the event's hall time."""
    _APPLY[type(event)](state, event, at_ms)
