"""Brings a gateway back from its journal: newest trusted snapshot, then the events after it.

Rules: the state is what the journal says and nothing else; hall time goes on after the last event,
whatever the wall clock says; the new epoch is in the journal before anybody hears of it.
"""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.journal.errors import JournalError
from gateway.journal.interface import EventJournal
from gateway.journal.store import Journal

# Raise it with every change of the engine's state or folds: older snapshots are then ignored.
STATE_VERSION = "1"
JOURNAL_NAME = "journal.sqlite"
TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a start found, for the log: `folded` events on top of the snapshot at `snapshot_seq`."""

    snapshot_seq: int
    folded: int
    took_ms: int


def steady_ms() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


def make_ticket_token() -> str:
    """128 random bits: the key of a ticket's own page."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def open_journal(config: HallConfig, data: Path) -> Journal:
    """The hall's journal in the folder `data`, which is made if need be. Raises JournalError."""
    try:
        data.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"{data} cannot be made: {error.strerror}: give a folder you may write with --data"
        ) from error
    return Journal.open(data / JOURNAL_NAME, hall=config.hall.id, state_version=STATE_VERSION)


def recover(config: HallConfig, journal: EventJournal) -> tuple[Engine, Recovery]:
    """The engine as the journal left it, started, its new epoch committed.

    Belongs to the thread that owns the journal. Raises JournalError.
    """
    began_ms = steady_ms()
    clock = HallClock.start(
        wall_ms=time.time_ns() // 1_000_000, steady_ms=began_ms, last_event_ms=journal.last_at_ms
    )
    engine = Engine(config, clock, make_ticket_token)
    snapshot = journal.latest_snapshot()
    if snapshot is not None:
        assert isinstance(snapshot.state, dict), "a snapshot of the engine is an object"
        engine.restore(snapshot.state)
        engine.seq = snapshot.seq
    fold_all(engine, journal)
    snapshot_seq = 0 if snapshot is None else snapshot.seq
    folded = engine.seq - snapshot_seq
    missing = engine.missing_of_today(steady_ms())
    if missing:
        raise JournalError(
            f"the tickets of today name {', '.join(missing)}, which the hall file lacks: "
            f"put it back until the day is over"
        )
    batch = engine.start(steady_ms())
    engine.committed(batch, journal.append(batch.records), steady_ms())
    return engine, Recovery(snapshot_seq, folded, steady_ms() - began_ms)


def fold_all(engine: Engine, journal: EventJournal, until_seq: int | None = None) -> None:
    """Fold the records after the engine's own sequence. Raises JournalError."""
    for record in journal.read(engine.seq):
        if until_seq is not None and record.seq > until_seq:
            return
        try:
            engine.fold(record)
        except (KeyError, TypeError) as error:
            raise JournalError(
                f"record {record.seq} ({record.kind}) is not known to this hallkit: "
                f"start the hallkit that wrote it, or a newer one"
            ) from error
