"""Numbers set aside for kiosks, which give them out while they do not hear the gateway.

Rules:
- a reserve belongs to the one report that asked for it, so a new board under an old name never
  gets numbers that the old one may have given out. Reserves end with the day;
- rows are taken from the top of a service's numbers, downwards, and never given back; the gateway's
  own numbers rise from 001 and stop below the lowest row. RESERVE_DISTANCE numbers stay between;
- a row is added when less than half of `reserve_numbers` is left unmerged in the kiosk's rows;
- a ticket given out alone joins the line where it would stand had the gateway issued it then. One
  whose print is not certain is printed once more, marked 补打, with its number.
"""

from gateway.config import HallConfig
from gateway.core.events import Event
from gateway.systems.calling import commands as c
from gateway.systems.calling import events as e
from gateway.systems.calling.fold import ticket_id
from gateway.systems.calling.printing import is_kiosk, print_job_id
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.state import CallingState, Reserve

NUMBERS_MAX = 999
RESERVE_DISTANCE = 100
# Of one reserve, so that they fit one message.
ROWS_MAX = 12


def numbers_end(state: CallingState, service: str) -> int:
    """The lowest number of a service that the gateway may not issue itself."""
    return state.reserved_from.get(service, NUMBERS_MAX + 1)


def ask(config: HallConfig, state: CallingState, command: c.AskReserve) -> list[Event] | Refusal:
    """Set numbers aside, or more of them, and have the kiosk told."""
    if not is_kiosk(config, command.kiosk):
        return Refusal("no_kiosk")
    name = command.reserve or command.asked_by
    known = state.reserves.get(name)
    if command.reserve and (known is None or known.kiosk != command.kiosk):
        return Refusal("unknown_reserve")
    made: list[Event] = []
    rows = 0 if known is None else len(known.rows)
    for service in config.service:
        left = 0 if known is None else _unmerged(config, state, known, service.code)
        if rows < ROWS_MAX and 2 * left < config.rules.reserve_numbers:
            last = numbers_end(state, service.code) - 1
            first = last - config.rules.reserve_numbers + 1
            if first - state.issued.get(service.code, 0) > RESERVE_DISTANCE:
                made.append(e.NumbersReserved(name, command.kiosk, service.code, first, last))
                rows += 1
    if not rows:
        return Refusal("no_reserve")
    offers = 0 if known is None else known.offers
    return [*made, e.ReserveOffered(name, f"o{offers + 1}-{name}")]


def _unmerged(config: HallConfig, state: CallingState, reserve: Reserve, service: str) -> int:
    prefix = config.services[service].prefix
    return sum(
        ticket_id(state.date, f"{prefix}{number:03d}") not in state.tickets
        for row in reserve.rows
        if row.service == service
        for number in range(row.first, row.last + 1)
    )


def settle(state: CallingState, kiosk: str, job: str, result: str) -> list[Event] | Refusal:
    """The kiosk has answered the job that told it of its reserve."""
    for name, reserve in state.reserves.items():
        if reserve.job == job and reserve.kiosk == kiosk:
            return [e.ReserveSettled(name, result)]
    return Refusal("unknown_job")


def merge(
    config: HallConfig, state: CallingState, command: c.MergeTicket, now_ms: int
) -> list[Event] | Refusal:
    """Take in a ticket that a kiosk gave out alone."""
    reserve = state.reserves.get(command.reserve)
    service = config.services.get(command.service)
    if reserve is None or service is None or reserve.kiosk != command.kiosk:
        return Refusal("unknown_reserve")
    if not any(
        row.service == command.service and row.first <= command.number <= row.last
        for row in reserve.rows
    ):
        return Refusal("unknown_reserve")
    number = f"{service.prefix}{command.number:03d}"
    ticket = ticket_id(state.date, number)
    if ticket in state.tickets:
        return Refusal("known_ticket")
    # A kiosk cannot have given it out before it had it, nor tomorrow.
    issued_ms = min(now_ms, max(reserve.since_ms, command.issued_ms))
    made: list[Event] = [
        e.TicketMerged(ticket, number, service.code, command.kiosk, command.token, issued_ms)
    ]
    if command.printed != "done":
        line = state.line.get(service.code, ())
        ahead = sum(rank <= issued_ms * 1000 for rank, _ in line)
        copy = int(command.printed == "unknown")
        job = print_job_id(1, number, command.token)
        made.append(e.PrintQueued(job, ticket, command.kiosk, copy, ahead))
    return made
