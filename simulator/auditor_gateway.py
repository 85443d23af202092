"""P9, P10, P12: what the gateway does when its disk fails, its journal is damaged, it is upgraded.

P9: a write that failed ends the process within a second, with an alarm, and nothing of it was let
go (P1 sees to that); once the disk is well the gateway is back. P10: a torn middle of the journal
stops the start, and the message names the way back. P12: both ways back, from a snapshot and from
the first record, lead to the same state, whatever version wrote them.
"""

from simulator.broken import PromiseBroken

ENDS_MS = 1_000
# The restarts that the service manager still owes, and the reading of the journal.
BACK_MS = 8_000
WAY_BACK = "hallkit journal verify"


class GatewayAuditor:
    """The life of the gateway's process as the service manager sees it."""

    def __init__(self) -> None:
        self._failed_ms: int | None = None  # a write failed, and the process still runs
        self._alarmed = False
        self._well_ms: int | None = 0  # since when disk and journal are well
        self._running = False
        self._damaged = False
        self._disk_fails = False
        self._down_until_ms = 0

    def write_failed(self, now_ms: int) -> None:
        """The disk refused a write."""
        if self._failed_ms is None:
            self._failed_ms, self._alarmed = now_ms, False

    def alarm(self, event: str) -> None:
        """The process wrote a critical line to its log."""
        self._alarmed = self._alarmed or event == "cannot_go_on"

    def disk_in_trouble(self, so: bool, now_ms: int) -> None:
        """The disk fails, or is well again."""
        self._disk_fails = so
        self._well_ms = None if so else now_ms

    def journal_damaged(self, so: bool, now_ms: int) -> None:
        """A record in the middle is damaged, or was put back."""
        self._damaged = so
        self._well_ms = None if so else now_ms

    def is_away(self, down_ms: int, now_ms: int) -> None:
        """Somebody ended it, and starts it again after so long."""
        self._down_until_ms = max(self._down_until_ms, now_ms + down_ms)

    def started(self) -> None:
        """It runs."""
        self._running, self._failed_ms = True, None
        if self._damaged:
            raise PromiseBroken("P10", "the gateway started on a damaged journal")

    def died(self, how: str) -> None:
        """It is gone."""
        self._running = False
        if how == "failed" and self._failed_ms is not None and not self._alarmed:
            raise PromiseBroken("P9", "a write failed and the gateway ended without an alarm")
        self._failed_ms = None

    def refused(self, why: str) -> None:
        """It did not start, and said why."""
        # On a disk that fails it may not come to see the damage.
        if self._damaged and not self._disk_fails and WAY_BACK not in why:
            raise PromiseBroken("P10", f"a start was refused without naming the way back: {why}")

    def look(self, now_ms: int) -> None:
        """Once a second."""
        if self._failed_ms is not None and now_ms > self._failed_ms + ENDS_MS:
            raise PromiseBroken("P9", f"the gateway lives on, {now_ms - self._failed_ms} ms after")
        if self._running or self._well_ms is None:
            return
        if now_ms > max(self._well_ms, self._down_until_ms) + BACK_MS:
            raise PromiseBroken("P9", "the gateway does not come back")
