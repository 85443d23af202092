"""TLS for a board's sockets: CPython's ssl over memory, in the place of the chip's mbedtls.

As on the chip: certificates and keys come as DER bytes, TLS 1.2, the peer's dates are compared with
the chip's own clock (which believes in 2000 after power on, until it is set), and a call never
waits: it takes the handshake one step further and gives None.
"""

import contextlib
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from simulator.board.sockets import Socket, SocketError

CERT_NONE, CERT_REQUIRED = 0, 2
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME: we check it ourselves
_PIECE = 16384
_T = TypeVar("_T")


class TlsSettings:
    """What a program has told its SSLContext."""

    def __init__(self) -> None:
        self.verify = CERT_REQUIRED
        self.authority = b""
        self.certificate = b""
        self.key = b""


class TlsSocket:
    """TLS over a socket that is connected. `now_s` is the chip's clock in Unix seconds."""

    def __init__(
        self, below: Socket, settings: TlsSettings, server_name: str, now_s: Callable[[], int]
    ) -> None:
        self._below = below
        self._now_s = now_s
        self._verify = settings.verify == CERT_REQUIRED
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._unsent = b""
        self._shaken = False
        try:
            self._tls = _context(settings).wrap_bio(
                self._incoming, self._outgoing, server_hostname=server_name or None
            )
        except ssl.SSLError:
            raise SocketError("EINVAL") from None

    def connect(self, host: str, port: int) -> None:  # noqa: ARG002  # it is connected
        """The socket below is connected already."""
        raise SocketError("EALREADY")

    def send(self, data: bytes) -> int | None:
        """See Socket."""
        return self._try(lambda: self._tls.write(data))

    def receive(self, size: int) -> bytes | None:
        """See Socket."""
        return self._try(lambda: self._tls.read(size))

    def mask(self, events: int) -> int:
        """See Socket."""
        return self._below.mask(events)

    def fileno(self) -> int | None:
        """See Socket."""
        return self._below.fileno()

    def close(self) -> None:
        """Say goodbye as far as that goes without waiting; the socket below stays."""
        with contextlib.suppress(ssl.SSLError, SocketError):
            self._tls.unwrap()
        with contextlib.suppress(SocketError):
            self._pump_out()

    def _try(self, act: Callable[[], _T]) -> _T | None:
        """Do it when the bytes are there; None when they are not yet."""
        self._pump_in()
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._check_dates()
                self._shaken = True
            return act()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLZeroReturnError:
            return b""  # type: ignore[return-value]  # only a read gets here
        except ssl.SSLEOFError:
            raise SocketError("ECONNRESET") from None
        except ssl.SSLError:
            raise SocketError("EIO") from None
        finally:
            self._pump_out()

    def _pump_in(self) -> None:
        while (data := self._below.receive(_PIECE)) is not None:
            if not data:
                self._incoming.write_eof()
                return
            self._incoming.write(data)

    def _pump_out(self) -> None:
        self._unsent += self._outgoing.read()
        while self._unsent and (sent := self._below.send(self._unsent)):
            self._unsent = self._unsent[sent:]

    def _check_dates(self) -> None:
        certificate = self._tls.getpeercert()
        if not self._verify or not certificate:
            return
        begins = ssl.cert_time_to_seconds(str(certificate["notBefore"]))
        ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        if not begins <= self._now_s() <= ends:
            raise SocketError("EIO")


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= _NO_CHECK_TIME
    if settings.verify != CERT_REQUIRED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.authority:
        context.load_verify_locations(cadata=settings.authority)
    if settings.certificate:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "chain.pem")
            path.touch(0o600)
            path.write_text(ssl.DER_cert_to_PEM_cert(settings.certificate) + _key_pem(settings.key))
            context.load_cert_chain(path)
    return context


def _key_pem(key: bytes) -> str:
    """A DER key as PEM: SEC 1 has version 1, PKCS 8 has 0 and then a sequence, PKCS 1 neither."""
    head = 2 if key[1] < 0x80 else 2 + (key[1] & 0x7F)
    version, following = key[head + 2], key[head + 3]
    kind = "EC PRIVATE KEY" if version == 1 else "PRIVATE KEY"
    if version == 0 and following != 0x30:
        kind = "RSA PRIVATE KEY"
    return ssl.DER_cert_to_PEM_cert(key).replace("CERTIFICATE", kind)
