"""A stream of bytes over a handle of the host, as sockets and TLS have it: runs in the VM only.

The host's side is simulator/board/socket_calls.py. Numbers of errors are looked up here by name,
because those of this build are not the host's.
"""

import errno
import struct

from hardware import call

_WAIT, _ERROR = 1, 2


def result(answer: bytes) -> bytes | None:
    """What an answer of the host brings; None when it would have to wait. Raises OSError."""
    if answer[0] == _ERROR:
        name = str(answer[1:], "utf-8")
        raise OSError(getattr(errno, name, errno.EIO))
    return None if answer[0] == _WAIT else answer[1:]


class Stream:
    """Bytes over a handle of the host; None means that one would have to wait."""

    def __init__(self, answer: bytes) -> None:
        self.handle = struct.unpack("<I", result(answer) or b"")[0]

    def write(self, data: bytes) -> int | None:
        """How many bytes it took."""
        taken = result(call("socket.send", struct.pack("<I", self.handle) + data))
        return None if taken is None else struct.unpack("<I", taken)[0]

    def read(self, size: int = 1023) -> bytes | None:
        """At most `size` bytes; b"" at the end."""
        return result(call("socket.receive", struct.pack("<II", self.handle, size)))

    def readinto(self, buffer: bytearray) -> int | None:
        """Into a buffer; how many, 0 at the end."""
        data = self.read(len(buffer))
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close it."""
        call("socket.close", struct.pack("<I", self.handle))
