"""The socket to the broker, never waiting: dial, TLS, bytes in and out. MicroPython.

`step` returns what happened: ("made",), ("refused", answered), ("data", bytes), ("lost",). A dial
that meets an error was answered; one that meets DIAL_MS of silence was not. With TLS the handshake
goes on under the first bytes; the session's own time-out for CONNACK ends one that hangs. While the
chip computes a handshake (about a second) it reads no keys: a pad refuses presses then anyway.
Looking a name up waits as well; give an address.
"""

import errno
import select
import socket

from firmware.logic.timers import is_due
from protocols.ticks import ticks_add

DIAL_MS = 4000
READ_BYTES = 1024
# A TLS socket that cannot write waits for bytes to read; looked at again after this.
STUCK_MS = 20


class Link:
    """One connection after the other to one broker. `tls` is None or (ca, certificate, key)."""

    def __init__(self, host: str, port: int, name: str, tls: tuple | None) -> None:
        self._host = host
        self._port = port
        self._name = name
        self._context = None if tls is None else _context(tls)
        self._buffer = bytearray(READ_BYTES)
        self._view = memoryview(self._buffer)
        self._poller = select.poll()
        self._raw: socket.socket | None = None
        # The socket, or TLS over it; None while dialling.
        self._stream: socket.socket | None = None
        self._out = b""
        self._stuck = False
        self._dial_until: int | None = None
        self._happened: list[tuple] = []

    @property
    def dialling(self) -> bool:
        """Whether a dial has not come to its end yet."""
        return self._dial_until is not None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as the socket knows."""
        return self._stream is not None

    def dial(self, now_ms: int) -> None:
        """Begin to connect; ("made",) or ("refused", ...) follows from `step`."""
        self.close()
        try:
            address = socket.getaddrinfo(self._host, self._port)[0][-1]
            self._raw = socket.socket()
            self._raw.setblocking(False)
            self._poller.register(self._raw, select.POLLOUT)
            self._dial_until = ticks_add(now_ms, DIAL_MS)
            self._raw.connect(address)
        except OSError as error:
            if self._raw is None or error.errno != errno.EINPROGRESS:
                self._end_dial(error.errno == errno.ECONNREFUSED)

    def send(self, data: bytes) -> None:
        """Bytes to send, as soon as they go."""
        if self._stream is not None:
            self._out = self._out + data if self._out else data

    def close(self) -> None:
        """Close without ("lost",); what was not sent is dropped."""
        if self._raw is not None:
            self._poller.unregister(self._raw)
            stream = self._stream
            if stream is not None and stream is not self._raw:
                stream.close()
            self._raw.close()
        self._raw = None
        self._stream = None
        self._out = b""
        self._stuck = False
        self._dial_until = None

    def wait(self, duration_ms: int, sleep_ms) -> None:  # type: ignore[no-untyped-def]  # no Callable
        """Let time pass until something comes in or can go out."""
        if self._raw is None:
            sleep_ms(duration_ms)
            return
        if self._stream is not None:
            wants_out = self._out and not self._stuck
            self._poller.modify(self._raw, select.POLLIN | (select.POLLOUT if wants_out else 0))
            if self._stuck:
                duration_ms = min(duration_ms, STUCK_MS)
        self._poller.poll(duration_ms)

    def step(self, now_ms: int) -> list[tuple]:
        """What has happened."""
        if self._dial_until is not None:
            self._look_at_dial(now_ms)
        if self._stream is not None:
            try:
                self._write()
                self._read()
            except OSError:
                self._lose()
        happened = self._happened
        self._happened = []
        return happened

    def flush(self) -> None:
        """Send what can be sent now; for the last bytes before a close."""
        if self._stream is not None:
            try:
                self._write()
            except OSError:
                self._lose()

    # ---- inside ----

    def _look_at_dial(self, now_ms: int) -> None:
        found = self._poller.poll(0)
        if found:
            if found[0][1] & (select.POLLERR | select.POLLHUP):
                self._end_dial(True)
                return
            self._dial_until = None
            try:
                self._open()
            except OSError:
                self._end_dial(True)
        elif is_due(self._dial_until, now_ms):
            self._end_dial(False)

    def _open(self) -> None:
        if self._context is None or self._raw is None:
            self._stream = self._raw
        else:
            self._stream = self._context.wrap_socket(
                self._raw, server_hostname=self._name, do_handshake_on_connect=False
            )
        self._happened.append(("made",))

    def _end_dial(self, answered: bool) -> None:
        self.close()
        self._happened.append(("refused", answered))

    def _lose(self) -> None:
        self.close()
        self._happened.append(("lost",))

    def _write(self) -> None:
        self._stuck = False
        while self._out and self._stream is not None:
            count = self._stream.write(self._out)
            if not count:
                self._stuck = self._context is not None
                return
            self._out = self._out[count:]

    def _read(self) -> None:
        while self._stream is not None:
            count = self._stream.readinto(self._buffer)
            if count is None:
                return
            if count == 0:
                self._lose()
                return
            self._happened.append(("data", bytes(self._view[:count])))


def _context(tls: tuple):  # type: ignore[no-untyped-def]  # ssl is not known up here
    """The broker must show a certificate of our authority; we show ours."""
    import ssl  # only where it is used: it takes memory

    authority, certificate, key = tls
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority)
    context.load_cert_chain(certificate, key)
    return context
