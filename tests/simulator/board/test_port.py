"""The USB adapter on loopback: pyserial's own client at one end, a board at the other."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator.board.rfc2217 import SerialPort


class Ends:
    """What came through the port, and a host."""

    def __init__(self) -> None:
        self.data = b""
        self.lines: list[tuple[bool, bool]] = []
        self.port = SerialPort(self._take, self._changed, lambda _: None)

    def _take(self, data: bytes) -> None:
        self.data += data

    def _changed(self, dtr: bool, rts: bool, _: int) -> None:
        self.lines.append((dtr, rts))

    def plain(self) -> socket.socket:
        """A host without DTR and RTS."""
        host, port = self.port.plain_address.removeprefix("socket://").split(":")
        made = socket.create_connection((host, int(port)))
        made.settimeout(10)
        return made


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.port.stop()


def received(host: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := host.recv(size - len(data))):
        data += more
    return data


def test_every_byte_goes_through_a_telnet_port_unchanged(
    ends: Ends, until: Callable[..., Any]
) -> None:
    # pyserial's client as a process of its own: its reader thread outlives a failing test.
    content = bytes(range(256)) * 8
    program = f"""
import serial
port = serial.serial_for_url({ends.port.address!r}, timeout=20)
port.write({content!r})
assert port.read({len(content)}) == {content!r}
port.dtr = False
port.close()
"""
    echo = threading.Thread(target=_echo, args=(ends, len(content), until))
    echo.start()
    done = _python(program)
    echo.join()
    assert done == 0
    assert ends.data == content
    assert ends.lines[:3] == [(True, False), (True, True), (False, True)]
    until(lambda: ends.lines[-1] == (False, False), "a host that goes away drops both lines")


def _echo(ends: Ends, size: int, until: Callable[..., Any]) -> None:
    until(lambda: len(ends.data) == size, "all of it came")
    ends.port.send(ends.data)


def _python(program: str) -> int:
    return subprocess.run([sys.executable, "-W", "ignore", "-c", program], timeout=60).returncode


def test_the_cable_is_pulled_after_so_many_bytes(ends: Ends, until: Callable[..., Any]) -> None:
    ends.port.unplug_after = 3
    with ends.plain() as host:
        host.sendall(b"abcdef")
        assert received(host, 1) == b"", "the port is gone"
    assert ends.data == b"abc"
    ends.port.plug()
    with ends.plain() as host:
        host.sendall(b"g")
        until(lambda: ends.data == b"abcg", "it works again")


def test_what_is_said_while_nobody_listens_is_lost(ends: Ends, until: Callable[..., Any]) -> None:
    ends.port.send(b"lost")
    with ends.plain() as host:
        host.sendall(b"?")
        until(lambda: ends.data == b"?", "the host is there")
        ends.port.send(b"heard")
        assert received(host, 5) == b"heard"


def test_one_host_at_a_time_has_the_port(ends: Ends, until: Callable[..., Any]) -> None:
    with ends.plain() as first, ends.plain() as second:
        first.sendall(b"1")
        until(lambda: ends.data == b"1", "the first is served")
        second.sendall(b"2")
        first.sendall(b"1")
        until(lambda: ends.data == b"11", "the second waits")
        first.close()
        until(lambda: ends.data == b"112", "and has its turn")


def test_a_slow_line_takes_its_time(ends: Ends, until: Callable[..., Any]) -> None:
    ends.port.bytes_per_s = 2000
    began = time.monotonic()
    with ends.plain() as host:
        host.sendall(bytes(500))
        until(lambda: len(ends.data) == 500, "it comes")
        assert time.monotonic() - began > 0.2
