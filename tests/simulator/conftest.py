"""A witness that is told a story, for the tests of the auditor."""

from typing import Any

import pytest

from gateway.journal.records import Record
from simulator.auditor import Auditor
from simulator.plan import hall_of
from simulator.virtual_time import Timeline

# 2026-11-23 08:30 in the hall.
MORNING_MS = 1_795_393_800_000


class Witness:
    """An auditor that is told a story, record by record."""

    def __init__(self) -> None:
        self.timeline = Timeline(1000)
        self.auditor = Auditor(hall_of(8), self.timeline)
        self.seq = 0
        self.shift_ms = 0  # how wrong the hall's clock is
        self.happens("calling.day_opened", date="20261123")

    def happens(self, kind: str, cause: str = "clock", **data: Any) -> None:
        self.seq += 1
        at_ms = MORNING_MS + self.timeline.now_ms + self.shift_ms
        record = Record(self.seq, at_ms, kind, 1, data, cause, b"")
        self.auditor.record_durable(record)

    def issue(self, number: str, service: str = "filing") -> None:
        self.happens(
            "calling.ticket_issued",
            ticket=f"20261123-{number}",
            number=number,
            service=service,
            kiosk="kiosk-1",
        )

    def call(self, number: str, window: str) -> None:
        self.happens(
            "calling.ticket_called",
            ticket=f"20261123-{number}",
            window=window,
            officer="1111",
            call=1,
        )

    def at_window(self, what: str, number: str, window: str, **data: Any) -> None:
        self.happens(f"calling.{what}", ticket=f"20261123-{number}", window=window, **data)


@pytest.fixture
def witness() -> Witness:
    return Witness()
