"""MicroPython's prompt on a serial line: friendly and raw, byte by byte. Sans-IO.

The interpreter of `simulator.vm` has no raw prompt of its own, so this is one: it echoes, collects
a line or a program, and says what to do with it. Raw paste is declined, as a board without room for
it does; mpremote then sends plain. Source: MicroPython docs/reference/repl.rst, and
shared/runtime/pyexec.c for what is printed when.
"""

from collections.abc import Callable
from dataclasses import dataclass

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = 1, 2, 3, 4, 5
_BACKSPACES = (8, 127)
SOURCE_BYTES_MAX = 256 << 10
_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_HELP = 'Type "help()" for more information.'
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Run:
    """Run this; `single`: and print the value of an expression."""

    source: bytes
    single: bool


@dataclass(frozen=True)
class SoftReset:
    """Start the interpreter anew; the prompt stays friendly or raw."""


Request = Run | SoftReset


class Repl:
    """One prompt; `send` takes what it prints. Whether it is raw outlives a soft reset."""

    def __init__(self, banner: str, send: Callable[[bytes], None]) -> None:
        self.raw = False
        self._banner = f"{banner}\r\n{_HELP}\r\n".encode()
        self._send = send
        self._line = bytearray()
        self._lines: list[bytes] = []  # of a statement that goes on
        self._pasting = False
        self._declining = False  # raw paste was asked for; one byte more and it is declined

    def begin(self) -> None:
        """The interpreter has started and its files have run."""
        self._clear()
        self._send(_RAW_BANNER if self.raw else self._banner + b">>> ")

    def finished(self, failed: bool) -> None:
        """What was to run has run, its output and error are out."""
        if self.raw:
            self._send(b"\x04>" if failed else b"\x04\x04>")
        else:
            self._send(b">>> ")

    def failing(self) -> None:
        """An error is about to be printed."""
        if self.raw:
            self._send(b"\x04")

    def feed(self, byte: int) -> Request | None:
        """One byte from the line."""
        if len(self._line) >= SOURCE_BYTES_MAX:
            self._clear()
        if self.raw:
            return self._feed_raw(byte)
        return self._feed_paste(byte) if self._pasting else self._feed_friendly(byte)

    def _clear(self) -> None:
        self._line.clear()
        self._lines.clear()
        self._pasting = False
        self._declining = False

    def _feed_raw(self, byte: int) -> Request | None:
        if self._declining:
            self._declining = False
            self._send(b"R\x00")
        elif byte == CTRL_A:
            self._clear()
            self._send(_RAW_BANNER)
        elif byte == CTRL_B:
            self.raw = False
            self._send(b"\r\n")
            self.begin()
        elif byte == CTRL_C:
            self._clear()
        elif byte == CTRL_D:
            source = bytes(self._line)
            self._clear()
            self._send(b"OK" if source else b"OK\r\n")
            return Run(source, single=False) if source else SoftReset()
        else:
            self._line.append(byte)
            if self._line == b"\x05A":
                self._clear()
                self._declining = True
        return None

    def _feed_friendly(self, byte: int) -> Request | None:
        if byte == CTRL_C:
            self._clear()
            self._send(b"\r\n>>> ")
        elif byte == 13:
            return self._end_line()
        elif byte in _BACKSPACES:
            if self._line:
                del self._line[-1]
                self._send(b"\b \b")
        elif byte >= 32 or byte == 9:
            self._line.append(byte)
            self._send(bytes((byte,)))
        elif not self._line and not self._lines:
            return self._control(byte)
        return None

    def _control(self, byte: int) -> Request | None:
        if byte == CTRL_A:
            self.raw = True
            self._send(b"\r\n" + _RAW_BANNER)
        elif byte == CTRL_B:
            self._send(b"\r\n")
            self.begin()
        elif byte == CTRL_D:
            self._send(b"\r\n")
            return SoftReset()
        elif byte == CTRL_E:
            self._pasting = True
            self._send(b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
        return None

    def _end_line(self) -> Request | None:
        self._send(b"\r\n")
        self._lines.append(bytes(self._line))
        self._line.clear()
        if _goes_on(self._lines):
            self._send(b"... ")
            return None
        source = b"\n".join(self._lines)
        self._lines.clear()
        if not source.strip():
            self._send(b">>> ")
            return None
        return Run(source + b"\n", single=True)

    def _feed_paste(self, byte: int) -> Request | None:
        if byte == CTRL_C:
            self._clear()
            self._send(b"\r\n>>> ")
        elif byte == CTRL_D:
            source = bytes(self._line)
            self._clear()
            self._send(b"\r\n")
            return Run(source, single=False)
        elif byte == 13:
            self._line.append(10)
            self._send(b"\r\n=== ")
        else:
            self._line.append(byte)
            self._send(bytes((byte,)))
        return None


def _goes_on(lines: list[bytes]) -> bool:
    """Whether a statement is not at its end: an open bracket, or a block without an empty line."""
    text = b"\n".join(lines).decode("utf-8", "replace")
    depth = sum(text.count(mark) for mark in _OPENING) - sum(text.count(mark) for mark in _CLOSING)
    if depth > 0 or text.endswith("\\"):
        return True
    begins_block = lines[0].rstrip().endswith(b":") or lines[0].startswith(b"@")
    return begins_block and bool(lines[-1].strip())
