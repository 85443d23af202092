"""Overtime: how far a service is past its limit, and when it passes the next mark.

Rules: the clock of a service runs from START, or, when START is not pressed, from the call plus the
time to walk; at amber_percent of the limit the lamp turns amber, at red_percent red, at
blink_percent it blinks. Levels only rise within one service.
"""

from gateway.config import HallConfig
from gateway.systems.calling.state import Ticket

LEVELS = ("", "amber", "red", "blink")


def service_start_ms(config: HallConfig, ticket: Ticket) -> int:
    """When the service began, for a ticket called or being served; hall time."""
    if ticket.started_ms is not None:
        return ticket.started_ms
    assert ticket.called_ms is not None
    return ticket.called_ms + config.rules.walk_seconds * 1000


def mark_ms(config: HallConfig, ticket: Ticket, level: str) -> int:
    """When the ticket's service reaches `level` (amber, red or blink); hall time."""
    percent = {
        "amber": config.rules.amber_percent,
        "red": config.rules.red_percent,
        "blink": config.rules.blink_percent,
    }[level]
    limit_ms = config.services[ticket.service].limit_minutes * 60_000
    return service_start_ms(config, ticket) + limit_ms * percent // 100


def next_mark(config: HallConfig, ticket: Ticket) -> tuple[str, int] | None:
    """The next level of this service and when it is due, or None at the last one."""
    place = LEVELS.index(ticket.overtime) + 1
    if place == len(LEVELS):
        return None
    return LEVELS[place], mark_ms(config, ticket, LEVELS[place])
