"""Snapshots: the folded state after some record, so that a start need not fold the whole journal.

Rules: the events are the truth, a snapshot only saves time. It is trusted only when its own hash,
the record it claims to follow, the schema and the version of the state all match; any other is
ignored and reported, and the fold starts further back.
"""

import json
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from gateway.journal.chain import canonical_json
from gateway.journal.errors import BrokenChain
from gateway.journal.records import JsonValue, Snapshot

KEPT = 3  # an older one is there when the newest is damaged

# seq, schema, state_version, record_hash, state as canonical JSON, hash
SnapshotRow: TypeAlias = tuple[int, int, str, bytes, str, bytes]


@dataclass(frozen=True, slots=True)
class Against:
    """What a snapshot must agree with: this journal and this code."""

    genesis: bytes
    schema: int
    state_version: str
    last_seq: int


def make_row(seq: int, record_hash: bytes, state: JsonValue, against: Against) -> SnapshotRow:
    """The row to store for this state. Raises RecordError when it is not JSON."""
    text = canonical_json(state)
    digest = _digest(against, seq, record_hash, text)
    return (seq, against.schema, against.state_version, record_hash, text, digest)


def _digest(against: Against, seq: int, record_hash: bytes, state: str) -> bytes:
    line = f"{seq}\n{against.schema}\n{against.state_version}\n{state}"
    return sha256(against.genesis + record_hash + line.encode()).digest()


def fault(row: SnapshotRow, record_hash: bytes | None, against: Against) -> str | None:
    """Why this snapshot may not be used, or None. `record_hash`: of the record it follows.

    Raises BrokenChain when it proves that records are missing from the end of the journal.
    """
    seq, schema, state_version, claimed, state, stored = row
    if (schema, state_version) != (against.schema, against.state_version):
        return (
            f"it is of schema {schema} and state version {state_version}, this hallkit's are "
            f"{against.schema} and {against.state_version}"
        )
    if _digest(against, seq, claimed, state) != stored:
        return "it is damaged: its hash does not match"
    if record_hash is None and seq > against.last_seq:
        raise BrokenChain(
            against.last_seq + 1,
            f"is missing, a sound snapshot of record {seq} proves it was there",
        )
    if record_hash != claimed:
        return f"record {seq} is not the one it was made after"
    return None


def _read(connection: sqlite3.Connection, seq: int) -> SnapshotRow:
    row: SnapshotRow = connection.execute(
        "SELECT seq, schema, state_version, record_hash, state, hash FROM snapshots WHERE seq = ?",
        (seq,),
    ).fetchone()
    return row


def fault_of(connection: sqlite3.Connection, seq: int, against: Against) -> str | None:
    """As `fault`, for the stored snapshot of record `seq`."""
    try:
        found = connection.execute("SELECT hash FROM events WHERE seq = ?", (seq,)).fetchone()
        return fault(_read(connection, seq), found[0] if found else None, against)
    except (sqlite3.Error, TypeError) as error:
        # A flipped bit can change the type of a column, or the page it is on.
        return f"it is damaged: {error}"


def find_trusted(
    connection: sqlite3.Connection, against: Against
) -> tuple[SnapshotRow | None, list[str]]:
    """The newest snapshot that may be used, and a line for each newer one that may not."""
    notices: list[str] = []
    try:
        numbers = [
            row[0] for row in connection.execute("SELECT seq FROM snapshots ORDER BY seq DESC")
        ]
    except sqlite3.Error as error:
        return None, [f"the snapshots are ignored: SQLite cannot read them: {error}"]
    for seq in numbers:
        problem = fault_of(connection, seq, against)
        if problem is None:
            return _read(connection, seq), notices
        notices.append(f"the snapshot of record {seq} is ignored: {problem}")
    return None, notices


def to_snapshot(row: SnapshotRow) -> Snapshot:
    """A trusted row as it is handed out."""
    seq, _, state_version, record_hash, state, _ = row
    return Snapshot(seq, json.loads(state), record_hash, state_version)
