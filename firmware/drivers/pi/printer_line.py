"""The line to a ticket printer: python-escpos as transport, never blocking the loop.

Only `open`, `_read` and `close` of python-escpos are used: its text encoder turns Chinese
punctuation into question marks, its status takes silence for "paper ok", and its writing waits for
a printer that takes nothing (out of paper, its buffer full), and gives it up for lost.
"""

import contextlib
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from escpos.exceptions import Error as EscposError
from escpos.printer import File, Network, Serial

from firmware.drivers.pi.loop import Loop

CONNECT_TIMEOUT_S = 3
# Small, so that what was handed over is soon on its way, and progress on a slow line is seen.
PIECE_BYTES = 256
RETRY_MS_MIN, RETRY_MS_MAX = 500, 8000
# Keep-alive: a printer whose power is cut is noticed after 10 + 3 x 5 s.
_KEEPALIVE = (
    (socket.TCP_KEEPIDLE, 10),
    (socket.TCP_KEEPINTVL, 5),
    (socket.TCP_KEEPCNT, 3),
)

log = logging.getLogger(__name__)

FAULTS = (OSError, EscposError)  # pyserial's errors are OSErrors


class ReadableFile(File):  # type: ignore[misc]  # python-escpos has no types
    """A USB printer (usblp); python-escpos opens it for writing only and can not read it."""

    def open(self, raise_not_found: bool = True) -> None:  # noqa: ARG002  # as in the base
        """Open for both ways, without a buffer and without waiting."""
        self.device = open(self.devfile, "r+b", buffering=0)  # noqa: SIM115  # closed by close()
        os.set_blocking(self.device.fileno(), False)

    def _read(self) -> bytes | None:
        data: bytes | None = self.device.read(64)
        return data


def network(host: str, port: int) -> Any:
    """A printer with a network card. Blocks up to CONNECT_TIMEOUT_S; OSError or EscposError."""
    device = Network(host, port, timeout=CONNECT_TIMEOUT_S)
    device.open()
    line = device.device
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in _KEEPALIVE:
        line.setsockopt(socket.IPPROTO_TCP, option, value)
    return device


def serial(path: str, baud: int, xonxoff: bool) -> Any:
    """A printer on a serial line."""
    device = Serial(path, baudrate=baud, xonxoff=xonxoff, timeout=0)
    device.open()
    return device


def usb(path: str) -> Any:
    """A printer on USB as the kernel's usblp shows it, for example /dev/usb/lp0."""
    device = ReadableFile(path)
    device.open()
    return device


class PrinterLine:
    """Opens the printer, and opens it again whenever it is lost; ever more slowly, up to 8 s."""

    def __init__(
        self,
        loop: Loop,
        make_device: Callable[[], Any],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_data: Callable[[bytes], None],
    ) -> None:
        self._loop = loop
        self._make_device = make_device
        self._on_up, self._on_down, self._on_data = on_up, on_down, on_data
        self._device: Any = None
        self._file = -1
        self._retry_ms = RETRY_MS_MIN
        self._stopped = False

    def start(self) -> None:
        """Open it now."""
        self._loop.in_background(self._make_device, self._opened)

    def stop(self) -> None:
        """Close it and do not come back."""
        self._stopped = True
        self._close()

    def drop(self) -> None:
        """Close it and dial again."""
        if self._device is not None:
            self._lost("it does not answer any more")

    def want_write(self, next_piece: Callable[[], bytes], sent: Callable[[int], None]) -> None:
        """Send what `next_piece` gives, piece by piece, as the line takes it."""
        if self._device is not None:
            self._loop.watch(self._file, self._read, lambda: self._write(next_piece, sent))

    def _opened(self, device: Any) -> None:
        if isinstance(device, Exception):
            if not isinstance(device, FAULTS):
                raise device
            if self._retry_ms == RETRY_MS_MIN:
                log.warning("printer: %s; trying again", str(device).replace("\n", " "))
            self._on_down()
            self._redial()
            return
        if self._stopped:
            device.close()
            return
        log.info("printer: connected")
        self._device = device
        self._file = device.device.fileno()
        self._retry_ms = RETRY_MS_MIN
        self._loop.watch(self._file, self._read)
        self._on_up()

    def _redial(self) -> None:
        if not self._stopped:
            self._loop.later(self._retry_ms, self.start)
            self._retry_ms = min(RETRY_MS_MAX, 2 * self._retry_ms)

    def _read(self) -> None:
        try:
            data = self._device._read()
        except FAULTS as error:
            self._lost(str(error))
            return
        if data:
            self._on_data(data)
        elif data is not None:
            self._lost("it closed the line")

    def _write(self, next_piece: Callable[[], bytes], sent: Callable[[int], None]) -> None:
        piece = next_piece()[:PIECE_BYTES]
        if not piece:
            self._loop.watch(self._file, self._read)
            return
        try:
            count = os.write(self._file, piece)
        except BlockingIOError:
            return  # it takes nothing now, and will be asked again
        except OSError as error:
            # How much of it went out is not known: count it, so that nothing is sent twice.
            sent(len(piece))
            self._lost(str(error))
            return
        sent(count)

    def _lost(self, why: str) -> None:
        log.warning("printer: lost (%s)", why)
        self._close()
        self._on_down()
        self._redial()

    def _close(self) -> None:
        if self._device is not None:
            self._loop.unwatch(self._file)
            with contextlib.suppress(*FAULTS):
                self._device.close()
            self._device = None
