"""The journal of the simulator: the same promises in memory, in virtual time, with crashes.

Rules: a `MemoryDisk` outlives the gateway, a `MemoryJournal` does not. What is staged and not yet
committed is lost in a crash. Events are stored as the same rows with the same hashes as on disk;
one suite of tests runs against both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gateway.journal import snapshots
from gateway.journal.chain import StoredRow, Tip, genesis, prove, seal, to_records
from gateway.journal.errors import JournalError, JournalFailed, JournalLocked, RecordError
from gateway.journal.records import JsonValue, NewRecord, Record, Snapshot
from gateway.journal.snapshots import SnapshotRow
from gateway.journal.upcasts import UPCASTS, Upcasts

_SCHEMA = 1  # of the tables on disk; there are none here

Fate = Literal["lost", "kept"]


@dataclass(slots=True)
class MemoryDisk:
    """What is durable. `user`: the journal that is open on it."""

    hall: str = ""
    epoch: str = ""
    rows: list[StoredRow] = field(default_factory=list)
    snapshots: dict[int, SnapshotRow] = field(default_factory=dict)
    user: "MemoryJournal | None" = None


class MemoryJournal:
    """A journal on a `MemoryDisk`. `append` is `stage` and `commit` in one."""

    def __init__(
        self, disk: MemoryDisk, *, hall: str, epoch: str, state_version: str, upcasts: Upcasts
    ) -> None:
        """For `open` only."""
        self.hall, self.epoch = hall, epoch
        self.notices: list[str] = []
        self._disk, self._state_version, self._upcasts = disk, state_version, upcasts
        self._genesis = genesis(hall, epoch)
        self._tip = self._staged_tip = prove(disk.rows, self._genesis)
        self._staged: list[StoredRow] = []
        self._failure = ""
        self._appends_until_failure = 0
        self._fate: Fate = "lost"

    @classmethod
    def open(
        cls,
        disk: MemoryDisk,
        *,
        hall: str,
        state_version: str = "1",
        upcasts: Upcasts = UPCASTS,
        epoch: str = "0000000000000000",
    ) -> "MemoryJournal":
        """Open the journal on `disk`, or begin one with this `epoch` on an empty disk.

        Raises JournalLocked when one is open on it, JournalError for another hall.
        """
        if disk.user is not None:
            raise JournalLocked("this disk's journal is in use: crash or close that one first")
        if not disk.hall:
            disk.hall, disk.epoch = hall, epoch
        if disk.hall != hall:
            raise JournalError(f"this disk holds the journal of hall {disk.hall!r}, not {hall!r}")
        journal = cls(
            disk, hall=hall, epoch=disk.epoch, state_version=state_version, upcasts=upcasts
        )
        disk.user = journal
        return journal

    @property
    def last_seq(self) -> int:
        """The number of the last committed record, 0 when there is none."""
        return self._tip.seq

    @property
    def last_at_ms(self) -> int:
        """The hall time of the last committed record, 0 when there is none."""
        return self._tip.at_ms

    @property
    def last_hash(self) -> bytes:
        """The hash of the last committed record, or the genesis hash."""
        return self._tip.hash

    def append(self, records: Sequence[NewRecord]) -> list[Record]:
        """Store these events in one transaction, as `store.Journal.append` does."""
        sealed = self.stage(records)
        self.commit()
        return sealed

    def stage(self, records: Sequence[NewRecord]) -> list[Record]:
        """Write events without committing: for a world in which a commit takes time."""
        self._check_usable()
        rows, sealed = seal(self._staged_tip, records, self._upcasts)
        self._staged += rows
        if rows:
            self._staged_tip = Tip(rows[-1][0], rows[-1][1], rows[-1][6])
        return sealed

    def commit(self) -> None:
        """Make all that is staged durable. Raises JournalFailed when told to by `fail_append`."""
        self._check_usable()
        if not self._staged:
            return
        if self._appends_until_failure:
            self._appends_until_failure -= 1
            if not self._appends_until_failure:
                if self._fate == "kept":
                    self._disk.rows += self._staged
                self._staged = []
                self._failure = "the write failed, as it was told to"
                self._check_usable()
        self._disk.rows += self._staged
        self._staged = []
        self._tip = self._staged_tip

    def fail_append(self, nth: int, fate: Fate = "lost") -> None:
        """Let the n-th commit from now fail: its batch `lost`, or `kept` though it failed.

        Both happen on a real disk, and the gateway cannot tell which before it starts again.
        """
        assert nth >= 1, "the first commit from now is number 1"
        self._appends_until_failure, self._fate = nth, fate

    def crash(self) -> None:
        """Pull the plug: what is staged is lost, this journal is dead, the disk can be opened."""
        self._failure = "the power was cut"
        self._staged = []
        if self._disk.user is self:
            self._disk.user = None

    def read(self, after_seq: int = 0) -> Iterator[Record]:
        """The committed records after `after_seq`, in their newest version."""
        position = max(after_seq, 0)
        while position < len(self._disk.rows):
            end = len(self._disk.rows)
            yield from to_records(self._disk.rows[position:end], self._upcasts)
            position = end

    def save_snapshot(self, seq: int, state: JsonValue) -> None:
        """Keep the state after record `seq`, and the two snapshots before it."""
        self._check_usable()
        if not 1 <= seq <= self.last_seq:
            raise RecordError(f"a snapshot of record {seq}: the journal has 1 to {self.last_seq}")
        kept = self._disk.snapshots
        kept[seq] = snapshots.make_row(seq, self._disk.rows[seq - 1][6], state, self._against())
        for older in sorted(kept)[: -snapshots.KEPT]:
            del kept[older]

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot that can be trusted, if there is one."""
        for seq in sorted(self._disk.snapshots, reverse=True):
            row = self._disk.snapshots[seq]
            if snapshots.fault(row, self._disk.rows[seq - 1][6], self._against()) is None:
                return snapshots.to_snapshot(row)
        return None

    def close(self) -> None:
        """Close it; what is staged and not committed is lost. A second call does nothing."""
        failure = self._failure or "it was closed"
        self.crash()
        self._failure = failure

    def _against(self) -> snapshots.Against:
        return snapshots.Against(self._genesis.hash, _SCHEMA, self._state_version, self.last_seq)

    def _check_usable(self) -> None:
        if self._failure:
            raise JournalFailed(
                f"the journal in memory: {self._failure}: acknowledge nothing and exit"
            )
