"""decide(config, state, command, now) -> events or a refusal. Pure; the rules of calling in words:

- NEXT ends what the window has (a called ticket counts as served, its service as begun when the
  person could have walked there) and calls the ticket that `allocation.choose` names.
- A press carries the turn its pad showed; if the window changed since, the press is refused, so a
  press and its double, or a pad and a PC, can never both act. A press older than
  press_age_seconds is refused as stale. A refused command has no effect at all.
- An officer is signed in at one window at most; a window with a ticket cannot pause or sign off.
- A missed ticket comes back behind missed_return_after others; a transferred one keeps its rank.
- Numbers of a reserve are a kiosk's own; see reserve.py.
- A finished visit is open for one verdict. A doubtful print is repeated, marked, with its number.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.config import HallConfig
from gateway.core.events import Event
from gateway.systems.calling import commands as c
from gateway.systems.calling import events as e
from gateway.systems.calling import reserve
from gateway.systems.calling.allocation import choose
from gateway.systems.calling.fold import ticket_id
from gateway.systems.calling.overtime import service_start_ms
from gateway.systems.calling.printing import is_kiosk, print_again, print_job_id
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.state import FINAL, CallingState, Ticket
from gateway.systems.calling.timing import pass_time

# Prints of one ticket, however they end: a kiosk that fails each time must not loop for ever.
PRINT_ATTEMPTS_MAX = 9

Decision = list[Event] | Refusal


def decide(config: HallConfig, state: CallingState, command: c.Command, now_ms: int) -> Decision:
    """What the command makes happen, without changing the state. `now_ms` is hall time."""
    match command:
        case c.PassTime():
            return pass_time(config, state, now_ms)
        case c.CommandWindow():
            return _command_window(config, state, command, now_ms)
        case c.SignIn():
            return _sign_in(config, state, command)
        case c.IssueTicket():
            return _issue(config, state, command)
        case c.AskReserve():
            return reserve.ask(config, state, command)
        case c.MergeTicket():
            return reserve.merge(config, state, command, now_ms)
        case c.CancelTicket():
            return _cancel(state, command)
        case c.ReturnTicket():
            return _return(config, state, command)
        case c.ReprintTicket():
            return _reprint(config, state, command)
        case c.GiveRating():
            return _rate(state, command)
        case c.SettleJob():
            return _settle_job(config, state, command)
        case c.NotePrinter():
            return [e.PrinterNoted(command.node, command.paper, command.cover, command.fault)]


def _is_stale(config: HallConfig, age_ms: int) -> bool:
    return age_ms > config.rules.press_age_seconds * 1000


# --- tickets


def _issue(config: HallConfig, state: CallingState, command: c.IssueTicket) -> Decision:
    service = config.services.get(command.service)
    if service is None:
        return Refusal("unknown_service")
    if _is_stale(config, command.age_ms):
        return Refusal("stale")
    if command.kiosk is not None and not is_kiosk(config, command.kiosk):
        return Refusal("no_kiosk")
    count = state.issued.get(service.code, 0) + 1
    if count >= reserve.numbers_end(state, service.code):
        return Refusal("numbers_exhausted")
    number = f"{service.prefix}{count:03d}"
    ticket = ticket_id(state.date, number)
    made: list[Event] = [e.TicketIssued(ticket, number, service.code, command.kiosk, command.token)]
    if isinstance(command, c.IssueTicketTo):
        made += [e.HolderNoted(ticket, sealed) for sealed in command.sealed]
    if command.kiosk is not None:
        ahead = state.waiting((service.code,))
        job = print_job_id(1, number, command.token)
        made.append(e.PrintQueued(job, ticket, command.kiosk, 0, ahead))
    return made


def _cancel(state: CallingState, command: c.CancelTicket) -> Decision:
    ticket = state.tickets.get(command.ticket)
    if ticket is None:
        return Refusal("unknown_ticket")
    if ticket.state in FINAL or ticket.state in ("called", "serving"):
        return Refusal("not_cancellable")
    return [e.TicketCancelled(ticket.id, "holder")]


def _return(config: HallConfig, state: CallingState, command: c.ReturnTicket) -> Decision:
    ticket = state.tickets.get(command.ticket)
    if ticket is None:
        return Refusal("unknown_ticket")
    if ticket.state != "missed":
        return Refusal("not_missed")
    line = state.line.get(ticket.service, [])
    place = min(config.rules.missed_return_after, len(line))
    # Behind the last of those it lets pass; in an empty line any rank will do, so its own.
    rank = line[place - 1][0] + 1 if place else ticket.rank
    return [e.TicketReturned(ticket.id, rank)]


def _reprint(config: HallConfig, state: CallingState, command: c.ReprintTicket) -> Decision:
    ticket = state.tickets.get(command.ticket)
    if ticket is None:
        return Refusal("unknown_ticket")
    if not is_kiosk(config, command.kiosk):
        return Refusal("no_kiosk")
    return [print_again(state, ticket, command.kiosk, copy=1)]


# --- windows


def _sign_in(config: HallConfig, state: CallingState, command: c.SignIn) -> Decision:
    if command.window not in config.windows:
        return Refusal("unknown_window")
    if _is_stale(config, command.age_ms):
        return Refusal("stale")
    window = state.window(command.window)
    if command.seen is not None and command.seen != window.turn:
        return Refusal("seen")
    if window.officer is not None:
        return Refusal("already_signed_in")
    if command.staff_number not in config.officers:
        return Refusal("unknown_officer")
    if any(other.officer == command.staff_number for other in state.windows.values()):
        return Refusal("officer_elsewhere")
    return [e.OfficerSignedIn(command.window, command.staff_number)]


def _command_window(
    config: HallConfig, state: CallingState, command: c.CommandWindow, now_ms: int
) -> Decision:
    if command.window not in config.windows:
        return Refusal("unknown_window")
    if _is_stale(config, command.age_ms):
        return Refusal("stale")
    window = state.window(command.window)
    if command.command == "help":
        return Refusal("help_asked") if window.help else [e.HelpAsked(command.window)]
    if command.command == "help_cancel":
        return [e.HelpCleared(command.window)] if window.help else Refusal("no_help")
    if command.seen is not None and command.seen != window.turn:
        return Refusal("seen")
    if window.officer is None:
        return Refusal("not_signed_in")
    action = _ACTIONS.get(command.command)
    if action is None:
        return Refusal("unknown_command")
    return action(_At(config, state, command.window, command.argument, now_ms))


@dataclass(frozen=True, slots=True)
class _At:
    """The window a command is for, and all an action needs to decide."""

    config: HallConfig
    state: CallingState
    window: str
    argument: str
    now_ms: int

    @property
    def current(self) -> Ticket | None:
        """The ticket called or served here."""
        ticket = self.state.window(self.window).ticket
        return None if ticket is None else self.state.tickets[ticket]

    @property
    def officer(self) -> str:
        officer = self.state.window(self.window).officer
        assert officer is not None, "checked before any action"
        return officer

    def call(self, ticket: Ticket, call: int) -> list[Event]:
        made: list[Event] = [e.TicketCalled(ticket.id, self.window, self.officer, call)]
        if any(node.kind == "voice" for node in self.config.nodes):
            job = f"v{ticket.announcements + 1}-{ticket.number}-{ticket.token[:12]}"
            made.append(e.AnnouncementQueued(job, ticket.id, self.window, call > 1))
        return made

    def end_service(self, ticket: Ticket) -> list[Event]:
        made: list[Event] = []
        if ticket.state == "called":
            started_ms = min(self.now_ms, service_start_ms(self.config, ticket))
            made.append(e.ServiceStarted(ticket.id, self.window, started_ms, implicit=True))
        made.append(e.ServiceFinished(ticket.id, self.window, self.officer))
        rating = self.state.window(self.window).rating
        if rating is not None:
            made.append(e.RatingClosed(rating.visit, self.window))
        if ticket.rating == "none" and "rating" in self.config.windows[self.window].devices:
            made.append(e.RatingOpened(ticket.id, self.window, self.officer))
        return made


def _next(at: _At) -> Decision:
    if at.state.mode(at.window) == "paused":
        return Refusal("paused")
    current = at.current
    made: list[Event] = []
    if current is not None:
        made += at.end_service(current)
    chosen = choose(at.config, at.state, at.window)
    if chosen is not None:
        made += at.call(at.state.tickets[chosen], 1)
    return made or Refusal("empty")


def _recall(at: _At) -> Decision:
    current = at.current
    if current is None or current.state != "called":
        return Refusal("not_called")
    if current.calls >= at.config.rules.calls_max:
        return Refusal("called_too_often")
    return at.call(current, current.calls + 1)


def _start(at: _At) -> Decision:
    current = at.current
    if current is None or current.state != "called":
        return Refusal("not_called")
    return [e.ServiceStarted(current.id, at.window, at.now_ms, implicit=False)]


def _finish(at: _At) -> Decision:
    current = at.current
    if current is None:
        return Refusal("not_serving")
    return at.end_service(current)


def _missed(at: _At) -> Decision:
    current = at.current
    if current is None or current.state != "called":
        return Refusal("not_called")
    return [e.TicketMissed(current.id, at.window)]


def _hold(at: _At) -> Decision:
    current = at.current
    if current is None:
        return Refusal("not_serving")
    return [e.TicketHeld(current.id, at.window)]


def _unhold(at: _At) -> Decision:
    mode = at.state.mode(at.window)
    if mode == "paused":
        return Refusal("paused")
    if mode != "open":
        return Refusal("busy")
    held = at.state.window(at.window).held
    if not held:
        return Refusal("nothing_held")
    return at.call(at.state.tickets[held[0]], 1)


def _transfer(at: _At) -> Decision:
    current = at.current
    if current is None:
        return Refusal("not_serving")
    if at.argument not in at.config.services:
        return Refusal("unknown_service")
    if at.argument == current.service:
        return Refusal("same_service")
    return [e.TicketTransferred(current.id, at.window, at.argument)]


def _pause(at: _At) -> Decision:
    mode = at.state.mode(at.window)
    if mode == "paused":
        return Refusal("paused")
    return [e.WindowPaused(at.window)] if mode == "open" else Refusal("busy")


def _resume(at: _At) -> Decision:
    if at.state.mode(at.window) != "paused":
        return Refusal("not_paused")
    return [e.WindowResumed(at.window)]


def _sign_off(at: _At) -> Decision:
    if at.current is not None:
        return Refusal("busy")
    return [e.OfficerSignedOff(at.window, at.officer)]


_ACTIONS: dict[str, Callable[[_At], Decision]] = {
    "next": _next,
    "recall": _recall,
    "start": _start,
    "finish": _finish,
    "missed": _missed,
    "hold": _hold,
    "unhold": _unhold,
    "transfer": _transfer,
    "pause": _pause,
    "resume": _resume,
    "sign_off": _sign_off,
}


# --- verdicts and jobs


def _rate(state: CallingState, command: c.GiveRating) -> Decision:
    ticket = state.tickets.get(command.visit)
    if ticket is None or ticket.rating == "none":
        return Refusal("no_rating")
    # A pad speaks for its own window alone, whoever has got hold of it.
    if command.window is not None and command.window != ticket.window:
        return Refusal("no_rating")
    if ticket.rating == "given":
        return Refusal("already_rated")
    # A verdict that comes after the pad closed was given in time and delayed on its way.
    return [e.RatingReceived(command.visit, command.grade)]


def _settle_job(config: HallConfig, state: CallingState, command: c.SettleJob) -> Decision:
    if command.job in state.announcements:
        if config.node_by_id[command.node].kind != "voice":
            return Refusal("unknown_job")
        return [e.AnnouncementSettled(command.job, command.state)]
    job = state.prints.get(command.job)
    if job is None:
        return reserve.settle(state, command.node, command.job, command.state)
    if job.node != command.node:
        return Refusal("unknown_job")
    made: list[Event] = [e.PrintSettled(command.job, command.state, command.why)]
    if command.state == "done":
        return made
    # `failed` never reached the paper and may be tried again as it was; `unknown` may have.
    copy = job.copy + (command.state == "unknown")
    ticket = state.tickets[job.ticket]
    if copy > config.rules.reprints_max or ticket.prints >= PRINT_ATTEMPTS_MAX:
        made.append(e.PrintAbandoned(ticket.id, job.node))
    else:
        made.append(print_again(state, ticket, job.node, copy))
    return made
