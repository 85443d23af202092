"""What happens in calling because time passes, and when that is next.

Rules: the business day turns at local midnight, when everything still open is over; overtime marks,
ratings left open and announcements nobody heard are due at their own hour. `next_due_ms` is never
later than the first event `pass_time` would make.
"""

from collections.abc import Iterator

from gateway.config import HallConfig
from gateway.core.events import Event
from gateway.systems.calling import events as e
from gateway.systems.calling.overtime import next_mark
from gateway.systems.calling.state import FINAL, Announcement, CallingState, Ticket

DAY_MS = 86_400_000


def business_date(config: HallConfig, at_ms: int) -> str:
    """The local date of a hall time as 20261123 (civil-from-days, Howard Hinnant's algorithm)."""
    days = (at_ms + config.hall.utc_offset_ms) // DAY_MS + 719_468
    era = days // 146_097
    day_of_era = days - era * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{year:04d}{month:02d}{day:02d}"


def pass_time(config: HallConfig, state: CallingState, now_ms: int) -> list[Event]:
    """Everything due by now. The day comes first: what it ends is not overtime any more."""
    date = business_date(config, now_ms)
    if date > state.date:
        return [*_end_day(state), e.DayOpened(date)]
    made: list[Event] = []
    for window, ticket in _at_windows(state):
        made += _overtime(config, window, ticket, now_ms)
    for window, of_window in state.windows.items():
        rating = of_window.rating
        if rating is not None and now_ms >= rating.opened_ms + config.rules.rating_seconds * 1000:
            made.append(e.RatingClosed(rating.visit, window))
    for announcement in state.announcements.values():
        if now_ms >= _expiry_ms(config, announcement):
            made.append(e.AnnouncementSettled(announcement.job, "expired"))
    return made


def _end_day(state: CallingState) -> list[Event]:
    made: list[Event] = [
        e.TicketCancelled(ticket.id, "day_end")
        for ticket in state.tickets.values()
        if ticket.state not in FINAL
    ]
    for window, of_window in state.windows.items():
        if of_window.officer is not None:
            made.append(e.OfficerSignedOff(window, of_window.officer))
    return made


def _at_windows(state: CallingState) -> Iterator[tuple[str, Ticket]]:
    for window, of_window in state.windows.items():
        if of_window.ticket is not None:
            yield window, state.tickets[of_window.ticket]


def _overtime(config: HallConfig, window: str, ticket: Ticket, now_ms: int) -> list[Event]:
    due = next_mark(config, ticket)
    if due is None or now_ms < due[1]:
        return []
    # One mark a round: each level is a fact of its own, and the next round is due at once.
    return [e.OvertimeReached(ticket.id, window, due[0])]


def _expiry_ms(config: HallConfig, announcement: Announcement) -> int:
    return announcement.queued_ms + config.rules.announcement_seconds * 1000


def next_due_ms(config: HallConfig, state: CallingState, now_ms: int) -> int:
    """The earliest hall time at which `pass_time` has something to do."""
    if business_date(config, now_ms) > state.date:
        return now_ms
    local_ms = now_ms + config.hall.utc_offset_ms
    due = (local_ms // DAY_MS + 1) * DAY_MS - config.hall.utc_offset_ms
    for _, ticket in _at_windows(state):
        mark = next_mark(config, ticket)
        if mark is not None:
            due = min(due, mark[1])
    for of_window in state.windows.values():
        if of_window.rating is not None:
            due = min(due, of_window.rating.opened_ms + config.rules.rating_seconds * 1000)
    for announcement in state.announcements.values():
        due = min(due, _expiry_ms(config, announcement))
    return due
