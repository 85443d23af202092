"""Real time for a board: it lives in a thread of its own and lets real time pass.

A pace is what a board's time is made of: `start` its life, `wait` within it, `wake` it from
outside, `join` it. The other one is `simulator.board.virtual_pace`.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.board.sockets import POLLIN, POLLOUT, Socket

# A socket, and what it is waited for.
Watched = Sequence[tuple[Socket, int]]
# Waiting for less is not worth a call of the system: asking for it took as long.
_SHORTEST_NS = 100_000
_WAIT_S_MAX = 3600.0


class Pace(Protocol):
    """The time of one board."""

    def now_ns(self) -> int:
        """Steady time."""

    def start(self, life: Callable[[], None]) -> None:
        """Run this; it waits by `wait` only."""

    def wait(self, until_ns: int | None, watched: Watched) -> None:
        """Within the life: until then, until a socket is ready or until `wake`; or a bit less."""

    def compute(self, duration_ns: int) -> None:
        """Within the life: the program has computed for that long, on an ESP32."""

    def wake(self) -> None:
        """From anywhere: the wait that goes on now, or the next one, is over."""

    def join(self, urge: Callable[[], None]) -> None:
        """Wait for the end of the life, calling `urge` now and then."""

    def close(self) -> None:
        """No life starts any more."""


class RealPace:
    """A thread, and the clock of this machine."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)

    def now_ns(self) -> int:
        """See Pace."""
        return time.monotonic_ns()

    def start(self, life: Callable[[], None]) -> None:
        """See Pace."""
        assert self._thread is None, "one life at a time"
        self._thread = threading.Thread(target=life, name="board", daemon=True)
        self._thread.start()

    def wait(self, until_ns: int | None, watched: Watched) -> None:
        """See Pace."""
        timeout_s = _WAIT_S_MAX
        if until_ns is not None:
            left_ns = until_ns - self.now_ns()
            if left_ns < _SHORTEST_NS:
                return
            timeout_s = min(timeout_s, left_ns / 1e9)
        readable: list[int] = [self._woken.fileno()]
        writable: list[int] = []
        for sock, events in watched:
            number = sock.fileno()
            if number is not None and events & POLLIN:
                readable.append(number)
            if number is not None and events & POLLOUT:
                writable.append(number)
        ready, _, _ = select.select(readable, writable, writable, timeout_s)
        if self._woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)

    def compute(self, duration_ns: int) -> None:
        """See Pace. Real time passes by itself, and faster than on an ESP32."""

    def wake(self) -> None:
        """See Pace."""
        with contextlib.suppress(BlockingIOError):  # full of wakes: it will wake
            self._waker.send(b"w")

    def join(self, urge: Callable[[], None]) -> None:
        """See Pace."""
        thread, self._thread = self._thread, None
        while thread is not None and thread is not threading.current_thread() and thread.is_alive():
            urge()
            self.wake()
            thread.join(0.02)

    def close(self) -> None:
        """See Pace."""
        self._waker.close()
        self._woken.close()
