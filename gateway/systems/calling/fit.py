"""Whether the running day fits the hall file: what its tickets name must be there.

Rule: a hall file may change between any two starts; what a day has begun with, it ends with.
"""

from gateway.config import HallConfig
from gateway.systems.calling.state import CallingState
from gateway.systems.calling.timing import business_date


def missing_of_today(config: HallConfig, state: CallingState, now_ms: int) -> list[str]:
    """What today's tickets name and the hall file lacks, such as "window w08"; hall time."""
    if business_date(config, now_ms) > state.date:
        return []  # the first thing to happen is a new day, with nothing in it
    tickets = state.tickets.values()
    ratings = [window.rating for window in state.windows.values() if window.rating is not None]
    windows = {ticket.window for ticket in tickets if ticket.window is not None}
    windows |= {call.window for call in state.calls}
    windows |= {announcement.window for announcement in state.announcements.values()}
    services = {ticket.service for ticket in tickets}
    services |= {row.service for reserve in state.reserves.values() for row in reserve.rows}
    officers = {rating.officer for rating in ratings}
    return [
        *(f"service {code}" for code in sorted(services - config.services.keys())),
        *(f"window {window}" for window in sorted(windows - config.windows.keys())),
        *(f"officer {number}" for number in sorted(officers - config.officers.keys())),
    ]
