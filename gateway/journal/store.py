"""The journal on disk: one SQLite file per hall, append-only, written by one thread.

Rules:
- `append` is one transaction and returns after it is durable. When it raises JournalFailed nobody
  knows whether the batch was kept: acknowledge nothing, exit, start again. This object refuses to
  write from then on.
- `open` proves the hash chain from the newest trusted snapshot to the end; `read` proves whatever
  lies before that as it goes. A torn tail is cut and reported in `notices`; a torn middle raises
  JournalDamaged. `verify.verify` proves all of it, whenever there is time.
- Used from the thread that opened it, until `hand_over`.
"""

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gateway.journal import database, snapshots, wal
from gateway.journal.chain import Tip, genesis, prove, seal, to_records, walk
from gateway.journal.errors import (
    BrokenChain,
    JournalDamaged,
    JournalError,
    JournalFailed,
    RecordError,
    restore_command,
    restored_draft,
)
from gateway.journal.fit import check_fit
from gateway.journal.lock import JournalLock
from gateway.journal.records import JsonValue, NewRecord, Record, Snapshot
from gateway.journal.upcasts import UPCASTS, Upcasts
from gateway.journal.upgrade import upgrade

_log = logging.getLogger("hallkit.journal")

_INSERT_EVENT = (
    "INSERT INTO events (seq, at_ms, kind, version, cause, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_KIND = "INSERT INTO kinds (kind, version, hallkit) VALUES (?, ?, ?)"
_INSERT_SNAPSHOT = (
    "INSERT OR REPLACE INTO snapshots (seq, schema, state_version, record_hash, state, hash) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_DROP_SNAPSHOTS = (
    "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)"
)


class Journal:
    """An open journal. Get one from `Journal.open`.

    `notices`: what was found at the start and is worth telling the technician, a line each.
    `epoch`: the random name of this journal, made when it was created.
    """

    def __init__(
        self,
        path: Path,
        lock: JournalLock,
        connection: sqlite3.Connection,
        meta: database.Meta,
        state_version: str,
        upcasts: Upcasts,
        notices: list[str],
    ) -> None:
        """For `open` only: proves the chain. Raises BrokenChain."""
        self.path = path
        self.hall, self.epoch = meta.hall, meta.epoch
        self.notices = notices
        self._lock, self._connection = lock, connection
        self._schema, self._state_version = meta.schema, state_version
        self._upcasts = upcasts
        self._owner: int | None = threading.get_ident()
        self._failure = ""
        self._kinds = {
            (kind, version)
            for kind, version in connection.execute("SELECT kind, version FROM kinds")
        }
        self._genesis = self._tip = genesis(meta.hall, meta.epoch)
        self._proven_after = 0
        self._prove()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        hall: str,
        state_version: str = "1",
        upcasts: Upcasts = UPCASTS,
        epoch: str | None = None,
        kinds: Mapping[str, int] | None = None,
    ) -> "Journal":
        """Open the journal of `hall` at `path`, or create it.

        `state_version`: raise it whenever the shape of the state or a fold changes; snapshots of
        another version are ignored. `epoch`: only for a journal created now, for repeatable tests.
        `kinds`: the newest version of every kind of event that the caller knows; None: all.
        Raises JournalLocked, JournalDamaged, JournalTooNew, or JournalError for another hall.
        """
        connection: sqlite3.Connection | None = None
        lock: JournalLock | None = None
        try:
            lock = JournalLock.take(path)
            if restored_draft(path).exists():
                raise JournalError(
                    f"{path}: a restore was begun and not finished: run `{restore_command(path)}`"
                )
            if not path.exists():
                database.create(path, hall, epoch or secrets.token_hex(8))
            notices = _look_before(path)
            check_fit(path, hall, kinds)
            connection = database.connect(path)
            notices += upgrade(connection, path)
            meta = database.read_meta(connection)
            journal = cls(path, lock, connection, meta, state_version, upcasts, notices)
            # Begin a new round of the log, so that nothing cut off today is met after a crash.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except BaseException as error:
            if connection is not None:
                connection.close()
            if lock is not None:
                lock.release()
            if isinstance(error, BrokenChain):
                raise JournalDamaged(path, error.seq, error.problem) from error
            if isinstance(error, (sqlite3.Error, OSError)):
                raise _not_opened(path, error) from error
            raise
        for notice in notices:
            _log.warning("%s: %s", path, notice)
        _log.info(
            "%s: open at record %d, SQLite %s", path, journal.last_seq, sqlite3.sqlite_version
        )
        return journal

    @property
    def last_seq(self) -> int:
        """The number of the last record, 0 when there is none."""
        return self._tip.seq

    @property
    def last_at_ms(self) -> int:
        """The hall time of the last record, 0 when there is none."""
        return self._tip.at_ms

    @property
    def last_hash(self) -> bytes:
        """The hash of the last record, or the genesis hash."""
        return self._tip.hash

    def append(self, records: Sequence[NewRecord]) -> list[Record]:
        """Store these events in one transaction; returns when they are durable.

        Raises RecordError for an event that breaks a rule (nothing of the batch was written, the
        journal stays usable) and JournalFailed for any trouble with the disk.
        """
        self._check_usable()
        rows, sealed = seal(self._tip, records, self._upcasts)
        if rows:
            new_kinds = {(row[2], row[3]) for row in rows} - self._kinds
            own = database.own_version() if new_kinds else ""
            kinds = [(kind, version, own) for kind, version in sorted(new_kinds)]
            self._write([(_INSERT_EVENT, rows), (_INSERT_KIND, kinds)])
            self._kinds |= new_kinds
            self._tip = Tip(rows[-1][0], rows[-1][1], rows[-1][6])
        return sealed

    def read(self, after_seq: int = 0) -> Iterator[Record]:
        """The records after `after_seq`, in order, in their newest version.

        Raises JournalDamaged at the first that does not follow from the one before, and
        UpcastError for a version this hallkit cannot read.
        """
        self._check_thread()
        rows = database.read_rows(self._connection, after_seq)
        try:
            if after_seq < self._proven_after:
                rows = walk(rows, self._tip_at(after_seq))
            yield from to_records(rows, self._upcasts)
        except BrokenChain as error:
            raise JournalDamaged(self.path, error.seq, error.problem) from error

    def save_snapshot(self, seq: int, state: JsonValue) -> None:
        """Keep the state after record `seq`, and the two snapshots before it.

        Raises RecordError for a record that is not there or a state that is not JSON, and
        JournalFailed as `append` does.
        """
        self._check_usable()
        if not 1 <= seq <= self.last_seq:
            raise RecordError(f"a snapshot of record {seq}: the journal has 1 to {self.last_seq}")
        try:
            record_hash = self._tip_at(seq).hash
        except BrokenChain as error:
            raise JournalDamaged(self.path, error.seq, error.problem) from error
        row = snapshots.make_row(seq, record_hash, state, self._against())
        self._write([(_INSERT_SNAPSHOT, [row]), (_DROP_SNAPSHOTS, [(snapshots.KEPT,)])])

    def latest_snapshot(self) -> Snapshot | None:
        """The newest snapshot that can be trusted, if there is one."""
        self._check_thread()
        try:
            row, _ = snapshots.find_trusted(self._connection, self._against())
        except BrokenChain as error:
            raise JournalDamaged(self.path, error.seq, error.problem) from error
        return None if row is None else snapshots.to_snapshot(row)

    def hand_over(self) -> None:
        """Let go of the thread: the next one that uses the journal becomes its only user."""
        self._check_thread()
        self._owner = None

    def close(self) -> None:
        """Close it and let the next process have it. A second call does nothing."""
        self._check_thread()
        try:
            self._connection.close()
        finally:
            self._lock.release()

    def _prove(self) -> None:
        found = self._connection.execute("SELECT max(seq) FROM events").fetchone()[0]
        against = snapshots.Against(
            self._genesis.hash, self._schema, self._state_version, found or 0
        )
        row, notices = snapshots.find_trusted(self._connection, against)
        self.notices += notices
        if row is not None:
            self._proven_after = row[0]
            self._tip = self._tip_at(row[0])
        self._tip = prove(database.read_rows(self._connection, self._tip.seq), self._tip)

    def _tip_at(self, seq: int) -> Tip:
        if seq == self._tip.seq:
            return self._tip
        if seq <= 0:
            return self._genesis
        try:
            row = self._connection.execute(
                "SELECT seq, at_ms, hash FROM events WHERE seq = ?", (seq,)
            ).fetchone()
        except sqlite3.Error as error:
            raise BrokenChain(seq, f"SQLite cannot read it: {error}") from error
        if row is None:
            raise BrokenChain(seq, "is missing")
        return Tip(*row)

    def _against(self) -> snapshots.Against:
        return snapshots.Against(
            self._genesis.hash, self._schema, self._state_version, self.last_seq
        )

    def _write(self, steps: Sequence[tuple[str, Sequence[Sequence[object]]]]) -> None:
        # Set first: whatever ends this early, an interrupt too, leaves the fate of the batch open.
        self._failure = "a write was interrupted"
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, rows in steps:
                self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._failure = f"a write failed: {type(error).__name__}: {error}"
            self._roll_back()
            raise JournalFailed(self._failure_text()) from error
        except BaseException:
            self._roll_back()
            raise
        self._failure = ""

    def _roll_back(self) -> None:
        # SQLite has often rolled back by itself already, and after a failed commit it may not be
        # able to: either way the next start decides from the disk.
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                _log.error("%s: rolling back failed too: %s", self.path, error)

    def _failure_text(self) -> str:
        return (
            f"{self.path}: {self._failure}. What was being written is in doubt: acknowledge "
            f"nothing and exit; check the disk (df, dmesg) and start again"
        )

    def _check_usable(self) -> None:
        self._check_thread()
        if self._failure:
            raise JournalFailed(self._failure_text())

    def _check_thread(self) -> None:
        thread = threading.get_ident()
        if self._owner is None:
            self._owner = thread
        assert self._owner == thread, "the journal belongs to one thread: use hand_over"


def _look_before(path: Path) -> list[str]:
    """What can only be seen before SQLite opens the file: notices, or JournalDamaged."""
    if path.stat().st_size == 0:
        raise JournalDamaged(path, 0, "the file is empty, which a journal never is")
    report = wal.inspect(path.with_name(path.name + "-wal"))
    if report.lost_commit:
        raise JournalDamaged(
            path, 0, f"{path.name}-wal is damaged, and committed events lie behind the damage"
        )
    if report.dropped_frames:
        notice = (
            f"a torn tail was cut: the last write did not finish "
            f"({report.dropped_frames} pages dropped, {report.committed_frames} kept)"
        )
        return [notice]
    return []


def _not_opened(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalDamaged(path, 0, f"SQLite cannot read the file: {error}")
    return JournalError(f"{path} cannot be opened: {error}")
