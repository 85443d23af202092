"""MicroPython's `ssl` of an ESP32, as the firmware uses it: runs in the VM only.

The TLS itself is the host's (simulator/board/tls.py).
"""

import struct

from hardware import call
from stream import Stream

PROTOCOL_TLS_CLIENT = 0
CERT_NONE = 0
CERT_REQUIRED = 2


class SSLContext:
    """Certificates and keys are DER bytes."""

    def __init__(self, protocol: int) -> None:
        self._handle = struct.unpack("<I", call("tls.settings"))[0]
        self._verify_mode = CERT_REQUIRED

    @property
    def verify_mode(self) -> int:
        """Whether the peer must show a certificate of our authority."""
        return self._verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        self._verify_mode = mode
        call("tls.verify", struct.pack("<IB", self._handle, mode))

    def load_verify_locations(self, cafile: None = None, cadata: bytes = b"") -> None:
        """The authority."""
        call("tls.authority", struct.pack("<I", self._handle) + cadata)

    def load_cert_chain(self, certfile: bytes, keyfile: bytes) -> None:
        """Our certificate and its key."""
        head = struct.pack("<II", self._handle, len(certfile))
        call("tls.certificate", head + certfile + keyfile)

    def wrap_socket(
        self,
        sock: Stream,
        *,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        server_hostname: str = "",
    ) -> Stream:
        """TLS over a connected socket; the handshake goes on under the first bytes."""
        head = struct.pack("<II", self._handle, sock.handle)
        return Stream(call("tls.wrap", head + server_hostname.encode()))
