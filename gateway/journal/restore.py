"""Brings a damaged or lost journal back from its copies.

Rules:
- nothing is overwritten: the damaged files stay beside the journal under a name with the time, what
  they have beyond the copy is also written out as lines of JSON;
- of the copies the longest sound one is taken, proven record by record first;
- records of the damaged journal that follow from the copy's last one by their hashes are proven to
  be what was written: they are brought over. What cannot be proven is only kept aside;
- refused while a gateway runs, and where the journal is sound;
- the new journal is whole and proven under the name `<journal>.restored` before the old one is
  moved; as long as that file is there no gateway starts, and this goes on where it was.
"""

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.journal import database
from gateway.journal.backup import Copy, append_rows, copies_in
from gateway.journal.chain import StoredRow, Tip, genesis, walk
from gateway.journal.errors import BrokenChain, JournalError, restored_draft
from gateway.journal.lock import JournalLock
from gateway.journal.verify import verify

_UNREADABLE_MAX = 1000


@dataclass(slots=True)
class RestoreReport:
    """What was done. `copy` None: an interrupted restore was brought to its end.

    `newer`: records of the damaged journal beyond the copy that could be read, `brought_over`: how
    many of them were proven and are in the journal again; `aside`: the file with all of them.
    `moved`: the old files under their new names; `passed_over`: copies that are not sound, and why.
    """

    copy: Copy | None = None
    records: int = 0
    newer: int = 0
    brought_over: int = 0
    aside: Path | None = None
    moved: list[Path] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def restore(journal: Path, folder: Path, stamp: str, hall: str = "") -> RestoreReport:
    """Bring back the journal at `journal` from the copies in `folder`.

    `stamp`: the time, for names; `hall`: whose copies, needed only when they are of several halls
    and the journal cannot say. Raises JournalLocked, JournalError; nothing was changed then.
    """
    lock = JournalLock.take(journal)
    try:
        report = RestoreReport()
        if not restored_draft(journal).exists():
            _make_draft(journal, folder, stamp, hall, report)
        _put_in_place(journal, stamp, report)
        report.records = verify(journal, mine=True).sound_records
        return report
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"{journal} could not be restored: {error}") from error
    finally:
        lock.release()


def _make_draft(journal: Path, folder: Path, stamp: str, hall: str, report: RestoreReport) -> None:
    if journal.exists() and verify(journal, mine=True).sound:
        raise JournalError(
            f"{journal} is sound: there is nothing to restore. To go back to a copy all the same, "
            f"move {journal.name} and {journal.name}-wal away first"
        )
    copy = _choose(journal, folder, hall, report)
    report.copy = copy
    part = restored_draft(journal).with_name(restored_draft(journal).name + ".part")
    for stale in journal.parent.glob(f"{part.name}*"):
        stale.unlink()
    shutil.copyfile(copy.path, part)
    part.chmod(0o600)
    newer = list(_readable(journal, copy.seq))
    proven = _append_proven(part, newer)
    report.newer, report.brought_over = len(newer), proven
    if newer:
        report.aside = journal.with_name(f"{journal.name}.newer-{stamp}.jsonl")
        _write_aside(report.aside, newer, proven)
    _sync(part)
    made = verify(part)
    if not made.sound or made.sound_records != copy.seq + proven:
        part.unlink()
        raise JournalError(f"{journal}: the restored journal is not sound: {made.problem}")
    part.rename(restored_draft(journal))
    database.sync_folder(journal.parent)


def _choose(journal: Path, folder: Path, hall: str, report: RestoreReport) -> Copy:
    if not folder.is_dir():
        raise JournalError(f"{folder} is not there: is the second medium mounted?")
    mine = _meta_of(journal)
    copies = copies_in(folder)
    if mine is not None:
        copies = [copy for copy in copies if (copy.hall, copy.epoch) == (mine.hall, mine.epoch)]
    elif hall:
        copies = [copy for copy in copies if copy.hall == hall]
    journals = sorted({(copy.hall, copy.epoch) for copy in copies})
    if len(journals) > 1:
        listed = ", ".join(f"{name} {epoch}" for name, epoch in journals)
        raise JournalError(
            f"{folder} has copies of several journals ({listed}): leave only those of one in a "
            f"folder of its own and name that"
        )
    for copy in copies:
        found = verify(copy.path)
        if found.sound and found.sound_records == copy.seq:
            return copy
        problem = found.finding or f"it has {found.sound_records} records"
        report.passed_over.append(f"{copy.path.name}: {problem}")
    passed = "".join(f"; {line}" for line in report.passed_over)
    raise JournalError(f"{folder} has no sound copy of this journal{passed}")


def _meta_of(journal: Path) -> database.Meta | None:
    """Whose journal the damaged one is, when it can still say."""
    try:
        with closing(database.connect_to_read(journal)) as connection:
            return database.read_meta(connection)
    except (sqlite3.Error, BrokenChain):
        return None


def _readable(journal: Path, after_seq: int) -> Iterator[StoredRow]:
    """What can be read of the damaged journal beyond the copy, one record at a time."""
    if not journal.exists():
        return
    try:
        with closing(database.connect_to_read(journal)) as connection:
            seq, missed = after_seq, 0
            while missed < _UNREADABLE_MAX:
                seq += 1
                row = _read_row(connection, seq)
                missed = missed + 1 if row is None else 0
                if row is not None:
                    yield row
    except sqlite3.Error:
        return  # not even opened


def _read_row(connection: sqlite3.Connection, seq: int) -> StoredRow | None:
    try:
        row: StoredRow | None = connection.execute(
            "SELECT seq, at_ms, kind, version, cause, data, hash FROM events WHERE seq = ?", (seq,)
        ).fetchone()
    except sqlite3.Error:
        return None
    return row


def _append_proven(part: Path, newer: list[StoredRow]) -> int:
    """Append the first of them that follow from the copy by their hashes; how many."""
    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        last = copy.execute("SELECT seq, at_ms, hash FROM events ORDER BY seq DESC LIMIT 1")
        meta = database.read_meta(copy)
        row = last.fetchone()
        tip = genesis(meta.hall, meta.epoch) if row is None else Tip(*row)
        proven: list[StoredRow] = []
        # From the first that fails on nothing is proven; a flipped bit may change a type as well.
        with contextlib.suppress(BrokenChain, TypeError):
            for sound in walk(newer, tip):
                proven.append(sound)
        copy.execute("PRAGMA synchronous=EXTRA")
        copy.execute("BEGIN IMMEDIATE")
        append_rows(copy, proven)
        copy.execute("COMMIT")
    return len(proven)


def _write_aside(path: Path, newer: list[StoredRow], proven: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for place, (seq, at_ms, kind, version, cause, data, stored) in enumerate(newer):
            line = {
                "seq": seq,
                "at_ms": at_ms,
                "kind": kind,
                "version": version,
                "cause": cause,
                "data": data,
                "hash": stored.hex() if isinstance(stored, bytes) else str(stored),
                "brought_over": place < proven,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o600)


def _put_in_place(journal: Path, stamp: str, report: RestoreReport) -> None:
    # The log goes first: beside the restored file it would be taken for its own.
    for suffix in ("-wal", "-shm", ""):
        old = journal.with_name(journal.name + suffix)
        if old.exists():
            moved = journal.with_name(f"{journal.name}.damaged-{stamp}{suffix}")
            old.rename(moved)
            report.moved.append(moved)
    database.sync_folder(journal.parent)
    restored_draft(journal).rename(journal)
    database.sync_folder(journal.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
