"""What a node tells the technician by itself: how it is, and a line when something happened. Pure.

Rules:
- `NodeHealth` goes out when the node begins to hear its gateway (a new connection, a new epoch),
  and every HEALTH_MS while it does: before that nobody listens;
- a line for: the start, a connection that is back (why it was lost, for how long), stored values
  that were damaged, an interface started anew, and what the logic says (a stuck key). Nothing
  else: a log that says much is not read;
- what is said while nobody listens waits, the newest WAITING_MAX lines; the same twice in a row is
  said once.
`measure()` gives (signal_dbm, heap_free_bytes), None for what the board cannot know; `fault()`
gives (how many in a row, the last one's text); `running` is (release, slot, on trial), kept up to
date by whoever knows the updater. MicroPython subset.
"""

from firmware.logic.timers import is_due
from protocols.messages.service import NodeHealth
from protocols.ticks import ticks_add, ticks_diff
from protocols.utf8 import shortened

HEALTH_MS = 60000
WAITING_MAX = 8
FAULT_BYTES_MAX = 120
NOT_RELEASED = (0, "none", False)


class Health:
    """`step` it often, at `wake_at` at the latest; what it told is in the node's output then."""

    def __init__(  # type: ignore[no-untyped-def]  # the subset has no Callable
        self, now_ms: int, measure, fault, running: tuple = NOT_RELEASED
    ) -> None:
        self._measure = measure
        self._fault = fault
        self.running = running
        self._uptime_s = 0
        self._counted_to = now_ms
        self._was_up = False
        self._told_to = (0, 0)  # the connection and the epoch that have been told
        self._due_at: int | None = None  # of the next NodeHealth
        self._waiting: list[tuple[str, str]] = []
        self._lost_at_s: int | None = None
        self._lost_by = ""
        self._closed_by = ""  # as the node told when the link went

    def note(self, level: str, text: str) -> None:
        """A line; "info", "warning" or "error"."""
        if self._waiting[-1:] != [(level, text)]:
            self._waiting.append((level, text))
            self._waiting = self._waiting[-WAITING_MAX:]

    def lost_by(self, reason: str) -> None:
        """Why the connection will be lost now, when the node itself cannot know."""
        self._lost_by = reason

    def step(self, now_ms: int, node) -> bool:  # type: ignore[no-untyped-def]  # a Node, or like one
        """Time has passed; whether something was told through `node`."""
        self._count_uptime(now_ms)
        if node.link_up != self._was_up:
            self._was_up = node.link_up
            if node.link_up:
                self._link_came(node)
            else:
                self._lost_at_s = self._uptime_s
                self._lost_by = self._lost_by or node.close_reason
                self._closed_by = node.close_reason
        if not (node.link_up and node.lease_fresh):
            self._due_at = None
            return False
        listener = (node.connection, node.gateway)
        if listener != self._told_to or self._due_at is None:
            self._told_to = listener
            self._due_at = now_ms
        told = len(self._waiting) > 0
        for level, text in self._waiting:
            node.log(now_ms, level, text)
        self._waiting = []
        if is_due(self._due_at, now_ms):
            self._due_at = ticks_add(now_ms, HEALTH_MS)
            node.tell(now_ms, self._message())
            told = True
        return told

    def wake_at(self) -> int | None:
        """When `step` is wanted at the latest."""
        return self._due_at

    def _count_uptime(self, now_ms: int) -> None:
        seconds = ticks_diff(now_ms, self._counted_to) // 1000
        if seconds > 0:
            self._uptime_s += seconds
            self._counted_to = ticks_add(self._counted_to, seconds * 1000)

    def _link_came(self, node) -> None:  # type: ignore[no-untyped-def]  # as `step`
        if self._lost_at_s is not None:
            away_s = self._uptime_s - self._lost_at_s
            why = self._lost_by
            if node.close_reason != self._closed_by:
                why += f"; then {node.close_reason}"
            self.note("info", f"back after {away_s} s without connection: {why}")
        self._lost_at_s = None
        self._lost_by = ""

    def _message(self) -> NodeHealth:
        signal_dbm, heap_free_bytes = self._measure()
        faults, fault = self._fault()
        release, slot, trial = self.running
        return NodeHealth(
            uptime_s=self._uptime_s,
            signal_dbm=signal_dbm,
            heap_free_bytes=heap_free_bytes,
            release=release,
            slot=slot,
            trial=trial,
            faults=faults,
            fault=shortened(fault, FAULT_BYTES_MAX),
        )
