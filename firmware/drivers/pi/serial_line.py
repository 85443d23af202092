"""A serial line to a part that takes short frames (a voice chip, a card reader), with pyserial.

Frames are at most a few hundred bytes and fit into the kernel's buffer, so writing never waits.
The line is opened in the background, and again whenever it is lost (the USB adapter pulled out).
"""

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import serial

from firmware.drivers.pi.loop import Loop

RETRY_MS_MIN, RETRY_MS_MAX = 500, 8000

log = logging.getLogger(__name__)


class SerialLine:
    """One line; callbacks come from the loop."""

    def __init__(
        self,
        loop: Loop,
        path: str,
        baud: int,
        on_up: Callable[[], None],
        on_down: Callable[[], None],
        on_data: Callable[[bytes], None],
    ) -> None:
        self._loop = loop
        self._path, self._baud = path, baud
        self._on_up, self._on_down, self._on_data = on_up, on_down, on_data
        self._port: serial.Serial | None = None
        self._file = -1
        self._retry_ms = RETRY_MS_MIN
        self._stopped = False

    def start(self) -> None:
        """Open it now."""
        self._loop.in_background(self._open, self._opened)

    def stop(self) -> None:
        """Close it and do not come back."""
        self._stopped = True
        self._close()

    def write(self, frame: bytes) -> None:
        """Send a frame; it is lost when the line is down."""
        if self._port is None:
            return
        try:
            self._port.write(frame)
        except OSError as error:  # SerialException is one
            self._lost(error)

    def _open(self) -> serial.Serial:
        return serial.Serial(self._path, self._baud, timeout=0, write_timeout=1, exclusive=True)

    def _opened(self, port: Any) -> None:
        if isinstance(port, Exception):
            if not isinstance(port, OSError):
                raise port
            if self._retry_ms == RETRY_MS_MIN:
                log.warning("%s; trying again", port)
            self._redial()
            return
        if self._stopped:
            port.close()
            return
        log.info("%s: open", self._path)
        self._port = port
        self._file = port.fileno()
        self._retry_ms = RETRY_MS_MIN
        self._loop.watch(self._file, self._read)
        self._on_up()

    def _redial(self) -> None:
        if not self._stopped:
            self._loop.later(self._retry_ms, self.start)
            self._retry_ms = min(RETRY_MS_MAX, 2 * self._retry_ms)

    def _read(self) -> None:
        assert self._port is not None
        try:
            data = self._port.read(4096)
        except OSError as error:
            self._lost(error)
            return
        if data:
            self._on_data(data)

    def _lost(self, error: OSError) -> None:
        log.warning("%s: lost (%s)", self._path, error)
        self._close()
        self._on_down()
        self._redial()

    def _close(self) -> None:
        if self._port is not None:
            self._loop.unwatch(self._file)
            with contextlib.suppress(OSError):
                self._port.close()
            self._port = None
