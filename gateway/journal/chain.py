"""The hash chain: the canonical bytes of a record, sealing new ones, proving stored ones.

Rules: pure. Each record's hash is SHA-256 over the hash before it and its canonical bytes: the
fields as text, one a line, the data last as canonical JSON. No field can hold a line feed, so two
different records never have the same bytes. The first record follows the genesis hash, made of
the journal's hall and epoch, so records cannot move from one journal to another unseen.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from gateway.journal.errors import BrokenChain, RecordError
from gateway.journal.records import JsonValue, NewRecord, Record
from gateway.journal.upcasts import Upcasts, newest_versions, upcast

# seq, at_ms, kind, version, cause, data as canonical JSON, hash: the columns of the store
StoredRow: TypeAlias = tuple[int, int, str, int, str, str, bytes]

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_CAUSE_LIMIT_CHARACTERS = 200
_AT_LIMIT_MS = 2**62

_loads = json.JSONDecoder().decode


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of a chain: what the next record follows."""

    seq: int
    at_ms: int
    hash: bytes


def canonical_json(value: JsonValue) -> str:
    """The one text of a JSON value: sorted keys, no spaces, characters not escaped.

    Raises RecordError for what JSON cannot hold without loss: NaN, tuples, keys that are not text.
    """
    return _canonical(value)[0]


def _canonical(value: JsonValue) -> tuple[str, Any]:
    """The text, and the value as it will be read back."""
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        text.encode()
        parsed = _loads(text)
        same = parsed == value
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"data cannot be written as JSON: {error}") from error
    if not same:
        raise RecordError("data changes when written as JSON: use text keys and lists, no tuples")
    return text, parsed


def genesis(hall: str, epoch: str) -> Tip:
    """The tip of the empty journal of this hall and epoch."""
    return Tip(0, 0, sha256(f"hallkit-journal\n{epoch}\n{hall}".encode()).digest())


def link(
    previous: bytes, seq: int, at_ms: int, kind: str, version: int, cause: str, data: str
) -> bytes:
    """The hash of a record that follows the hash `previous`; `data` is canonical JSON."""
    line = f"{seq}\n{at_ms}\n{kind}\n{version}\n{cause}\n{data}"
    return sha256(previous + line.encode()).digest()


def seal(
    tip: Tip, records: Sequence[NewRecord], upcasts: Upcasts
) -> tuple[list[StoredRow], list[Record]]:
    """Number and chain new records after `tip`: as rows to store and as records to hand out.

    Raises RecordError naming the record's place in the batch and its field; nothing is kept then.
    """
    newest = newest_versions(upcasts)
    rows: list[StoredRow] = []
    sealed: list[Record] = []
    seq, at_ms, previous = tip.seq, tip.at_ms, tip.hash
    for place, new in enumerate(records):
        try:
            _check(new, at_ms, newest.get(new.kind, 1))
            data, parsed = _canonical(new.data)
        except RecordError as error:
            raise RecordError(f"event {place} of the batch ({new.kind!r}): {error}") from error
        seq, at_ms = seq + 1, new.at_ms
        previous = link(previous, seq, at_ms, new.kind, new.version, new.cause, data)
        rows.append((seq, at_ms, new.kind, new.version, new.cause, data, previous))
        # Parsed from what is stored: the caller may go on changing what it handed in.
        sealed.append(Record(seq, at_ms, new.kind, new.version, parsed, new.cause, previous))
    return rows, sealed


def _check(new: NewRecord, last_at_ms: int, newest: int) -> None:
    if type(new.at_ms) is not int or not last_at_ms <= new.at_ms < _AT_LIMIT_MS:
        raise RecordError(
            f"at_ms is {new.at_ms!r}, must be milliseconds since 1970 and not before the last "
            f"record's {last_at_ms}: take hall time, which never goes back"
        )
    if not _KIND.fullmatch(new.kind):
        raise RecordError("kind must be lower-case words with a dot, as calling.ticket_issued")
    if type(new.version) is not int or new.version != newest:
        raise RecordError(
            f"version is {new.version!r}, the newest of this kind is {newest}: add the step to "
            f"gateway/journal/upcasts.py before writing a new version"
        )
    if not 0 < len(new.cause) <= _CAUSE_LIMIT_CHARACTERS or not new.cause.isprintable():
        raise RecordError(
            f"cause must be 1 to {_CAUSE_LIMIT_CHARACTERS} printable characters, "
            f"is {new.cause[:40]!r}"
        )
    if type(new.data) is not dict:
        raise RecordError(f"data must be an object, is {type(new.data).__name__}")


def walk(rows: Iterable[StoredRow], tip: Tip) -> Iterator[StoredRow]:
    """Hand on each row once it is proven to follow from the one before; `tip` is before the first.

    Raises BrokenChain at the first that does not.
    """
    expected, last_at_ms, previous = tip.seq + 1, tip.at_ms, tip.hash
    for row in rows:
        seq, at_ms, kind, version, cause, data, stored = row
        if seq != expected:
            raise BrokenChain(expected, f"is missing, the next one stored is {seq}")
        # A flipped bit can change a column's type as well as its value.
        found = link(previous, seq, at_ms, kind, version, cause, data)
        if found != stored:
            raise BrokenChain(seq, "its hash does not match: it, or the one before, was changed")
        if at_ms < last_at_ms:
            raise BrokenChain(seq, f"its time {at_ms} is before the last one's {last_at_ms}")
        expected, last_at_ms, previous = seq + 1, at_ms, found
        yield row


def prove(rows: Iterable[StoredRow], tip: Tip) -> Tip:
    """The tip after all these rows, each proven by `walk`. Raises BrokenChain."""
    last: StoredRow | None = None
    for row in walk(rows, tip):
        last = row
    return tip if last is None else Tip(last[0], last[1], last[6])


def to_records(rows: Iterable[StoredRow], upcasts: Upcasts) -> Iterator[Record]:
    """Stored rows as records, upcast to the newest versions.

    Raises UpcastError for a version that cannot be read, BrokenChain for data that is not JSON.
    """
    newest = newest_versions(upcasts)
    for seq, at_ms, kind, version, cause, text, stored in rows:
        try:
            data = _loads(text)
        except ValueError as error:
            raise BrokenChain(seq, f"its data is not JSON: {error}") from error
        target = newest.get(kind, 1)
        if version != target:
            data = upcast(kind, version, target, data, upcasts)
        yield Record(seq, at_ms, kind, target, data, cause, stored)
