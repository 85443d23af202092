"""P8: whatever the wall clock does, hall time runs on evenly and nothing is over too early.

Judged by the time of the virtual world, which nobody sets: the hall time of a record must be as far
from it as that of the first record, and what waits for time must have waited so long.
"""

from gateway.config import HallConfig
from gateway.core.json import JsonObject
from gateway.journal.records import Record
from simulator.broken import PromiseBroken

# Two batches of one instant, and a commit in between.
SLACK_MS = 250
DAY_MS = 86_400_000


class TimeAuditor:
    """Follows the hall's clock and everything that is due by it."""

    def __init__(self, config: HallConfig) -> None:
        self._config = config
        self._offset_ms: int | None = None
        self._service: dict[str, str] = {}
        self._called_ms: dict[str, int] = {}  # ticket -> virtual time
        self._started_ms: dict[str, int] = {}
        self._opened_ms: dict[str, int] = {}  # visit -> rating opened
        self._queued_ms: dict[str, int] = {}  # announcement -> queued

    def take(self, record: Record, now_ms: int) -> None:
        """A record is durable, now in virtual time."""
        offset_ms = record.at_ms - now_ms
        if self._offset_ms is None:
            self._offset_ms = offset_ms
        off_ms = offset_ms - self._offset_ms
        if not -SLACK_MS <= off_ms <= SLACK_MS:
            raise PromiseBroken("P8", f"hall time is {off_ms} ms off at record {record.seq}")
        system, _, what = record.kind.partition(".")
        look = getattr(self, f"_{what}", None)
        if system == "calling" and look is not None:
            look(record.data, now_ms, record.cause)

    def hall_ms(self, now_ms: int) -> int:
        """The hall time it should be."""
        return now_ms + (self._offset_ms or 0)

    # ---- one method per kind of record that time concerns ----

    def _day_opened(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        midnight_ms = _midnight_ms(str(data["date"])) - self._config.hall.utc_offset_ms
        if self.hall_ms(now_ms) < midnight_ms - SLACK_MS:
            raise PromiseBroken("P8", f"day {data['date']} opened before its midnight")

    def _ticket_issued(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        self._service[str(data["ticket"])] = str(data["service"])

    _ticket_merged = _ticket_issued

    def _ticket_transferred(self, data: JsonObject, now_ms: int, cause: str) -> None:
        self._ticket_issued(data, now_ms, cause)
        self._called_ms.pop(str(data["ticket"]), None)

    def _ticket_called(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        ticket = str(data["ticket"])
        if data["call"] == 1:
            self._called_ms[ticket] = now_ms
            self._started_ms.pop(ticket, None)

    def _service_started(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        if not data["implicit"]:
            self._started_ms[str(data["ticket"])] = now_ms

    def _overtime_reached(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        ticket, level = str(data["ticket"]), str(data["level"])
        rules = self._config.rules
        percent = {
            "amber": rules.amber_percent,
            "red": rules.red_percent,
            "blink": rules.blink_percent,
        }[level]
        limit_ms = self._config.services[self._service[ticket]].limit_minutes * 60_000
        began_ms = self._started_ms.get(ticket, self._called_ms[ticket] + rules.walk_seconds * 1000)
        self._not_before(began_ms + limit_ms * percent // 100, now_ms, f"{ticket} is {level}")

    def _rating_opened(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        self._opened_ms[str(data["visit"])] = now_ms

    def _rating_closed(self, data: JsonObject, now_ms: int, cause: str) -> None:
        if cause == "clock":
            due_ms = self._opened_ms[str(data["visit"])] + self._config.rules.rating_seconds * 1000
            self._not_before(due_ms, now_ms, f"the rating of {data['visit']} closes")

    def _announcement_queued(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        self._queued_ms[str(data["job"])] = now_ms

    def _announcement_settled(self, data: JsonObject, now_ms: int, cause: str) -> None:  # noqa: ARG002
        if data["result"] == "expired":
            lasts_ms = self._config.rules.announcement_seconds * 1000
            due_ms = self._queued_ms[str(data["job"])] + lasts_ms
            self._not_before(due_ms, now_ms, f"{data['job']} expires")

    def _not_before(self, due_ms: int, now_ms: int, what: str) -> None:
        if now_ms < due_ms - SLACK_MS:
            raise PromiseBroken("P8", f"{what} {due_ms - now_ms} ms too early")


def _midnight_ms(date: str) -> int:
    """Midnight of 20261123 in UTC, as milliseconds since 1970 (days-from-civil, H. Hinnant)."""
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:])
    year -= month <= 2
    era = year // 400
    year_of_era = year - era * 400
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return (era * 146_097 + day_of_era - 719_468) * DAY_MS
