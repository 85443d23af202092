"""What the journal stores and hands out: events, and snapshots of the state folded from them.

Rules: a record never changes once written; numbers have no gap; hall time never decreases.
`data` is a JSON object with text keys and without NaN or infinity.
"""

from dataclasses import dataclass
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One event as the gateway hands it in.

    `at_ms`: hall time, milliseconds since 1970, not before the last one in the journal.
    `kind`: lower-case words with a dot, `calling.ticket_issued`.
    `version`: the newest version of this kind (`upcasts.newest_version`).
    `cause`: what brought it, printable: `w03-pad:17:5`, `api:<idempotency key>`, `clock`, `start`.
    """

    at_ms: int
    kind: str
    version: int
    data: dict[str, JsonValue]
    cause: str


@dataclass(frozen=True, slots=True)
class Record:
    """One stored event.

    `seq` counts 1, 2, 3 ... without a gap. `version` and `data` are the newest form of the event;
    `hash` is over the form in which it was written: SHA-256 of the hash before it and its
    canonical bytes (`chain.link`).
    """

    seq: int
    at_ms: int
    kind: str
    version: int
    data: dict[str, JsonValue]
    cause: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after record `seq`, proven against the chain before it is handed out."""

    seq: int
    state: JsonValue
    record_hash: bytes
    state_version: str
