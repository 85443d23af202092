"""The UART of a running chip: what is typed, what runs because of it, and Ctrl-C.

While a program runs a Ctrl-C interrupts it; at the prompt it is typed like any other byte. `take`
may be called from any thread, all else belongs to the life of the processor.
"""

import struct
import threading
from collections import deque
from collections.abc import Callable

from simulator.board.repl import CTRL_C, Repl, SoftReset

TYPED_BYTES_MAX = 1 << 16
# Characters of a program that go into one answer of the hardware, each of four bytes at most.
_PIECE = 250


class SoftResetError(BaseException):
    """Ctrl-D at an empty prompt, or sys.exit(). No `except Exception` in between may swallow it."""


class Console:
    """`send` takes what goes out, `wait` lets time pass until a byte may have come."""

    def __init__(
        self,
        banner: str,
        send: Callable[[bytes], None],
        wait: Callable[[], None],
        interrupt: Callable[[], None],
    ) -> None:
        self._repl = Repl(banner, send)
        self._wait = wait
        self._interrupt = interrupt
        self._typed: deque[int] = deque()
        self._lock = threading.Lock()
        self._executing = False
        self._source = ""
        self._failed = False
        self.calls: dict[str, Callable[[bytes], bytes]] = {
            "console.friendly": lambda _: b"" if self._repl.raw else b"\1",
            "console.begin": self._begin,
            "console.next": self._next,
            "console.source": self._piece,
            "console.running": lambda _: self._set_executing(True),
            "console.ran": lambda _: self._set_executing(False),
            "console.failing": self._failing,
            "console.finished": self._finished,
            "console.exit": self._exit,
        }

    def take(self, data: bytes) -> None:
        """Bytes from the UART."""
        interrupting = False
        with self._lock:
            for byte in data:
                if byte == CTRL_C and self._executing:
                    self._typed.clear()
                    interrupting = True
                elif len(self._typed) < TYPED_BYTES_MAX:
                    self._typed.append(byte)
        if interrupting:
            self._interrupt()

    def next_byte(self) -> int:
        """One byte from the UART; waits for it."""
        while True:
            with self._lock:
                if self._typed:
                    return self._typed.popleft()
            self._wait()

    def interpreter_starts(self) -> None:
        """After a soft reset nothing runs yet."""
        self._set_executing(False)

    def _set_executing(self, executing: bool) -> bytes:
        with self._lock:
            self._executing = executing
        return b""

    def _begin(self, _: bytes) -> bytes:
        self._repl.begin()
        return b""

    def _next(self, _: bytes) -> bytes:
        while True:
            request = self._repl.feed(self.next_byte())
            if isinstance(request, SoftReset):
                raise SoftResetError
            if request is not None:
                self._source = request.source.decode("utf-8", "replace")
                self._failed = False
                return struct.pack("<BI", request.single, len(self._source))

    def _piece(self, data: bytes) -> bytes:
        start = struct.unpack("<I", data)[0]
        return self._source[start : start + _PIECE].encode()

    def _failing(self, _: bytes) -> bytes:
        self._failed = True
        self._repl.failing()
        return b""

    def _finished(self, _: bytes) -> bytes:
        self._repl.finished(self._failed)
        return b""

    def _exit(self, _: bytes) -> bytes:
        raise SoftResetError
