"""Copies on a schedule: made by another process, told when they fail, never stopping the hall."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from gateway import backups
from gateway.backups import BackupPlan, BackupSchedule
from gateway.journal.backup import copies_in
from gateway.journal.records import NewRecord
from gateway.journal.store import Journal
from gateway.meters import Meters

DEADLINE_S = 30.0


class Rig:
    """A journal that is open, as in a running gateway, and a schedule for it."""

    def __init__(self, folder: Path) -> None:
        self.medium = folder / "medium"
        self.journal = Journal.open(folder / "data" / "journal.sqlite", hall="langfang")
        self.meters = Meters()
        plan = BackupPlan(self.medium, minutes=10, keep=2, same_disk=True)
        self.schedule = BackupSchedule(
            plan, self.journal.path, self.meters, lambda: self.journal.last_seq
        )

    def append(self, count: int) -> None:
        first = self.journal.last_seq + 1
        self.journal.append(
            [NewRecord(n, "calling.made_up", 1, {}, "clock") for n in range(first, first + count)]
        )

    def metric(self, name: str) -> float:
        for line in generate_latest(self.meters.registry).decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[-1])
        raise AssertionError(name)

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():  # noqa: ASYNC110  # files and processes tell nobody
                await asyncio.sleep(0.01)


@pytest.fixture
def on_rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a scenario beside a schedule whose ten minutes are a tenth of a second."""
    monkeypatch.setattr(backups, "FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(backups, "SECONDS_PER_MINUTE", 0.01)
    monkeypatch.setattr(backups, "LATE_FACTOR", 10_000)  # a process takes longer than that

    def run(scenario: Callable[[Rig], Any]) -> None:
        async def whole() -> None:
            rig = Rig(tmp_path)
            running = asyncio.create_task(rig.schedule.run())
            try:
                await scenario(rig)
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
                rig.journal.close()

        asyncio.run(whole())

    return run


def newest(rig: Rig) -> int:
    found = copies_in(rig.medium) if rig.medium.is_dir() else []
    return found[0].seq if found else -1


@pytest.mark.slow
def test_copies_follow_what_is_appended_and_are_few(on_rig: Any) -> None:
    async def scenario(rig: Rig) -> None:
        rig.medium.mkdir()
        for count in (3, 4, 5):
            rig.append(count)
            last = rig.journal.last_seq
            await rig.until(lambda last=last: newest(rig) == last)
        await rig.until(lambda: rig.metric('hallkit_backups_total{end="made"}') == 3)
        assert [copy.seq for copy in copies_in(rig.medium)] == [12, 7]
        assert rig.schedule.problem == ""
        assert rig.metric("hallkit_backup_age_seconds") < DEADLINE_S

    on_rig(scenario)


@pytest.mark.slow
def test_a_medium_that_is_missing_is_told_until_it_is_back(on_rig: Any) -> None:
    async def scenario(rig: Rig) -> None:
        rig.append(3)
        await rig.until(lambda: rig.schedule.problem)
        assert "is the second medium mounted" in rig.schedule.problem
        assert rig.metric('hallkit_backups_total{end="failed"}') >= 1
        rig.append(1)  # the hall goes on
        rig.medium.mkdir()
        await rig.until(lambda: not rig.schedule.problem)
        assert newest(rig) == 4

    on_rig(scenario)


@pytest.mark.slow
def test_damage_of_the_journal_itself_is_told(on_rig: Any) -> None:
    async def scenario(rig: Rig) -> None:
        rig.medium.mkdir()
        rig.append(300)
        await rig.until(lambda: newest(rig) == 300)
        with sqlite3.connect(rig.journal.path) as connection:
            connection.execute("DROP TRIGGER events_stay_unchanged")
            connection.execute("UPDATE events SET cause = 'start' WHERE seq = 7")
        connection.close()
        rig.append(1)
        await rig.until(lambda: rig.schedule.problem)
        assert "record 7" in rig.schedule.problem

    on_rig(scenario)


@pytest.mark.slow
def test_a_copy_that_never_ends_is_told_by_its_age(
    on_rig: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = tmp_path / "stuck"
    stuck.write_text("#!/bin/sh\nexec sleep 1000\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(backups.sys, "executable", str(stuck))
    monkeypatch.setattr(backups, "LATE_FACTOR", 3)

    async def scenario(rig: Rig) -> None:
        rig.medium.mkdir()
        rig.append(1)
        await rig.until(lambda: rig.schedule.problem)
        assert "no copy in" in rig.schedule.problem

    on_rig(scenario)


def test_a_process_that_cannot_be_started_is_told(
    on_rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups.sys, "executable", "/nowhere/python")

    async def scenario(rig: Rig) -> None:
        rig.append(1)
        await rig.until(lambda: rig.schedule.problem)
        assert "no process for it could be started" in rig.schedule.problem

    on_rig(scenario)
