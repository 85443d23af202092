"""The SQLite file: how it is created, connected, migrated and read row by row.

Rules: write-ahead log and synchronous=FULL, asserted, because every other mode lost acknowledged
events in the power-cut tests (WAL+NORMAL, DELETE+FULL) or cost several syncs (DELETE+EXTRA).
A new journal is built beside its place and moved in whole, so an empty or half-made file is never
taken for a new journal. Migrations only go forward (upgrade.py).
"""

import importlib.metadata
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.journal.chain import StoredRow
from gateway.journal.errors import BrokenChain, JournalError

APPLICATION_ID = 0x484B4A31  # "HKJ1"
PAGE_BYTES = 4096
_BATCH_ROWS = 2000

Migration = Sequence[str]

# Entry n brings a journal from schema n to n + 1. Never change one that was released.
MIGRATIONS: tuple[Migration, ...] = (
    (
        """CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY CHECK (seq > 0),
            at_ms INTEGER NOT NULL,
            kind TEXT NOT NULL,
            version INTEGER NOT NULL,
            cause TEXT NOT NULL,
            data TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT""",
        """CREATE TRIGGER events_stay_unchanged BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TRIGGER events_stay BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TABLE snapshots (
            seq INTEGER PRIMARY KEY,
            schema INTEGER NOT NULL,
            state_version TEXT NOT NULL,
            record_hash BLOB NOT NULL,
            state TEXT NOT NULL,
            hash BLOB NOT NULL
        ) STRICT""",
    ),
    (
        # What a reader must know, and which hallkit first wrote it: an older one can refuse
        # without reading all events.
        """CREATE TABLE kinds (
            kind TEXT NOT NULL,
            version INTEGER NOT NULL,
            hallkit TEXT NOT NULL,
            PRIMARY KEY (kind, version)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO kinds SELECT DISTINCT kind, version, '' FROM events",
    ),
)


@dataclass(frozen=True, slots=True)
class Meta:
    """Whose journal it is. `epoch`: a random name made when the journal was created.

    `hallkit`: the version that brought it into its schema, "" when it did not say.
    """

    hall: str
    epoch: str
    schema: int
    hallkit: str = ""


def own_version() -> str:
    """The version of this hallkit."""
    return importlib.metadata.version("hallkit")


def create(path: Path, hall: str, epoch: str, page_bytes: int = PAGE_BYTES) -> None:
    """Make an empty journal at `path`, durable when this returns. The caller holds the lock."""
    leftover = path.with_name(path.name + "-wal")
    if leftover.exists():
        raise JournalError(
            f"{path} is missing but {leftover.name} is there: somebody moved the journal away. "
            f"Bring both back together, or move {leftover.name} aside to start a new journal"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    for stale in (
        draft,
        draft.with_name(draft.name + "-wal"),
        draft.with_name(draft.name + "-shm"),
    ):
        stale.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        _configure(connection)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        for version, migration in enumerate(MIGRATIONS):
            migrate_step(connection, version, migration)
        connection.executemany(
            "INSERT INTO meta (name, value) VALUES (?, ?)", [("hall", hall), ("epoch", epoch)]
        )
        # Closing would fold the log back as well, but says nothing when the disk refuses; the
        # file would then be moved in without what is in the log.
        busy, left, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy or left:
            raise OSError(f"{draft.name}: its write-ahead log could not be folded back")
    draft.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a new or renamed file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """The writer's connection to a journal that exists.

    The thread is checked by the journal itself, so that it can be handed from the thread that
    started the gateway to the one that writes.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        _configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write nor checkpoint: safe beside a running gateway."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def connect_untouched(path: Path) -> sqlite3.Connection:
    """As `connect_to_read`, and leaves no file behind. For the holder of the lock only."""
    if path.with_name(path.name + "-wal").exists():
        return connect_to_read(path)
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def _configure(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    assert mode == "wal", f"SQLite answers journal_mode {mode}: is the disk a network share?"
    connection.execute("PRAGMA synchronous=FULL")
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    assert level == 2, f"SQLite answers synchronous {level}"
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA trusted_schema=OFF")


def is_journal(connection: sqlite3.Connection) -> bool:
    """Whether the file says of itself that it is a journal of ours."""
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema the file is in."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate_step(connection: sqlite3.Connection, version: int, migration: Migration) -> None:
    """Bring the file from schema `version` to the next, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in migration:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={version + 1}")
        connection.executemany(
            "INSERT INTO meta (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [("schema", str(version + 1)), ("hallkit", own_version())],
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def read_meta(connection: sqlite3.Connection) -> Meta:
    """Whose journal it is. Raises BrokenChain (record 0) when that cannot be told."""
    found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    schema = schema_version(connection)
    missing = {"hall", "epoch", "schema"} - found.keys()
    if missing or found["schema"] != str(schema):
        problem = f"lacks {', '.join(sorted(missing))}" if missing else "names another schema"
        raise BrokenChain(0, f"its table meta {problem}")
    return Meta(found["hall"], found["epoch"], schema, found.get("hallkit", ""))


def copy_to(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole journal as of now, durable and whole under `target` when this returns.

    The copy is one file: no write-ahead log belongs to it.
    """
    draft = target.with_name(target.name + ".new")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            connection.backup(copy)
            mode = copy.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
            if mode != "delete":
                raise OSError(f"{draft.name}: SQLite answers journal_mode {mode}")
        descriptor = os.open(draft, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.rename(target)
    except BaseException:
        draft.unlink(missing_ok=True)  # on a full disk its room is needed
        raise
    sync_folder(target.parent)


def read_rows(connection: sqlite3.Connection, after_seq: int) -> Iterator[StoredRow]:
    """The stored events after `after_seq`, in order.

    Read in batches of their own, so that a slow reader never keeps the write-ahead log from being
    folded back. Raises BrokenChain where SQLite cannot read on.
    """
    last = after_seq
    while True:
        count = 0
        try:
            for row in connection.execute(
                "SELECT seq, at_ms, kind, version, cause, data, hash FROM events "
                "WHERE seq > ? ORDER BY seq LIMIT ?",
                (last, _BATCH_ROWS),
            ):
                count += 1
                last = row[0]
                yield row
        except sqlite3.Error as error:
            raise BrokenChain(last + 1, f"SQLite cannot read it: {error}") from error
        if count < _BATCH_ROWS:
            return
