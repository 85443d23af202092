"""The line to a printer: it never stops the loop, whatever the printer takes."""

import os
import time
import tty
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from firmware.drivers.pi import printer_line
from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.printer_line import PrinterLine

DEADLINE_S = 20.0
DATA = bytes(range(256)) * 400


class Line:
    """A serial line whose other end the test reads, and what is to be sent on it."""

    def __init__(self) -> None:
        self.printer, self._host = os.openpty()
        tty.setraw(self._host)
        self.loop = Loop()
        self.events: list[str] = []
        self.left = bytearray(DATA)
        make = partial(printer_line.serial, os.ttyname(self._host), 115200, False)
        self.line = PrinterLine(
            self.loop,
            make,
            lambda: self.events.append("up"),
            lambda: self.events.append("down"),
            lambda data: self.events.append(data.decode()),
        )
        self.line.start()
        self.until(lambda: self.events == ["up"])

    def until(self, holds: Callable[[], Any]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, self.events
            self.loop.run_once(10)

    def send(self) -> None:
        self.line.want_write(lambda: bytes(self.left), self._sent)

    def _sent(self, count: int) -> None:
        del self.left[:count]

    def stop(self) -> None:
        self.line.stop()
        self.loop.close()
        os.close(self._host)
        os.close(self.printer)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.stop()


@pytest.mark.slow
def test_a_printer_that_takes_nothing_neither_stops_the_loop_nor_counts_as_lost(line: Line) -> None:
    line.send()
    longest_s = 0.0
    end = time.monotonic() + 4
    while (before := time.monotonic()) < end:
        line.loop.run_once(10)
        longest_s = max(longest_s, time.monotonic() - before)
    assert line.events == ["up"]
    assert len(DATA) // 2 < len(line.left) < len(DATA), "a terminal holds a few KB"
    assert longest_s < 3, "the loop stood still"


def test_what_it_takes_later_comes_whole_and_in_order(line: Line) -> None:
    line.send()
    came = bytearray()
    os.set_blocking(line.printer, False)

    def all_there() -> bool:
        try:
            came.extend(os.read(line.printer, 700))
        except BlockingIOError:
            return False
        return len(came) >= len(DATA)

    line.until(all_there)
    assert bytes(came) == DATA
    assert line.events == ["up"]


def test_what_the_printer_says_is_heard_while_it_takes_nothing(line: Line) -> None:
    line.send()
    line.until(lambda: len(line.left) < len(DATA))
    os.write(line.printer, b"paper out")
    line.until(lambda: line.events[1:] == ["paper out"])
