"""Whether this hallkit can use a journal, asked before anything of it is touched.

Rules: only reads. A journal is too new when its schema is, or when it holds an event of a kind or
a version that this hallkit does not know; the refusal names the hallkit that wrote it. A rollback
in the middle of a day is therefore possible until something new has really been written.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from gateway.journal import database
from gateway.journal.errors import JournalError, JournalTooNew

KINDS_SINCE_SCHEMA = 2


def check_fit(path: Path, hall: str, kinds: Mapping[str, int] | None) -> None:
    """Raise JournalTooNew, or JournalError for another hall or what is no journal.

    `kinds`: the newest version of every kind of event that can be read; None knows all.
    Raises BrokenChain and sqlite3.Error for a journal that is damaged.
    """
    with closing(database.connect_untouched(path)) as connection:
        if not database.is_journal(connection):
            raise JournalError(f"{path} is a database of something else, not a journal of hallkit")
        schema, known = database.schema_version(connection), len(database.MIGRATIONS)
        meta = database.read_meta(connection)
        if schema > known:
            raise _too_new(
                path, meta.hallkit, f"it is of schema {schema}, this knows up to {known}"
            )
        if meta.hall != hall:
            raise JournalError(
                f"{path} is the journal of hall {meta.hall!r}, not of {hall!r}: give the path of "
                f"this hall's journal, or the hall file of that one"
            )
        if kinds is not None and schema >= KINDS_SINCE_SCHEMA:
            _check_kinds(path, connection, kinds)


def _check_kinds(path: Path, connection: sqlite3.Connection, kinds: Mapping[str, int]) -> None:
    for kind, version, hallkit in connection.execute(
        "SELECT kind, version, hallkit FROM kinds ORDER BY kind, version"
    ):
        newest = kinds.get(kind)
        if newest is None:
            raise _too_new(path, hallkit, f"it holds events {kind}, which this does not know")
        if version > newest:
            problem = f"it holds events {kind} of version {version}, this knows up to {newest}"
            raise _too_new(path, hallkit, problem)


def _too_new(path: Path, writer: str, problem: str) -> JournalTooNew:
    newer = f"hallkit {writer}" if writer else "a newer hallkit"
    return JournalTooNew(
        f"{path} was written by {newer}, this is hallkit {database.own_version()}: {problem}. "
        f"Nothing was changed: start {newer} or a newer one"
    )
