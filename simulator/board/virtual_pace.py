"""Virtual time for boards: each lives in a thread, but only one thread runs at any instant.

The `Timeline` is run by the test (or by a world) as ever; a board's life is one of its actions: it
is let run until it waits, and hands back. So a run is the same each time, to the millisecond, with
any number of boards. Within a millisecond a board's own clock goes on in nanoseconds; it goes on
while the board computes as well, so that a program that only looks at the clock gets somewhere.
"""

import threading
from collections.abc import Callable

from simulator.board.pace import Watched
from simulator.virtual_time import Timeline

NS_PER_MS = 1_000_000


class VirtualPace:
    """See `simulator.board.pace.Pace`."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._fine_ns = 0
        self._thread: threading.Thread | None = None
        # Held but for the instant of handing over.
        self._turn = threading.Lock()
        self._back = threading.Lock()
        self._turn.acquire()
        self._back.acquire()
        self._wait_number = 0
        self._waiting = False
        self._woken = False
        self._joining = False
        self._ended = True
        self._failure: BaseException | None = None

    def now_ns(self) -> int:
        """See Pace."""
        return max(self._fine_ns, self._timeline.now_ms * NS_PER_MS)

    def start(self, life: Callable[[], None]) -> None:
        """See Pace."""
        assert self._ended, "one life at a time"
        self._ended = False
        self._joining = False
        self._waiting = True
        self._wait_number += 1
        self._thread = threading.Thread(target=self._run, args=(life,), daemon=True)
        self._thread.start()
        self._timeline.after(0, self._resume, self._wait_number)

    def wait(self, until_ns: int | None, watched: Watched) -> None:  # noqa: ARG002  # they wake
        """See Pace."""
        if self._woken:
            self._woken = False
            return
        if until_ns is not None:
            until_ms = until_ns // NS_PER_MS
            if until_ms <= self._timeline.now_ms:
                self._fine_ns = until_ns
                return
        self._wait_number += 1
        if until_ns is not None:
            self._timeline.at(until_ms, self._resume, self._wait_number)
        self._waiting = True
        self._back.release()
        self._turn.acquire()
        if until_ns is not None and self._timeline.now_ms >= until_ms:
            self._fine_ns = until_ns

    def compute(self, duration_ns: int) -> None:
        """See Pace. Others have their turn before the board's clock gets ahead of theirs."""
        until_ns = self.now_ns() + duration_ns
        self._fine_ns = min(until_ns, (self._timeline.now_ms + 1) * NS_PER_MS - 1)
        while until_ns // NS_PER_MS > self._timeline.now_ms and not self._joining:
            self.wait(until_ns, ())
        self._fine_ns = until_ns

    def wake(self) -> None:
        """See Pace."""
        if self._waiting:
            self._timeline.after(0, self._resume, self._wait_number)
        else:
            self._woken = True

    def join(self, urge: Callable[[], None]) -> None:
        """See Pace."""
        if threading.current_thread() is self._thread:
            return
        self._joining = True
        while not self._ended:
            urge()
            self._let_run()
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """See Pace."""

    def _resume(self, wait_number: int) -> None:
        if self._waiting and wait_number == self._wait_number:
            self._let_run()

    def _let_run(self) -> None:
        self._waiting = False
        self._turn.release()
        self._back.acquire()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _run(self, life: Callable[[], None]) -> None:
        self._turn.acquire()
        try:
            life()
        except BaseException as error:  # noqa: BLE001  # raised again where the run is watched
            self._failure = error
        self._ended = True
        self._waiting = False
        self._back.release()
