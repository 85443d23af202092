"""Which certificates of a hall count: a book of serial numbers, and the steps it can take. Pure.

Rules:
- a serial number is in the book before a certificate has it: what was cut in between is known, and
  does not count;
- of one identity at most one certificate counts: the step that lets a new one count ends the old;
- a certificate lives on one board; a board is written down before it gets the key;
- nothing is ever taken out of the book: what was revoked stays on the list for its whole life.
A step returns a new book, with a higher number when it changes what the list of the revoked says;
a step that changes nothing returns the same book.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from gateway.credentials.authority import CertificateRole

State = Literal["reserved", "active", "revoked"]
ENTRIES_MAX = 20_000
_VERSION = 1


class RegistryError(Exception):
    """The book contradicts itself or what is asked of it; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate. `board`: the MAC of the board that has it, or ""."""

    serial: int
    identity: str
    role: CertificateRole
    state: State
    issued_s: int
    board: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """The book of one hall, oldest entry first."""

    hall: str
    number: int = 1
    entries: tuple[Entry, ...] = ()

    def active(self, identity: str) -> Entry | None:
        """The one certificate of an identity that counts."""
        found = (e for e in self.entries if e.identity == identity and e.state == "active")
        return next(found, None)

    @property
    def all_active(self) -> tuple[Entry, ...]:
        """All that count."""
        return tuple(entry for entry in self.entries if entry.state == "active")

    @property
    def revoked_serials(self) -> tuple[int, ...]:
        """What the list of the revoked names: everything that does not count."""
        return tuple(entry.serial for entry in self.entries if entry.state != "active")

    def reserve(self, serial: int, identity: str, role: CertificateRole, now_s: int) -> "Registry":
        """Write a serial number down, before it is used. Raises RegistryError."""
        if any(entry.serial == serial for entry in self.entries):
            raise RegistryError(f"serial {serial:x} is in the book already")
        if len(self.entries) >= ENTRIES_MAX:
            raise RegistryError(
                f"the book holds {ENTRIES_MAX} certificates, which is all it can: "
                f"make the hall a new authority and provision its nodes anew"
            )
        entry = Entry(serial, identity, role, "reserved", now_s)
        return self._next((*self.entries, entry))

    def activate(self, serial: int) -> "Registry":
        """Let a reserved one count, and end the one before it in the same step."""
        [new] = [entry for entry in self.entries if entry.serial == serial]
        if new.state != "reserved":
            raise RegistryError(f"serial {serial:x} of {new.identity} is {new.state}")
        return self._changed(
            (new, "active"),
            *((e, "revoked") for e in self.all_active if e.identity == new.identity),
        )

    def revoke(self, identity: str) -> "Registry":
        """End whatever an identity has."""
        found = [e for e in self.entries if e.identity == identity and e.state != "revoked"]
        return self._changed(*((entry, "revoked") for entry in found))

    def settle(self) -> "Registry":
        """End what was cut between its number and its files: it may have been signed."""
        found = [entry for entry in self.entries if entry.state == "reserved"]
        return self._changed(*((entry, "revoked") for entry in found))

    def bind(self, serial: int, board: str) -> "Registry":
        """Write down the board that is about to get a certificate. Raises RegistryError."""
        [entry] = [entry for entry in self.entries if entry.serial == serial]
        if entry.board == board:
            return self
        if entry.board:
            raise RegistryError(
                f"{entry.identity}: its certificate is on board {entry.board}, not on {board}; "
                f"for a new board: hallkit replace {entry.identity}"
            )
        bound = replace(entry, board=board)
        return replace(self, entries=tuple(bound if e is entry else e for e in self.entries))

    def _changed(self, *changes: tuple[Entry, State]) -> "Registry":
        states = {entry.serial: state for entry, state in changes}
        if not states:
            return self
        return self._next(replace(e, state=states.get(e.serial, e.state)) for e in self.entries)

    def _next(self, entries: Iterable[Entry]) -> "Registry":
        return Registry(self.hall, self.number + 1, tuple(entries))


def to_json(registry: Registry) -> bytes:
    """The book as a file."""
    rows = [{**asdict(entry), "serial": f"{entry.serial:x}"} for entry in registry.entries]
    book = {
        "version": _VERSION,
        "hall": registry.hall,
        "number": registry.number,
        "certificates": rows,
    }
    return json.dumps(book, indent=1).encode() + b"\n"


def from_json(data: bytes) -> Registry:
    """The book in a file. Raises RegistryError when it is not whole."""
    try:
        book: Any = json.loads(data)
        if book["version"] != _VERSION:
            raise RegistryError(f"is of version {book['version']!r}, not {_VERSION}")
        entries = tuple(
            Entry(**{**row, "serial": int(row["serial"], 16)}) for row in book["certificates"]
        )
        registry = Registry(str(book["hall"]), int(book["number"]), entries)
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"is damaged: {type(error).__name__}: {error}") from error
    _check(registry)
    return registry


def _check(registry: Registry) -> None:
    serials = [entry.serial for entry in registry.entries]
    if len(set(serials)) != len(serials):
        raise RegistryError("is damaged: a serial number stands twice")
    if any(entry.state not in get_args(State) for entry in registry.entries):
        raise RegistryError("is damaged: a certificate has a state that is not known")
    active = [entry.identity for entry in registry.all_active]
    twice = sorted({identity for identity in active if active.count(identity) > 1})
    if twice:
        raise RegistryError(f"is damaged: two certificates count for {', '.join(twice)}")
