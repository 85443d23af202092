"""The connection of a Pi node to its broker: TCP, or TLS with a certificate of its own.

Dialling (name, TCP, TLS handshake) runs in the background; after that nothing blocks. What comes
is given on in order; what is to be sent waits here until the socket takes it.
"""

import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.drivers.pi.loop import Loop

DIAL_TIMEOUT_S = 5.0
CHUNK_BYTES = 16_384
LAST_WORDS_S = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrokerAddress:
    """Where the broker is; `authority` None: no TLS. Certificate and key may be one file."""

    host: str
    port: int
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer, the broker's name checked. OSError names a file that is missing."""
        if self.authority is None:
            return None
        context = ssl.create_default_context(cafile=str(self.authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class BrokerLink:
    """One connection at a time. Callbacks: made(), refused(why), received(data), lost()."""

    def __init__(
        self,
        loop: Loop,
        address: BrokerAddress,
        made: Callable[[], None],
        refused: Callable[[str], None],
        received: Callable[[bytes], None],
        lost: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._address = address
        self._context = address.context()
        self._made, self._refused, self._received, self._lost = made, refused, received, lost
        self._socket: socket.socket | None = None
        self._output = bytearray()
        self._dialling = False
        self._closed = False

    @property
    def idle(self) -> bool:
        """Neither connected nor dialling."""
        return self._socket is None and not self._dialling

    def dial(self) -> None:
        """Connect; `made` or `refused` follows."""
        self._dialling = True
        self._loop.in_background(self._connect, self._connected)

    def send(self, data: bytes) -> None:
        """In order; lost when the connection is."""
        if self._socket is not None and data:
            self._output += data
            self._write()

    def close(self) -> None:
        """Close at once; `lost` is not called."""
        if self._socket is not None:
            self._loop.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._output.clear()

    def finish(self) -> None:
        """Send what is left, for LAST_WORDS_S at most, and never dial again."""
        self._closed = True
        if self._socket is not None and self._output:
            try:
                self._loop.unwatch(self._socket.fileno())
                self._socket.settimeout(LAST_WORDS_S)
                self._socket.sendall(self._output)
            except OSError as error:
                log.warning("broker: the goodbye was not sent (%s)", error)
        self.close()

    def _connect(self) -> socket.socket:
        address = (self._address.host, self._address.port)
        line = socket.create_connection(address, DIAL_TIMEOUT_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            try:
                return self._context.wrap_socket(line, server_hostname=self._address.host)
            except BaseException:
                line.close()
                raise
        return line

    def _connected(self, line: socket.socket | Exception) -> None:
        self._dialling = False
        if isinstance(line, Exception):
            if not isinstance(line, OSError):  # TLS errors are OSErrors
                raise line
            self._refused(str(line))
            return
        if self._closed:
            line.close()
            return
        line.setblocking(False)
        self._socket = line
        self._loop.watch(line.fileno(), self._read)
        self._made()

    def _read(self) -> None:
        while self._socket is not None:
            try:
                data = self._socket.recv(CHUNK_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                log.info("broker: %s", error)
                data = b""
            if not data:
                self.close()
                self._lost()
                return
            self._received(data)
            # TLS may hold more than the socket shows; a plain socket is asked again by the loop.
            if self._context is None:
                return

    def _write(self) -> None:
        while self._socket is not None and self._output:
            try:
                sent = self._socket.send(self._output)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self._loop.watch(self._socket.fileno(), self._read, self._write)
                return
            except OSError:
                return  # reading tells of the end
            del self._output[:sent]
        if self._socket is not None:
            self._loop.watch(self._socket.fileno(), self._read)
