"""The loop of a Pi node: files, timers and slow calls, all answered in one thread.

Rules:
- callbacks run one at a time in the thread that calls `run_once`; an exception ends the node, and
  systemd starts it again;
- what blocks (opening a port, a TLS handshake, a sound) runs `in_background`, in a thread of its
  own; its result comes back as a callback;
- `call` may be used from any thread, everything else only from the loop's own.
Time is steady milliseconds; nodes count them as wrapped ticks.
"""

import contextlib
import heapq
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from protocols.ticks import TICKS_MASK

Callback = Callable[[], None]
Result = TypeVar("Result")


class Timer:
    """One call in the future."""

    def __init__(self, callback: Callback) -> None:
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Do not call; does no harm when it has been called."""
        self.callback = None


class Loop:
    """Nothing runs until `run_once` is called again and again."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._hearing = socket.socketpair()
        self._bell.setblocking(False)
        self._hearing.setblocking(False)
        self._selector.register(self._hearing, selectors.EVENT_READ, (self._hear, None))
        self._soon: deque[Callback] = deque()
        self._timers: list[tuple[int, int, Timer]] = []
        self._order = itertools.count()

    @property
    def bell(self) -> int:
        """A descriptor that wakes the loop when a byte is written to it (for signals)."""
        return self._bell.fileno()

    def now_ms(self) -> int:
        """Steady milliseconds."""
        return time.monotonic_ns() // 1_000_000

    def ticks(self) -> int:
        """The same as a node counts it."""
        return self.now_ms() & TICKS_MASK

    def later(self, delay_ms: int, callback: Callback) -> Timer:
        """Call once after so long."""
        timer = Timer(callback)
        due_ms = self.now_ms() + max(0, delay_ms)
        heapq.heappush(self._timers, (due_ms, next(self._order), timer))
        return timer

    def call(self, callback: Callback) -> None:
        """Call soon; from any thread."""
        self._soon.append(callback)
        # A full bell has rung already; a closed one is that of a loop that has ended.
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def watch(self, file: int, readable: Callback, writable: Callback | None = None) -> None:
        """Call whenever `file` can be read (and written); again replaces what was watched for."""
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if writable else 0)
        try:
            self._selector.modify(file, mask, (readable, writable))
        except KeyError:
            self._selector.register(file, mask, (readable, writable))

    def unwatch(self, file: int) -> None:
        """No more; before the file is closed."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(file)

    def in_background(
        self, work: Callable[[], Result], then: Callable[[Result | Exception], None]
    ) -> None:
        """Run `work` in a thread, then call `then` in the loop with its result or its error."""

        def run() -> None:
            result: Result | Exception
            try:
                result = work()
            except Exception as error:  # noqa: BLE001  # handed on whole to who asked for it
                result = error
            self.call(lambda: then(result))

        threading.Thread(target=run, name="background", daemon=True).start()

    def run_once(self, timeout_ms: int) -> None:
        """Wait for something to happen, at most so long, and answer it."""
        for key, mask in self._selector.select(self._wait_ms(timeout_ms) / 1000):
            readable, writable = key.data
            if mask & selectors.EVENT_WRITE and writable is not None:
                writable()
            # The callback before may have closed this file.
            if mask & selectors.EVENT_READ and key.fd in self._selector.get_map():
                readable()
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        now_ms = self.now_ms()
        while self._timers and self._timers[0][0] <= now_ms:
            callback = heapq.heappop(self._timers)[2].callback
            if callback is not None:
                callback()

    def close(self) -> None:
        """End; background threads find nobody to tell."""
        self._selector.close()
        self._bell.close()
        self._hearing.close()

    def _wait_ms(self, timeout_ms: int) -> int:
        if self._soon:
            return 0
        if self._timers:
            timeout_ms = min(timeout_ms, self._timers[0][0] - self.now_ms())
        return max(0, timeout_ms)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._hearing.recv(4096)
