"""MicroPython's `socket` of an ESP32, non-blocking TCP as the firmware uses it: in the VM only."""

import errno
import struct

from hardware import call
from stream import Stream, result

AF_INET = 2
SOCK_STREAM = 1


def getaddrinfo(host: str, port: int, af: int = 0, type: int = 0) -> list:
    """One entry, whose last part is (address, port)."""
    address = str(result(call("socket.look_up", host.encode())) or b"", "utf-8")
    return [(AF_INET, SOCK_STREAM, 0, "", (address, port))]


class socket(Stream):  # noqa: N801  # MicroPython's name
    """A TCP socket."""

    def __init__(self, af: int = AF_INET, type: int = SOCK_STREAM, proto: int = 0) -> None:
        super().__init__(call("socket.open"))

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""
        if flag:
            raise OSError(errno.EOPNOTSUPP)

    def connect(self, address: tuple) -> None:
        """Begin; raises EINPROGRESS."""
        host, port = address
        result(call("socket.connect", struct.pack("<IH", self.handle, port) + host.encode()))
