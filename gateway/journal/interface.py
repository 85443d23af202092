"""What a journal can do, whichever it is: the one on disk or the simulator's in memory.

Rule: gateway code that only appends, reads and takes snapshots asks for `EventJournal`.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from gateway.journal.records import JsonValue, NewRecord, Record, Snapshot


class EventJournal(Protocol):
    """See `store.Journal` for the promises of each method."""

    hall: str
    epoch: str
    notices: list[str]

    @property
    def last_seq(self) -> int:
        """The number of the last record, 0 when there is none."""

    @property
    def last_at_ms(self) -> int:
        """The hall time of the last record, 0 when there is none."""

    @property
    def last_hash(self) -> bytes:
        """The hash of the last record, or the genesis hash."""

    def append(self, records: Sequence[NewRecord]) -> list[Record]:
        """Store a batch in one transaction; returns when it is durable."""

    def read(self, after_seq: int = 0) -> Iterator[Record]:
        """The records after `after_seq`, in order, in their newest version."""

    def save_snapshot(self, seq: int, state: JsonValue) -> None:
        """Keep the state after record `seq`."""

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot that can be trusted, if there is one."""

    def close(self) -> None:
        """Close it and let the next process have it."""
