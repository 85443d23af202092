"""The outbox of a node: a report is numbered, kept and resent until the gateway settles it.

Rules:
- a report keeps the (boot, seq) it first got, through reconnections and restarts of the node;
- age is counted by the node's own ticks from the moment it happened and sent anew each time, so no
  wall clock is trusted; after a restart the true age is lost and AGE_MS_MAX ("too old to act on")
  is sent;
- the outbox is bounded: when it is full a report is refused to the caller, who must say so; nothing
  is dropped silently;
- only an `Ack` removes a report, never the broker's PUBACK.
MicroPython subset, pure.
"""

from protocols.ticks import ticks_add, ticks_diff
from protocols.wire import AGE_MS_MAX, Message

RESEND_MS = 1000


class Entry:
    """One unsettled report."""

    def __init__(self, boot: int, seq: int, message: Message, age_ms: int, now_ms: int) -> None:
        self.boot = boot
        self.seq = seq
        self.message = message
        self.age_ms = age_ms  # up to `touched_ms`
        self.touched_ms = now_ms
        self.resend_ms = now_ms  # when it is next due

    def grow_older(self, now_ms: int) -> None:
        """Move the age forward to now; called often enough that ticks never wrap unseen."""
        self.age_ms = min(AGE_MS_MAX, self.age_ms + max(0, ticks_diff(now_ms, self.touched_ms)))
        self.touched_ms = now_ms


class Outbox:
    """Unsettled reports of one node, oldest first."""

    def __init__(self, boot: int, capacity: int = 16) -> None:
        self.boot = boot
        self.capacity = capacity
        self.entries: list[Entry] = []
        self.last_seq = 0

    def add(self, now_ms: int, message: Message) -> int:
        """Number a report and keep it; 0 when the outbox is full."""
        if len(self.entries) >= self.capacity:
            return 0
        self.last_seq += 1
        self.entries.append(Entry(self.boot, self.last_seq, message, 0, now_ms))
        return self.last_seq

    def due(self, now_ms: int) -> list[Entry]:
        """The entries to send now, oldest first, with their age brought up to now."""
        due = []
        for entry in self.entries:
            entry.grow_older(now_ms)
            if ticks_diff(now_ms, entry.resend_ms) >= 0:
                entry.resend_ms = ticks_add(now_ms, RESEND_MS)
                due.append(entry)
        return due

    def send_all_again(self, now_ms: int) -> None:
        """Make every entry due at once, after a reconnection."""
        for entry in self.entries:
            entry.resend_ms = now_ms

    def wake_at(self) -> int | None:
        """When the next entry is due, or None."""
        earliest = None
        for entry in self.entries:
            if earliest is None or ticks_diff(entry.resend_ms, earliest) < 0:
                earliest = entry.resend_ms
        return earliest

    def settle(self, boot: int, seq: int, cumulative: bool) -> list[Entry]:
        """Remove what an acknowledgement settles; returns those entries, oldest first."""
        settled = []
        kept = []
        for entry in self.entries:
            if entry.boot == boot and (entry.seq == seq or (cumulative and entry.seq < seq)):
                settled.append(entry)
            else:
                kept.append(entry)
        self.entries = kept
        return settled

    def oldest_age_ms(self, now_ms: int) -> int:
        """Age of the oldest unsettled report, 0 when there is none."""
        oldest = 0
        for entry in self.entries:
            entry.grow_older(now_ms)
            oldest = max(oldest, entry.age_ms)
        return oldest

    def dump(self) -> list[tuple[int, int, Message]]:
        """What to keep over a restart: [(boot, seq, message), ...]."""
        return [(entry.boot, entry.seq, entry.message) for entry in self.entries]

    def restore(self, now_ms: int, kept: list[tuple[int, int, Message]]) -> None:
        """Take over the unsettled reports of earlier boots; their true age is unknown."""
        older = [Entry(boot, seq, message, AGE_MS_MAX, now_ms) for boot, seq, message in kept]
        self.entries = older + self.entries
