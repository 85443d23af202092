"""Bugs that are planted into a zygote, to see that a run of chaos finds them. Never imported else.

Each is one that somebody could write: `python -m simulator.chaos kill --plant acknowledge-early`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gateway.journal import database, store
from gateway.journal.records import NewRecord, Record


def _plant(owner: type, method: str, bug: Callable[..., Any]) -> None:
    setattr(owner, method, bug)


def _acknowledge_early() -> None:
    """Append keeps the rows for the next append, so everybody hears "done" before the disk does."""
    write = store.Journal._write
    kept: list[Any] = []

    def late(self: store.Journal, steps: Sequence[Any]) -> None:
        kept.append(steps)
        if len(kept) > 1:
            write(self, kept.pop(0))

    _plant(store.Journal, "_write", late)


def _two_transactions() -> None:
    """Every record in a transaction of its own: a kill between leaves half a decision."""
    append = store.Journal.append

    def one_by_one(self: store.Journal, records: Sequence[NewRecord]) -> list[Record]:
        return [sealed for record in records for sealed in append(self, [record])]

    _plant(store.Journal, "append", one_by_one)


def _swallow_errors() -> None:
    """A write that failed is taken for one that did not."""

    def careless(self: store.Journal, steps: Sequence[Any]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, rows in steps:
                self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    _plant(store.Journal, "_write", careless)


def _pragmas(*after: str) -> Callable[[], None]:
    def plant() -> None:
        configure = database._configure

        def weak(connection: sqlite3.Connection) -> None:
            configure(connection)
            for pragma in after:
                connection.execute(f"PRAGMA {pragma}").fetchall()

        database._configure = weak

    return plant


def _forget_settled() -> None:
    """Nobody remembers what was settled: a repeated report is decided again."""
    from gateway.core.dedupe import Dedupe

    _plant(Dedupe, "report", lambda *_: None)
    _plant(Dedupe, "request", lambda *_: None)


def _store_later() -> None:
    """A node's value is written with the next one."""
    from firmware.shell.store_pi import PiStore

    put = PiStore.put
    kept: list[tuple[str, bytes]] = []

    def late(self: PiStore, key: str, value: bytes) -> None:
        kept.append((key, value))
        if len(kept) > 1:
            put(self, *kept.pop(0))

    _plant(PiStore, "put", late)


def _store_in_place() -> None:
    """A node's value is written over the old one."""
    from firmware.shell.store_pi import PiStore, _check

    def in_place(self: PiStore, key: str, value: bytes) -> None:
        with self._path(key).open("wb", buffering=0) as file:
            file.write(_check(value))
            file.write(value)

    _plant(PiStore, "put", in_place)


def _one_slot() -> None:
    """The ESP32 writes over the slot that counts."""
    from firmware.shell.slots import encode_slot
    from firmware.shell.store import Store

    def over(self: Store, key: str, value: bytes) -> None:
        slot, sequence = self._places.get(key, (0, 0))
        self._files.write(f"{key}.{slot}", encode_slot(sequence + 1, value))
        self._places[key] = (slot, sequence + 1)
        self._values[key] = value

    _plant(Store, "put", over)


def _print_before_storing() -> None:
    """A job is stored as begun only when it is over."""
    from firmware.logic.jobs import Jobs

    begin = Jobs.begin

    def unstored(self: Jobs, effects: list[Any]) -> Any:  # noqa: ARG001  # that is the bug
        return begin(self, [])

    _plant(Jobs, "begin", unstored)


def _wall_clock() -> None:
    """Hall time is whatever the wall clock says."""
    import time

    from gateway.core.clock import HallClock

    _plant(HallClock, "hall_ms", lambda *_: time.time_ns() // 1_000_000)


def _kernel_vouches() -> None:
    """No bug, another machine: a time service keeps its wall clock, so a start believes it."""
    from gateway import machine

    machine.wall_is_right.__code__ = (lambda: True).__code__


def _never_still() -> None:
    """Nobody looks how much room there is."""
    from gateway.room import Room

    _plant(Room, "free_bytes", lambda *_: 1 << 40)


VOUCHED = "kernel-vouches"
BUGS: dict[str, Callable[[], None]] = {
    "acknowledge-early": _acknowledge_early,
    "two-transactions": _two_transactions,
    "swallow-errors": _swallow_errors,
    "synchronous-normal": _pragmas("synchronous=NORMAL"),
    "journal-delete": _pragmas("journal_mode=DELETE", "synchronous=FULL"),
    "forget-settled": _forget_settled,
    "store-later": _store_later,
    "store-in-place": _store_in_place,
    "one-slot": _one_slot,
    "print-before-storing": _print_before_storing,
    "wall-clock": _wall_clock,
    VOUCHED: _kernel_vouches,
    "never-still": _never_still,
}


def plant(name: str) -> None:
    """Plant one. Raises KeyError when there is none of that name."""
    assert Path(database.__file__).exists(), "into the real code"
    BUGS[name]()
