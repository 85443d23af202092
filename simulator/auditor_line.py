"""P14: no ticket waits for ever. The bound: nobody is called before an older place in line.

A place is when the ticket was issued; a transferred one keeps it; one that was missed and comes
back stands behind `missed_return_after` others. So at most those pass it, and whoever was there
before it. A window calls the oldest place among all it may serve.
"""

from gateway.config import HallConfig
from simulator.broken import PromiseBroken

Place = tuple[int, str]  # microseconds of hall time, ticket


class LineAuditor:
    """Every service's line, as the journal's records make it."""

    def __init__(self, config: HallConfig) -> None:
        self._config = config
        self._lines: dict[str, list[Place]] = {code: [] for code in config.services}
        self._issued: dict[str, int] = {}  # ticket -> its place by issue

    def clear(self) -> None:
        """A new day."""
        for line in self._lines.values():
            line.clear()
        self._issued.clear()

    def issued(self, ticket: str, service: str, at_ms: int) -> None:
        """A new ticket, given out at that hall time."""
        self._issued[ticket] = at_ms * 1000
        self._join(service, (at_ms * 1000, ticket))

    def transferred(self, ticket: str, service: str) -> None:
        """To another line, by its own time."""
        self._join(service, (self._issued[ticket], ticket))

    def returned(self, ticket: str, service: str) -> None:
        """Back in line, behind a few others."""
        line = self._lines[service]
        behind = min(self._config.rules.missed_return_after, len(line))
        place = line[behind - 1][0] + 1 if behind else self._issued[ticket]
        self._issued[ticket] = place
        self._join(service, (place, ticket))

    def left(self, ticket: str, service: str) -> None:
        """Given back, or over with the day."""
        self._lines[service] = [place for place in self._lines[service] if place[1] != ticket]

    def called(self, ticket: str, window: str, officer: str) -> None:
        """A ticket is called out of the line: it must be the first of all this window may call."""
        able = self._config.officers[officer].services
        codes = [code for code in self._config.windows[window].services if not able or code in able]
        heads = [self._lines[code][0] for code in codes if self._lines[code]]
        first = min(heads, default=(0, ""))[1]
        if first != ticket:
            raise PromiseBroken(
                "P14", f"{window} calls {ticket} though {first or 'nobody'} is first"
            )
        for code in codes:
            if self._lines[code] and self._lines[code][0][1] == ticket:
                del self._lines[code][0]

    def _join(self, service: str, place: Place) -> None:
        line = self._lines[service]
        line.append(place)
        line.sort()
