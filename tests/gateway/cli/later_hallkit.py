"""`hallkit` as a version of the future would be: one schema and one kind of event further.

Run by the tests in a process of its own, with the arguments of `hallkit`.
"""

import runpy
from dataclasses import dataclass
from typing import ClassVar

from gateway import hall
from gateway.core.events import Event, GatewayStarted
from gateway.journal import database

VERSION = "9.0.0"


@dataclass(frozen=True, slots=True)
class Toasted(Event):
    """Something this version does not know."""

    KIND: ClassVar[str] = "core.toasted"


def main() -> None:
    """Plant it, then run."""
    database.MIGRATIONS = (*database.MIGRATIONS, ("CREATE TABLE toasts (x INTEGER) STRICT",))
    database.own_version = lambda: VERSION
    hall.EVENTS[Toasted.KIND] = Toasted
    record = hall.Hall._record

    def record_and_toast(self, batch, events, now_ms, cause):
        if any(isinstance(event, GatewayStarted) for event in events):
            events = [*events, Toasted()]
        record(self, batch, events, now_ms, cause)

    apply = hall.Hall._apply
    hall.Hall._record = record_and_toast
    hall.Hall._apply = lambda self, event, at_ms: (
        None if isinstance(event, Toasted) else apply(self, event, at_ms)
    )
    runpy.run_module("gateway.cli.main", run_name="__main__")


main()
