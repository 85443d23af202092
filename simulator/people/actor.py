"""People as generators: do something, wait for a time or for something to be seen, go on.

`behaviour` yields a `Wait`; the value sent back says whether what it waited for was seen (True) or
its time ran out (False). Whoever shows something calls `look()` of those who may see it.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

from simulator.virtual_time import Timeline


class Wait(NamedTuple):
    """At most `timeout_ms`, or until `seen()` is true."""

    timeout_ms: int
    seen: Callable[[], bool] | None = None


Behaviour = Generator[Wait, bool, None]
# A part of a behaviour that hands back an answer.
Part = Generator[Wait, bool, bool]


class Actor:
    """Runs one behaviour in virtual time."""

    def __init__(self, timeline: Timeline, behaviour: Behaviour) -> None:
        self.finished = False
        self._timeline = timeline
        self._behaviour = behaviour
        self._seen: Callable[[], bool] | None = None
        self._turn = 0

    def start(self, at_ms: int) -> None:
        """Begin at that time."""
        self._timeline.at(at_ms, self._go_on, self._turn, False)

    def look(self) -> None:
        """Something that can be seen has changed."""
        if self._seen is not None and self._seen():
            self._seen = None
            self._turn += 1
            # Later at this instant: nobody reacts in the middle of what is still happening.
            self._timeline.after(0, self._go_on, self._turn, True)

    def _go_on(self, turn: int, seen: bool) -> None:
        if turn != self._turn or self.finished:
            return
        self._turn += 1
        self._seen = None
        try:
            wait = self._behaviour.send(seen) if self._begun else next(self._behaviour)
        except StopIteration:
            self.finished = True
            return
        self._begun = True
        if wait.seen is not None and wait.seen():
            self._timeline.after(0, self._go_on, self._turn, True)
            return
        self._seen = wait.seen
        self._timeline.after(max(1, wait.timeout_ms), self._go_on, self._turn, False)

    _begun = False
