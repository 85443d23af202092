"""A start on a machine whose wall clock has been set: hall time runs on, or is the wall clock's."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import HallConfig
from gateway.engine import Engine
from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.journal.records import NewRecord
from gateway.machine import Machine
from gateway.recovery import recover
from gateway.systems.calling.commands import IssueTicket

HALL_FILE = Path(__file__).parents[2] / "gateway" / "halls" / "langfang.toml"
MORNING_MS = 1_795_393_800_000
DAY_MS = 86_400_000

Start = Callable[..., Engine]


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def start(disk: MemoryDisk) -> Start:
    """Starts a gateway on the disk, on a machine as it is told."""
    config = HallConfig.model_validate(tomllib.loads(HALL_FILE.read_text("utf-8")))

    def start(steady_ms: int, wall_ms: int, boot: str = "b1", right: bool = False) -> Engine:
        if disk.user is not None:
            disk.user.crash()
        machine = Machine(
            steady_ms=lambda: steady_ms,
            wall_ms=lambda: wall_ms,
            wall_is_right=lambda: right,
            boot=lambda: boot,
        )
        engine, _ = recover(config, MemoryJournal.open(disk, hall="langfang"), machine)
        return engine

    return start


def issue(engine: Engine, disk: MemoryDisk, now_ms: int) -> str:
    engine.request("k1", "desk", IssueTicket("filing", None))
    batch = engine.prepare(now_ms)
    assert disk.user is not None
    engine.committed(batch, disk.user.append(batch.records), now_ms)
    return str(batch.answers[0].body["ticket"])


@pytest.mark.parametrize("jump_ms", [DAY_MS, -DAY_MS])
def test_a_day_goes_on_over_a_restart_though_the_wall_clock_was_set(
    start: Start, disk: MemoryDisk, jump_ms: int
) -> None:
    before = start(5_000, MORNING_MS)
    ticket = issue(before, disk, 9_000)
    after = start(12_000, MORNING_MS + 7_000 + jump_ms)
    assert after.clock.hall_ms(12_000) == MORNING_MS + 7_000
    after.prepare(12_000)
    view = after.ticket_view(ticket)
    assert view is not None
    assert view["state"] == "waiting"


def test_a_wall_clock_that_is_known_to_be_right_counts(start: Start) -> None:
    start(5_000, MORNING_MS)
    assert start(12_000, MORNING_MS + 90_000, right=True).clock.hall_ms(12_000) == (
        MORNING_MS + 90_000
    )


def test_after_a_restart_of_the_machine_the_wall_clock_counts(start: Start) -> None:
    start(5_000, MORNING_MS)
    later = start(3_000, MORNING_MS + DAY_MS, boot="b2")
    assert later.clock.hall_ms(3_000) == MORNING_MS + DAY_MS


def test_a_journal_from_before_marks_were_kept_is_taken_over(
    start: Start, disk: MemoryDisk
) -> None:
    old = MemoryJournal.open(disk, hall="langfang", upcasts={})
    data = {"epoch": 7}
    old.append([NewRecord(MORNING_MS, "core.gateway_started", 1, data, "start")])
    engine = start(5_000, MORNING_MS + 60_000)
    assert engine.clock.hall_ms(5_000) == MORNING_MS + 60_000
    assert engine.epoch > 7
