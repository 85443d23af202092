"""Copies of a journal in a folder on a second medium, made beside a running gateway.

Rules:
- a copy counts once it was written, synced, read back from the medium and proven record by record;
  until then it has another name. Names say whose copy it is and how far it goes;
- `keep` copies of a journal are kept. When there are so many, the oldest is brought up to date by
  what was appended since: a stick that gets a whole journal every ten minutes is soon worn out;
- the journal is only read, through a connection that can neither write nor fold back the log;
- a folder on the journal's own disk is refused unless it is meant: most often it is the place where
  the second medium should have been mounted.
"""

import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.journal import database
from gateway.journal.chain import StoredRow, genesis
from gateway.journal.errors import BrokenChain, JournalError, backup_note
from gateway.journal.verify import verify

KEEP = 3
_NAME = re.compile(r"([a-z0-9-]+)-([0-9a-f]+)-([0-9]{10,})\.sqlite")
_PART = ".part"


class BackupError(JournalError):
    """No copy was made; the message names the folder and the fix. The journal is untouched."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A finished copy: of which journal, and its last record."""

    path: Path
    hall: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class BackupReport:
    """`copy` has everything up to its `seq`, of which `new` records were not in the last copy.

    `problem`: damage found in the journal itself meanwhile, "" when it is sound.
    """

    copy: Copy
    new: int
    took_ms: int
    problem: str


def copies_in(folder: Path) -> list[Copy]:
    """All finished copies, of any journal, the longest first. Raises OSError."""
    found = []
    for path in folder.iterdir():
        named = _NAME.fullmatch(path.name)
        if named is not None:
            found.append(Copy(path, named[1], named[2], int(named[3])))
    return sorted(found, key=lambda copy: (copy.seq, copy.path.name), reverse=True)


def back_up(
    journal: Path, folder: Path, keep: int = KEEP, *, same_disk: bool = False
) -> BackupReport:
    """Bring the copies of `journal` in `folder` up to date. Raises BackupError, JournalError."""
    began = time.monotonic()
    if not journal.exists():
        raise JournalError(f"{journal} does not exist: give the path of a journal")
    _check_folder(journal, folder, same_disk)
    try:
        with _alone_in(folder):
            report = verify(journal)
            with closing(database.connect_to_read(journal)) as live:
                live.execute("BEGIN")
                copy, new = _bring_up(live, folder, keep)
            _note_folder(journal, folder)
    except (sqlite3.Error, OSError, BrokenChain) as error:
        raise BackupError(f"{folder}: no copy could be made: {error}") from error
    return BackupReport(copy, new, round((time.monotonic() - began) * 1000), report.finding)


def _check_folder(journal: Path, folder: Path, same_disk: bool) -> None:
    if not folder.is_dir():
        raise BackupError(f"{folder} is not there: is the second medium mounted?")
    if folder.stat().st_dev == journal.stat().st_dev and not same_disk:
        raise BackupError(
            f"{folder} is on the same disk as the journal: is the second medium mounted? "
            f"(if it is meant so: --same-disk)"
        )


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupError(f"{folder}: another copy is being made there now") from error
    finally:
        os.close(descriptor)


def _bring_up(live: sqlite3.Connection, folder: Path, keep: int) -> tuple[Copy, int]:
    meta = database.read_meta(live)
    last = live.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    seq, tip = last or (0, genesis(meta.hall, meta.epoch).hash)
    whose = (meta.hall, meta.epoch)
    mine = [copy for copy in copies_in(folder) if (copy.hall, copy.epoch) == whose]
    done = mine[0].seq if mine else 0
    if mine and done == seq:
        return mine[0], 0
    copy = Copy(folder / f"{meta.hall}-{meta.epoch}-{seq:010d}.sqlite", *whose, seq)
    part = copy.path.with_name(copy.path.name + _PART)
    for stale in folder.glob(f"{meta.hall}-{meta.epoch}-*{_PART}*"):
        stale.unlink()
    try:
        # The only copy is never touched: without it there would be none meanwhile.
        if len(mine) < max(2, keep) or not _continue_copy(live, mine[-1], part, meta.schema):
            database.copy_to(live, part)
        _prove(part, tip)
        part.rename(copy.path)
    except BaseException:
        for leftover in folder.glob(f"{part.name}*"):
            leftover.unlink()  # on a full medium its room is needed
        raise
    database.sync_folder(folder)
    kept = [one for one in [copy, *mine] if one.path.exists()]
    for surplus in kept[max(1, keep) :]:
        surplus.path.unlink()
    return copy, seq - done


def _continue_copy(live: sqlite3.Connection, copy: Copy, part: Path, schema: int) -> bool:
    """Rename the copy to `part` and append what is newer; False when it does not continue."""
    here = live.execute("SELECT hash FROM events WHERE seq = ?", (copy.seq,)).fetchone()
    with closing(sqlite3.connect(copy.path, isolation_level=None)) as old:
        there = old.execute("SELECT hash FROM events WHERE seq = ?", (copy.seq,)).fetchone()
        if here is None or here != there or database.schema_version(old) != schema:
            return False
    copy.path.rename(part)
    with closing(sqlite3.connect(part, isolation_level=None)) as old:
        old.execute("PRAGMA synchronous=EXTRA")
        old.execute("BEGIN IMMEDIATE")
        append_rows(old, database.read_rows(live, copy.seq))
        old.execute("DELETE FROM snapshots")
        old.executemany(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
            live.execute(
                "SELECT seq, schema, state_version, record_hash, state, hash FROM snapshots"
            ),
        )
        old.execute("COMMIT")
    return True


def append_rows(copy: sqlite3.Connection, rows: Iterable[StoredRow]) -> None:
    """Append rows as they were stored, in the transaction that is open."""
    for row in rows:
        copy.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        copy.execute(
            "INSERT OR IGNORE INTO kinds VALUES (?, ?, ?)", (row[2], row[3], database.own_version())
        )


def _prove(part: Path, tip: bytes) -> None:
    descriptor = os.open(part, os.O_RDWR)
    try:
        os.fsync(descriptor)
        # What is proven is what the medium gives back, not what is still in memory.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    report = verify(part)
    if not report.sound or report.last_hash != tip:
        raise BackupError(
            f"{part.parent}: the copy reads back otherwise than it was written "
            f"({report.finding or 'its end is missing'}): replace the medium"
        )


def _note_folder(journal: Path, folder: Path) -> None:
    """Keep where the copies are beside the journal, for the day it is damaged."""
    note, text = backup_note(journal), f"{folder.absolute()}\n"
    if note.exists() and note.read_text("utf-8") == text:
        return
    draft = note.with_name(note.name + ".new")
    draft.write_text(text, "utf-8")
    draft.chmod(0o600)
    draft.rename(note)
    database.sync_folder(note.parent)
