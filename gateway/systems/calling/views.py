"""What people and pages see of calling: folds of the state to plain JSON.

Times are hall milliseconds. No view holds a ticket's token, except the answer to who issued it.
"""

from gateway.config import HallConfig, Window
from gateway.core.events import Event
from gateway.core.json import JsonObject, JsonValue
from gateway.systems.calling import events as e
from gateway.systems.calling.allocation import skills
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.state import IN_LINE, CallingState, Ticket


def refusal_body(refusal: Refusal) -> JsonObject:
    return {
        "reason": refusal.reason,
        "message_zh": refusal.message_zh,
        "message_en": refusal.message_en,
    }


def done_body(state: CallingState, events: list[Event]) -> JsonObject:
    """What a caller wants to know of its command: the ticket and window it moved."""
    body: JsonObject = {}
    for event in events:
        if isinstance(event, e.TicketIssued):
            ticket = state.tickets[event.ticket]
            return {
                "ticket": ticket.id,
                "number": ticket.number,
                "token": ticket.token,
                "ahead": _ahead(state, ticket),
            }
        window = getattr(event, "window", None)
        if window is not None:
            body["window"] = window
        ticket_id = getattr(event, "ticket", None)
        if ticket_id is not None:
            body["ticket"] = ticket_id
            body["number"] = state.tickets[ticket_id].number
    return body


def _ahead(state: CallingState, ticket: Ticket) -> int:
    place = (ticket.rank, ticket.id)
    return sum(entry < place for entry in state.line.get(ticket.service, ()))


def holder_of(state: CallingState, ticket: str) -> list[str] | None:
    """What is sealed of the holder of one of today's tickets; None when there is no such ticket."""
    found = state.tickets.get(ticket)
    return None if found is None else list(found.holder)


def ticket_view(config: HallConfig, state: CallingState, key: str) -> JsonObject | None:
    """One ticket of today by its id or its token."""
    ticket = state.tickets.get(key)
    if ticket is None:
        ticket = next((found for found in state.tickets.values() if found.token == key), None)
    if ticket is None:
        return None
    service = config.services[ticket.service]
    return {
        "ticket": ticket.id,
        "number": ticket.number,
        "service": ticket.service,
        "service_zh": service.name_zh,
        "service_en": service.name_en,
        "state": ticket.state,
        "ahead": _ahead(state, ticket) if ticket.state in IN_LINE else None,
        "window": config.windows[ticket.window].label if ticket.window else None,
        "issued_ms": ticket.issued_ms,
        "called_ms": ticket.called_ms,
        "started_ms": ticket.started_ms,
        "ended_ms": ticket.ended_ms,
        "calls": ticket.calls,
        "rated": ticket.rating == "given",
    }


def hall_view(config: HallConfig, state: CallingState) -> JsonObject:
    """The whole hall; every surface is a pure function of this one picture."""
    hall = config.hall
    return {
        "hall": {
            "id": hall.id,
            "name_zh": hall.name_zh,
            "name_en": hall.name_en,
            "notice_zh": hall.notice_zh,
            "notice_en": hall.notice_en,
        },
        "date": state.date,
        "services": _services(config, state),
        "windows": [_window(config, state, window) for window in config.window],
        "calls": [
            {
                "number": state.tickets[call.ticket].number,
                "window": config.windows[call.window].label,
                "at_ms": call.at_ms,
                "call": call.call,
            }
            for call in state.calls
        ],
        "waiting": _waiting(state),
        "missed": _missed(state),
        "announcements": _announcements(config, state),
        "prints": _prints(state),
        "printers": _printers(state),
        "totals": _totals(state),
    }


def _waiting(state: CallingState) -> JsonValue:
    in_order = sorted(entry for line in state.line.values() for entry in line)
    return [
        {
            "ticket": ticket.id,
            "number": ticket.number,
            "service": ticket.service,
            "issued_ms": ticket.issued_ms,
            "state": ticket.state,
        }
        for ticket in (state.tickets[ticket_id] for _, ticket_id in in_order)
    ]


