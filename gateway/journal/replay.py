"""Folds a journal into a state.

Rule: the state is what the fold makes of the events and nothing else, so a snapshot plus the
events after it must give the same state as all the events.
"""

from collections.abc import Callable
from typing import TypeVar

from gateway.journal.interface import EventJournal
from gateway.journal.records import Record

State = TypeVar("State")


def replay(
    journal: EventJournal,
    apply: Callable[[State, Record], State],
    initial: State,
    *,
    after_seq: int = 0,
    until_seq: int | None = None,
) -> State:
    """The state after record `until_seq` (or the last), folded from `initial` after `after_seq`.

    Raises what `journal.read` raises.
    """
    state = initial
    for record in journal.read(after_seq):
        if until_seq is not None and record.seq > until_seq:
            break
        state = apply(state, record)
    return state
