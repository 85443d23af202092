"""A model on a pseudo-terminal: to a driver it is a serial line.

Differences to a real line: no speed (bytes come at once; the model may pace them), no modem lines
(setting DTR or RTS is an OSError). `unplug` is the USB adapter pulled: the host's file is at its
end. `plug` makes a new terminal; with `link` it is found under the same name.
"""

import os
import selectors
import termios
import tty
from pathlib import Path

from simulator.ports.model_port import Model, ModelPort


class PtyPort(ModelPort):
    """`path` is what the driver opens; `link` a symbolic link to it that stays the same."""

    def __init__(self, model: Model, link: Path | None = None) -> None:
        super().__init__(model)
        self._link = link
        self._master: int | None = None
        self._slave: int | None = None
        self.path = ""
        self._open()

    def unplug(self) -> None:
        """Pull the line out."""
        with self._lock:
            self._close()
        self._ring()

    def plug(self) -> None:
        """Put it in again."""
        with self._lock:
            self._open()
        self._ring()

    def _open(self) -> None:
        self._master, self._slave = os.openpty()
        # Raw, and held open on this side too: a host that closes it does not end the port.
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._selector.register(self._master, selectors.EVENT_READ, self._take)
        if self._link is not None:
            partial = self._link.with_name(self._link.name + ".part")
            partial.unlink(missing_ok=True)
            partial.symlink_to(self.path)
            partial.replace(self._link)
            self.path = str(self._link)

    def _file(self) -> int | None:
        return self._master

    def _broke(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._master is not None and self._slave is not None:
            self._unregister(self._master)
            os.close(self._slave)
            os.close(self._master)
            self._master = self._slave = None
            if self._link is not None:
                self._link.unlink(missing_ok=True)
