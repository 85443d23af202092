"""A model on a TCP port of this machine, as a printer with a network card.

One host at a time: a second one waits until the first has gone, as with real printers.
`unplug` resets the host's connection and refuses new ones; `plug` listens again on the same port.
"""

import contextlib
import selectors
import socket
import struct

from simulator.ports.model_port import Model, ModelPort

HOST = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class TcpPort(ModelPort):
    """`port` is where it listens; 0 takes a free one."""

    def __init__(self, model: Model, port: int = 0) -> None:
        super().__init__(model)
        self.port = port
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None
        self.connections = 0
        self._open()

    def unplug(self) -> None:
        """Pull the network cable out of the part."""
        with self._lock:
            self._close()
        self._ring()

    def plug(self) -> None:
        """Put it in again."""
        with self._lock:
            self._open()
        self._ring()

    def _open(self) -> None:
        listener = socket.create_server((HOST, self.port))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        if self._listener is None or self._host is not None:
            return
        try:
            self._host, _ = self._listener.accept()
        except OSError:
            return  # it went away while it waited
        self._selector.unregister(self._listener)  # the next one waits
        self.connections += 1
        self._host.setblocking(False)
        self._selector.register(self._host, selectors.EVENT_READ, self._take)

    def _file(self) -> int | None:
        return None if self._host is None else self._host.fileno()

    def _broke(self) -> None:
        self._drop_host()
        if self._listener is not None:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _drop_host(self) -> None:
        if self._host is not None:
            self._unregister(self._host.fileno())
            self._host.close()
            self._host = None

    def _close(self) -> None:
        if self._host is not None:
            with contextlib.suppress(OSError):
                self._host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._drop_host()
        if self._listener is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
