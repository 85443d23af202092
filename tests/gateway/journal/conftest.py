"""Shared by the journal's tests: made-up events, both journals behind one handle, and copies."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.journal.records import NewRecord
from gateway.journal.store import Journal

EPOCH = "00c0ffee00c0ffee"
START_MS = 1_752_000_000_000


def make_event(number: int, **fields: Any) -> NewRecord:
    """The event number `number` of a made-up day."""
    data = {"ticket": f"A{number:03d}", "service": "发票领用", "waiting": number % 40} | fields
    return NewRecord(
        START_MS + number * 1000, "calling.ticket_issued", 1, data, f"kiosk-01:17:{number}"
    )


@dataclass
class OnDisk:
    """Opens the journal in SQLite, again and again at the same place."""

    folder: Path
    opened: list[Journal] = field(default_factory=list)

    def open(self, **options: Any) -> Journal:
        options = {"hall": "langfang", "epoch": EPOCH} | options
        self.opened.append(Journal.open(self.folder / "hall.sqlite", **options))
        return self.opened[-1]


@dataclass
class InMemory:
    """Opens the simulator's journal, again and again on the same disk."""

    folder: Path
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    opened: list[MemoryJournal] = field(default_factory=list)

    def open(self, **options: Any) -> MemoryJournal:
        options = {"hall": "langfang", "epoch": EPOCH} | options
        self.opened.append(MemoryJournal.open(self.disk, **options))
        return self.opened[-1]


@pytest.fixture
def event() -> Callable[..., NewRecord]:
    return make_event


@pytest.fixture(params=[OnDisk, InMemory], ids=["disk", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OnDisk | InMemory]:
    """A place for one journal, of either kind; whatever is left open is closed."""
    place = request.param(tmp_path)
    yield place
    for journal in place.opened:
        journal.close()


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[OnDisk]:
    place = OnDisk(tmp_path)
    yield place
    for journal in place.opened:
        journal.close()


@pytest.fixture(scope="session")
def both_places() -> Callable[[Path], tuple[OnDisk, InMemory]]:
    return lambda folder: (OnDisk(folder), InMemory(folder))


@pytest.fixture
def copy_journal() -> Callable[[Path, Path], Path]:
    """Copy a journal's files as they lie on the disk now, as a power cut would leave them."""

    def copy(path: Path, folder: Path) -> Path:
        folder.mkdir()
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copy(source, folder / source.name)
        return folder / path.name

    return copy
