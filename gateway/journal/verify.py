"""Proves a whole journal, however long that takes, and says what is wrong with it.

Rules: only reads, and never raises for damage: damage is what it reports. Safe beside a running
gateway, whose write-ahead log is then not looked at (the gateway did that at its start).
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.journal import database, snapshots, wal
from gateway.journal.chain import Tip, genesis, to_records, walk
from gateway.journal.errors import BrokenChain, JournalError, UpcastError, restore_advice
from gateway.journal.lock import is_in_use
from gateway.journal.upcasts import UPCASTS, Upcasts


@dataclass(slots=True)
class VerifyReport:
    """What was found.

    `sound_records`: how many from the first on are proven. `first_bad`: the first record that is
    not, 0 when the damage is not in a record. `problem`: empty when the journal is sound.
    `notices`: a torn tail that the next start will cut, snapshots that will be ignored, versions
    that this hallkit cannot read. `advice`: what to do about `problem`.
    """

    path: Path
    hall: str = ""
    epoch: str = ""
    sound_records: int = 0
    last_hash: bytes = b""
    first_bad: int = 0
    problem: str = ""
    advice: str = ""
    notices: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether the gateway may start on this journal and lose nothing."""
        return not self.problem

    @property
    def finding(self) -> str:
        """The problem and where it is, "" when the journal is sound."""
        return f"record {self.first_bad}: {self.problem}" if self.first_bad else self.problem

    def text(self) -> str:
        """The report for a person, a line per finding."""
        lines = [f"{self.path}: hall {self.hall or 'unknown'}, epoch {self.epoch or 'unknown'}"]
        if self.sound:
            lines.append(f"sound: {self.sound_records} records, last hash {self.last_hash.hex()}")
        else:
            lines.append(f"DAMAGED: {self.finding}")
            lines.append(f"{self.sound_records} records before that are sound")
            lines.append(self.advice)
        return "\n".join(lines + [f"note: {notice}" for notice in self.notices])


def verify(path: Path, *, upcasts: Upcasts = UPCASTS, mine: bool = False) -> VerifyReport:
    """Prove every record, SQLite's own structure and the snapshots of the journal at `path`.

    `mine`: the caller has locked it, so nobody writes it now. Raises JournalError when there is
    no such file.
    """
    if not path.exists():
        raise JournalError(f"{path} does not exist: give the path of a journal")
    report = VerifyReport(path)
    try:
        if path.stat().st_size == 0:
            raise BrokenChain(0, "the file is empty, which a journal never is")
        if mine or not is_in_use(path):
            _check_log(report)
        with closing(database.connect_to_read(path)) as connection:
            _check_file(connection, report, upcasts)
    except BrokenChain as error:
        report.first_bad, report.problem = error.seq, error.problem
    except sqlite3.Error as error:
        report.problem = f"SQLite cannot read the file: {error}"
    if report.problem:
        report.advice = restore_advice(path)
    return report


def _check_log(report: VerifyReport) -> None:
    found = wal.inspect(report.path.with_name(report.path.name + "-wal"))
    if found.lost_commit:
        raise BrokenChain(
            0, f"{report.path.name}-wal is damaged, and committed events lie behind the damage"
        )
    if found.dropped_frames:
        report.notices.append(
            f"torn tail: the last write did not finish; the next start cuts it off "
            f"({found.dropped_frames} pages dropped, {found.committed_frames} kept)"
        )


def _check_file(connection: sqlite3.Connection, report: VerifyReport, upcasts: Upcasts) -> None:
    if not database.is_journal(connection):
        raise BrokenChain(0, "it does not say that it is a journal of hallkit")
    # One transaction: what a running gateway appends meanwhile is not looked at.
    connection.execute("BEGIN")
    meta = database.read_meta(connection)
    report.hall, report.epoch = meta.hall, meta.epoch
    tip = genesis(meta.hall, meta.epoch)
    against = snapshots.Against(tip.hash, meta.schema, "", 0)
    tip = _check_events(connection, report, tip, upcasts)
    report.last_hash = tip.hash
    _check_snapshots(connection, report, against, tip)
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if found != ["ok"]:
        raise BrokenChain(0, f"SQLite finds its own structure damaged: {'; '.join(found)}")


def _check_events(
    connection: sqlite3.Connection, report: VerifyReport, tip: Tip, upcasts: Upcasts
) -> Tip:
    unreadable = ""
    for row in walk(database.read_rows(connection, 0), tip):
        if not unreadable:
            try:
                for _ in to_records([row], upcasts):
                    pass
            except UpcastError as error:
                unreadable = f"record {row[0]}: {error}"
                report.notices.append(unreadable)
        tip = Tip(row[0], row[1], row[6])
        report.sound_records = row[0]
    return tip


def _check_snapshots(
    connection: sqlite3.Connection, report: VerifyReport, against: snapshots.Against, tip: Tip
) -> None:
    for seq, version in connection.execute(
        "SELECT seq, state_version FROM snapshots ORDER BY seq"
    ).fetchall():
        # Each by its own version: whether today's code can use it is not a question of damage.
        own = snapshots.Against(against.genesis, against.schema, version, tip.seq)
        problem = snapshots.fault_of(connection, seq, own)
        if problem is not None:
            report.notices.append(f"the snapshot of record {seq} will be ignored: {problem}")
