"""Brings a gateway back from its journal: newest trusted snapshot, then the events after it.

Rules: the state is what the journal says and nothing else; hall time goes on after the last event,
whatever the wall clock says, and runs on as if the gateway had not stopped while the machine stays
on and nothing vouches for its wall clock; the new epoch is in the journal before anybody hears of
it.
"""

from dataclasses import dataclass

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.journal.errors import JournalError
from gateway.journal.interface import EventJournal
from gateway.machine import Machine


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a start found, for the log: `folded` events on top of the snapshot at `snapshot_seq`."""

    snapshot_seq: int
    folded: int
    took_ms: int


def recover(config: HallConfig, journal: EventJournal, machine: Machine) -> tuple[Engine, Recovery]:
    """The engine as the journal left it, started, its new epoch committed.

    Belongs to the thread that owns the journal. Raises JournalError.
    """
    began_ms = machine.steady_ms()
    clock = HallClock.start(
        wall_ms=machine.wall_ms(), steady_ms=began_ms, last_event_ms=journal.last_at_ms
    )
    engine = Engine(config, clock, machine.make_token)
    snapshot = journal.latest_snapshot()
    if snapshot is not None:
        assert isinstance(snapshot.state, dict), "a snapshot of the engine is an object"
        engine.restore(snapshot.state)
        engine.seq = snapshot.seq
    fold_all(engine, journal)
    snapshot_seq = 0 if snapshot is None else snapshot.seq
    folded = engine.seq - snapshot_seq
    if not machine.wall_is_right():
        engine.carry_clock_on(machine.steady_ms(), machine.boot(), journal.last_at_ms)
    missing = engine.missing_of_today(machine.steady_ms())
    if missing:
        raise JournalError(
            f"the tickets of today name {', '.join(missing)}, which the hall file lacks: "
            f"put it back until the day is over"
        )
    batch = engine.start(machine.steady_ms(), machine.boot())
    engine.committed(batch, journal.append(batch.records), machine.steady_ms())
    return engine, Recovery(snapshot_seq, folded, machine.steady_ms() - began_ms)


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
