"""The trace of a run: readable lines, the hash over all of them, and the last ones kept.

Rules: a line is `time who what`, made of what the run itself decided and of nothing that differs
between processes (no addresses, no set order, no real time). Same seed, same hash.
"""

from collections import deque
from hashlib import sha256
from typing import TextIO

TAIL_LINES = 60


def clock_text(now_ms: int) -> str:
    """Virtual milliseconds as h:mm:ss.mmm since the hall's computers were switched on."""
    seconds, milliseconds = divmod(now_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{milliseconds:03}"


class Trace:
    """Takes lines; `output` gets each as it comes."""

    def __init__(self, output: TextIO | None = None) -> None:
        self.lines = 0
        self._output = output
        self._hash = sha256()
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    def note(self, now_ms: int, who: str, what: str) -> None:
        """Add a line."""
        line = f"{clock_text(now_ms)} {who} {what}"
        self.lines += 1
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        self._tail.append(line)
        if self._output is not None:
            self._output.write(line + "\n")

    def digest(self) -> str:
        """The hash over all lines so far, as hexadecimal text."""
        return self._hash.hexdigest()

    def tail(self) -> list[str]:
        """The last lines."""
        return list(self._tail)
