"""What the VM asks of its sockets: handles and bytes on its side, `Socket`s on this.

An answer begins with what it is: DONE, WAIT (it would have to wait) or ERROR with the name of the
error number. TLS is a socket over another one.
"""

import struct
from collections.abc import Callable

from simulator.board.pace import Watched
from simulator.board.sockets import Socket, SocketError, Sockets
from simulator.board.tls import TlsSettings, TlsSocket

DONE, WAIT, ERROR = b"\0", b"\1", b"\2"
RECEIVE_BYTES_MAX = 1023
SOCKETS_MAX = 10  # CONFIG_LWIP_MAX_SOCKETS


class SocketCalls:
    """`wait` lets time pass until a socket is ready; `clock_s` is the chip's own clock."""

    def __init__(
        self,
        sockets: Sockets,
        wait: Callable[[int, Watched], None],
        clock_s: Callable[[], int],
    ) -> None:
        self._sockets = sockets
        self._wait = wait
        self._clock_s = clock_s
        self._open: dict[int, Socket] = {}
        self._settings: dict[int, TlsSettings] = {}
        self._next = 0
        self.calls: dict[str, Callable[[bytes], bytes]] = {
            "socket.look_up": self._look_up,
            "socket.open": self._open_socket,
            "socket.connect": self._connect,
            "socket.send": self._send,
            "socket.receive": self._receive,
            "socket.close": self._close,
            "socket.poll": self._poll,
            "tls.settings": self._tls_settings,
            "tls.verify": self._tls_verify,
            "tls.authority": self._tls_authority,
            "tls.certificate": self._tls_certificate,
            "tls.wrap": self._tls_wrap,
        }

    def abandon(self) -> None:
        """A reset: nothing is known any more."""
        self._open.clear()
        self._settings.clear()
        self._sockets.abandon()

    def close_all(self) -> None:
        """A soft reset."""
        self._open.clear()
        self._settings.clear()
        self._sockets.close_all()

    def close(self) -> None:
        """The board is put away."""
        self._sockets.close()

    # ---- calls ----

    def _new(self, sock: Socket) -> bytes:
        self._next += 1
        self._open[self._next] = sock
        return DONE + struct.pack("<I", self._next)

    def _split(self, data: bytes) -> tuple[Socket, bytes]:
        return self._open[struct.unpack_from("<I", data)[0]], data[4:]

    def _look_up(self, data: bytes) -> bytes:
        return _answer(lambda: self._sockets.look_up(data.decode()).encode())

    def _open_socket(self, _: bytes) -> bytes:
        if len(self._open) >= SOCKETS_MAX:
            return ERROR + b"ENOBUFS"
        return self._new(self._sockets.open())

    def _connect(self, data: bytes) -> bytes:
        sock, rest = self._split(data)
        port = struct.unpack_from("<H", rest)[0]

        def connect() -> bytes:
            sock.connect(rest[2:].decode(), port)
            return b""

        return _answer(connect)

    def _send(self, data: bytes) -> bytes:
        sock, content = self._split(data)

        def send() -> bytes | None:
            count = sock.send(content)
            return None if count is None else struct.pack("<I", count)

        return _answer(send)

    def _receive(self, data: bytes) -> bytes:
        sock, rest = self._split(data)
        size = min(struct.unpack("<I", rest)[0], RECEIVE_BYTES_MAX)
        return _answer(lambda: sock.receive(size))

    def _close(self, data: bytes) -> bytes:
        sock = self._open.pop(struct.unpack("<I", data)[0], None)
        if sock is not None:
            sock.close()
        return b""

    def _poll(self, data: bytes) -> bytes:
        """Time-out in ms, then (handle, events) of each socket; the mask of each comes back."""
        timeout_ms = struct.unpack_from("<i", data)[0]
        watched = [
            (self._open[handle], events) for handle, events in struct.iter_unpack("<II", data[4:])
        ]
        masks = [sock.mask(events) for sock, events in watched]
        if timeout_ms and not any(masks):
            self._wait(timeout_ms, watched)
            masks = [sock.mask(events) for sock, events in watched]
        return bytes(masks)

    # ---- TLS ----

    def _tls_settings(self, _: bytes) -> bytes:
        self._next += 1
        self._settings[self._next] = TlsSettings()
        return struct.pack("<I", self._next)

    def _tls_verify(self, data: bytes) -> bytes:
        handle, mode = struct.unpack("<IB", data)
        self._settings[handle].verify = mode
        return b""

    def _tls_authority(self, data: bytes) -> bytes:
        self._settings[struct.unpack_from("<I", data)[0]].authority = data[4:]
        return b""

    def _tls_certificate(self, data: bytes) -> bytes:
        handle, size = struct.unpack_from("<II", data)
        self._settings[handle].certificate = data[8 : 8 + size]
        self._settings[handle].key = data[8 + size :]
        return b""

    def _tls_wrap(self, data: bytes) -> bytes:
        settings, below = struct.unpack_from("<II", data)
        name = data[8:].decode()
        try:
            return self._new(
                TlsSocket(self._open[below], self._settings[settings], name, self._clock_s)
            )
        except SocketError as error:
            return ERROR + error.name.encode()


def _answer(act: Callable[[], bytes | None]) -> bytes:
    try:
        found = act()
    except SocketError as error:
        return ERROR + error.name.encode()
    return WAIT if found is None else DONE + found
