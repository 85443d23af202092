"""How people of this hall behave, in numbers: when they come, what for, how long it takes.

Synthetic, not field data: the shape (two peaks, six services, 3 to 18 minute means) is that of the
queueing study in the project's facts; service means are a bit over half of each service's limit.
"""

import random
from dataclasses import dataclass

from gateway.config import HallConfig

# Share of visitors, for a hall with these services; others share evenly.
SERVICE_WEIGHTS = {
    "filing": 26,
    "invoice": 22,
    "registration": 12,
    "property": 9,
    "social": 17,
    "enquiry": 14,
}
MEAN_OF_LIMIT = 0.5
# The two peaks of a day, as places in the opening time, and how broad they are.
PEAKS = ((0.2, 0.09), (0.68, 0.1))
PEAK_SHARE = 0.62

MISSES_CALL = 0.04
RETURNS_AFTER_MISS = 0.6
GIVES_RATING = 0.55
HOLDS_TICKET = 0.03
TRANSFERS_TICKET = 0.04
ASKS_HELP = 0.01
GIVES_NUMBER_BACK = 0.08  # of those with a phone
RATES_BY_PHONE = 0.5
RATES_TWICE = 0.3  # at the window as well
PRESSES_TWICE = 0.03
PRESSES_WHEN_OFFLINE = 0.3
PRESSES_NONSENSE = 0.01
FINISHES_WITH_NEXT = 0.3
FORGETS_START = 0.05


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a hall, in virtual milliseconds; `pace` 3 means services a third as long.

    `chief`: somebody acts for windows from the page of the hall; `phones_percent`: visitors who
    take their number with the phone; `hurry`: how many times sooner than usual people lose their
    patience, ask the desk and come back.
    """

    opens_ms: int = 60_000
    open_hours_ms: int = 8 * 3_600_000
    visitors: int = 300
    pace: int = 1
    chief: bool = False
    phones_percent: int = 0
    hurry: int = 1

    @property
    def last_entry_ms(self) -> int:
        return self.opens_ms + self.open_hours_ms * 15 // 16

    @property
    def closes_ms(self) -> int:
        return self.opens_ms + self.open_hours_ms


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody will come at `at_ms` for a service that takes `service_ms` at the window."""

    at_ms: int
    service: str
    service_ms: int


def visits(config: HallConfig, day: Day, rng: random.Random) -> list[Visit]:
    """All visits of a day, by time."""
    codes = [service.code for service in config.service]
    weights = [SERVICE_WEIGHTS.get(code, 15) for code in codes]
    span_ms = day.last_entry_ms - day.opens_ms
    made = []
    for _ in range(day.visitors):
        if rng.random() < PEAK_SHARE:
            middle, width = PEAKS[0] if rng.random() < 0.55 else PEAKS[1]
            place = min(max(rng.gauss(middle, width), 0.0), 1.0)
        else:
            place = rng.random()
        at_ms = day.opens_ms + round(place * span_ms)
        code = rng.choices(codes, weights)[0]
        made.append(Visit(at_ms, code, service_ms(config, code, rng) // day.pace))
    return sorted(made, key=lambda visit: (visit.at_ms, visit.service, visit.service_ms))


def service_ms(config: HallConfig, code: str, rng: random.Random) -> int:
    """How long a service takes this time: gamma, long on the right, a few past every limit."""
    mean_ms = config.services[code].limit_minutes * 60_000 * MEAN_OF_LIMIT
    shape = 3.0
    return max(20_000, round(rng.gammavariate(shape, mean_ms / shape)))
