"""The gateway's journal in virtual time: a disk that can fail, and calls in which a process dies.

Rules: what is durable is what stands on the `VirtualDisk`, whatever the process heard of it. A disk
in trouble fails every write: "full" keeps nothing of it; "broken" keeps it or not, by chance, and
the process cannot tell which. A damaged record in the middle stops the start until it is mended.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from gateway.journal.chain import to_records
from gateway.journal.errors import BrokenChain, JournalDamaged, JournalError
from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.journal.records import JsonValue, NewRecord, Record, Snapshot
from gateway.journal.upcasts import UPCASTS
from gateway.room import Room

Trouble = Literal["", "full", "broken"]
# Told in errors and so in the trace: the same wherever this code lies.
NAME = Path("/virtual/journal.sqlite")


class Witness(Protocol):
    """Who sees what becomes durable, and may end the process in the middle of a call."""

    def journal_call(self, name: str) -> None:
        """A call begins, or has done its work and is about to return. May raise `Killed`."""

    def record_durable(self, record: Record) -> None:
        """In order, each once."""

    def write_failed(self) -> None:
        """The disk refused a write."""


@dataclass(slots=True)
class VirtualDisk(MemoryDisk):
    """What is durable, and what is wrong with the disk at the moment."""

    trouble: Trouble = ""
    told: int = 0  # how many records the witness has seen
    whole_row: tuple[int, object] | None = None  # (place, the row as it was before the damage)

    def damage(self, place: int) -> None:
        """Flip something in a record: the data of the row at `place`."""
        if self.whole_row is None and place < len(self.rows):
            row = self.rows[place]
            self.whole_row = (place, row)
            self.rows[place] = (*row[:5], row[5][:-1] + "~", row[6])

    def mend(self) -> None:
        """Put the record back, from the copy on the second medium."""
        if self.whole_row is not None:
            place, row = self.whole_row
            self.rows[place] = row  # type: ignore[call-overload]  # a row, kept as an object
            self.whole_row = None


class VirtualRoom(Room):
    """Of the virtual disk, never of the machine that a day is run on."""

    def free_bytes(self) -> int:
        return 1 << 40

    def keep_ballast(self) -> None:
        """There is plenty."""


class VirtualJournal(MemoryJournal):
    """See the rules at the top. Get one from `start`."""

    _witness: Witness
    _rng: random.Random

    @classmethod
    def start(
        cls, disk: VirtualDisk, hall: str, state_version: str, witness: Witness, rng: random.Random
    ) -> "VirtualJournal":
        """Open the journal as a starting process does."""
        witness.journal_call("open")
        if disk.trouble == "broken":
            raise JournalError(f"{NAME} cannot be opened: disk I/O error")
        try:
            journal = cls.open(disk, hall=hall, state_version=state_version)
        except BrokenChain as error:
            raise JournalDamaged(NAME, error.seq, error.problem) from error
        assert isinstance(journal, cls), "it opens its own kind"
        journal._witness, journal._rng = witness, rng
        witness.journal_call("open")
        return journal

    def append(self, records: Sequence[NewRecord]) -> list[Record]:
        self._witness.journal_call("append")
        disk = self._virtual_disk
        if disk.trouble:
            kept = disk.trouble == "broken" and self._rng.random() < 0.5
            self.fail_append(1, "kept" if kept else "lost")
            self._witness.write_failed()
        try:
            return super().append(records)
        finally:
            self._tell_durable()
            self._witness.journal_call("append")

    def read(self, after_seq: int = 0) -> Iterator[Record]:
        self._witness.journal_call("read")
        yield from super().read(after_seq)
        self._witness.journal_call("read")

    def latest_snapshot(self) -> Snapshot | None:
        self._witness.journal_call("snapshot")
        # Both ways back must lead to the same state, so both are taken.
        return super().latest_snapshot() if self._rng.random() < 0.8 else None

    def save_snapshot(self, seq: int, state: JsonValue) -> None:
        self._witness.journal_call("save")
        if self._virtual_disk.trouble:
            self._failure = "a write failed"
            self._witness.write_failed()
        super().save_snapshot(seq, state)
        self._witness.journal_call("save")

    @property
    def _virtual_disk(self) -> VirtualDisk:
        assert isinstance(self._disk, VirtualDisk), "as `start` opened it"
        return self._disk

    def _tell_durable(self) -> None:
        disk = self._virtual_disk
        rows = disk.rows[disk.told :]
        disk.told = len(disk.rows)
        for record in to_records(rows, UPCASTS):
            self._witness.record_durable(record)