def _missed(state: CallingState) -> JsonValue:
    return [
        {
            "ticket": ticket.id,
            "number": ticket.number,
            "service": ticket.service,
            "missed_ms": ticket.ended_ms,
        }
        for ticket in state.tickets.values()
        if ticket.state == "missed"
    ]


def _announcements(config: HallConfig, state: CallingState) -> JsonValue:
    return [
        {
            "job": announcement.job,
            "number": state.tickets[announcement.ticket].number,
            "window": config.windows[announcement.window].label,
            "again": announcement.again,
        }
        for announcement in state.announcements.values()
    ]


def _prints(state: CallingState) -> JsonValue:
    return [
        {
            "job": job.job,
            "number": state.tickets[job.ticket].number,
            "node": job.node,
            "copy": job.copy,
        }
        for job in state.prints.values()
    ]


def _printers(state: CallingState) -> JsonValue:
    return [
        {"node": node, "paper": printer.paper, "cover": printer.cover, "fault": printer.fault}
        for node, printer in state.printers.items()
    ]


def _services(config: HallConfig, state: CallingState) -> JsonValue:
    served = dict.fromkeys(config.services, 0)
    for ticket in state.tickets.values():
        if ticket.state == "served":
            served[ticket.service] += 1
    return [
        {
            "code": service.code,
            "prefix": service.prefix,
            "name_zh": service.name_zh,
            "name_en": service.name_en,
            "limit_minutes": service.limit_minutes,
            "waiting": state.waiting((service.code,)),
            "served": served[service.code],
            "oldest_issued_ms": _oldest_issued_ms(state, service.code),
        }
        for service in config.service
    ]


def _oldest_issued_ms(state: CallingState, service: str) -> int | None:
    line = state.line.get(service)
    return min(state.tickets[ticket].issued_ms for _, ticket in line) if line else None


def _window(config: HallConfig, state: CallingState, window: Window) -> JsonObject:
    of_window = state.window(window.id)
    officer = config.officers.get(of_window.officer or "")
    ticket = state.tickets[of_window.ticket] if of_window.ticket else None
    rating = of_window.rating
    return {
        "id": window.id,
        "label": window.label,
        "mode": state.mode(window.id),
        "officer": {"staff_number": officer.staff_number, "name": officer.name}
        if officer
        else None,
        "ticket": ticket.id if ticket else None,
        "number": ticket.number if ticket else None,
        "service": ticket.service if ticket else None,
        "since_ms": (ticket.started_ms or ticket.called_ms) if ticket else None,
        "overtime": (ticket.overtime or "green") if ticket else "none",
        "turn": of_window.turn,
        "help": of_window.help,
        "held": [{"ticket": held, "number": state.tickets[held].number} for held in of_window.held],
        "waiting": state.waiting(skills(config, state, window.id)),
        "served": of_window.served,
        "services": list(window.services),
        "rating": {"visit": rating.visit, "number": rating.number} if rating else None,
    }


def _totals(state: CallingState) -> JsonObject:
    tickets = list(state.tickets.values())
    count = dict.fromkeys(("served", "missed", "cancelled"), 0)
    for ticket in tickets:
        if ticket.state in count:
            count[ticket.state] += 1
    waits = [t.called_ms - t.issued_ms for t in tickets if t.called_ms is not None]
    services = [
        t.ended_ms - t.started_ms
        for t in tickets
        if t.state == "served" and t.started_ms is not None and t.ended_ms is not None
    ]
    grades = [t.grade for t in tickets if t.grade is not None]
    return {
        "issued": len(tickets),
        **count,
        "waiting": sum(len(line) for line in state.line.values()),
        "average_wait_ms": sum(waits) // len(waits) if waits else None,
        "average_service_ms": sum(services) // len(services) if services else None,
        "ratings": {
            "count": len(grades),
            "average": round(sum(grades) / len(grades), 2) if grades else None,
        },
    }
