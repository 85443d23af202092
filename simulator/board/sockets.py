"""Sockets of a board on real loopback: what lwIP is to an ESP32. Never waits.

Errors are names, because their numbers are not the same in the VM. While the network is away
nothing goes in or out and nobody is told. A socket closed meanwhile, or forgotten by a reset, stays
open towards its peer, which learns of it when the network is up again.
"""

import contextlib
import errno
import select
import socket
from collections.abc import Callable
from typing import Protocol

POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16


class SocketError(Exception):
    """`name` is that of the error number: "ECONNRESET"."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Socket(Protocol):
    """A TCP connection of the board."""

    def connect(self, host: str, port: int) -> None:
        """Begin; EINPROGRESS is raised as well."""

    def send(self, data: bytes) -> int | None:
        """How many bytes it took; None when it would wait. Raises SocketError."""

    def receive(self, size: int) -> bytes | None:
        """b"" at the end, None when it would wait. Raises SocketError."""

    def mask(self, events: int) -> int:
        """Which of the events hold now, and POLLERR, POLLHUP."""

    def fileno(self) -> int | None:
        """For select, where it is a real one and not cut off."""

    def close(self) -> None:
        """Give it back."""


class Sockets(Protocol):
    """The network stack of one board."""

    def open(self) -> Socket:
        """A new socket."""

    def look_up(self, host: str) -> str:
        """The address of a name. Raises SocketError."""

    def abandon(self) -> None:
        """The chip forgets every socket; peers learn of it when the network is up again."""

    def close_all(self) -> None:
        """The interpreter starts anew and closes what it had open."""

    def close(self) -> None:
        """Close everything for good."""


class RealSocket:
    """One socket of this machine."""

    def __init__(self, is_up: Callable[[], bool], leave: Callable[["RealSocket"], None]) -> None:
        self.real = socket.socket()
        self.real.setblocking(False)
        self._is_up = is_up
        self._leave = leave
        self._connected = False

    def connect(self, host: str, port: int) -> None:
        """See Socket."""
        if not self._is_up():
            raise SocketError("EHOSTUNREACH")
        self._connected = True
        self.real.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with _named_errors():
            self.real.connect((host, port))

    def send(self, data: bytes) -> int | None:
        """See Socket."""
        if not self._is_up():
            return None
        with contextlib.suppress(BlockingIOError), _named_errors():
            return self.real.send(data)
        return None

    def receive(self, size: int) -> bytes | None:
        """See Socket."""
        if not self._is_up():
            return None
        with contextlib.suppress(BlockingIOError), _named_errors():
            return self.real.recv(size)
        return None

    def mask(self, events: int) -> int:
        """See Socket."""
        if not self._is_up() or not self._connected:
            return 0
        poll = select.poll()
        poll.register(self.real, events)
        found = poll.poll(0)
        return found[0][1] if found else 0

    def fileno(self) -> int | None:
        """See Socket."""
        return self.real.fileno() if self._is_up() and self._connected else None

    def close(self) -> None:
        """See Socket."""
        self._leave(self)


@contextlib.contextmanager
def _named_errors():  # type: ignore[no-untyped-def]  # a generator of nothing
    try:
        yield
    except BlockingIOError as error:
        if error.errno == errno.EINPROGRESS:
            raise SocketError("EINPROGRESS") from None
        raise
    except OSError as error:
        raise SocketError(errno.errorcode.get(error.errno or 0, "EIO")) from None


class RealSockets:
    """The sockets of one board. `is_up` says whether its interface is."""

    def __init__(self, is_up: Callable[[], bool]) -> None:
        self._is_up = is_up
        self._open: list[RealSocket] = []
        self._left: list[socket.socket] = []  # closed by the board, not yet towards the peer

    def open(self) -> Socket:
        """See Sockets."""
        self._close_left()
        made = RealSocket(self._is_up, self._leave)
        self._open.append(made)
        return made

    def look_up(self, host: str) -> str:
        """See Sockets."""
        if not self._is_up():
            raise SocketError("EHOSTUNREACH")
        try:
            found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        except socket.gaierror:
            raise SocketError("ENOENT") from None
        return str(found[0][4][0])

    def abandon(self) -> None:
        """See Sockets."""
        self._left += [each.real for each in self._open]
        self._open.clear()

    def close_all(self) -> None:
        """See Sockets."""
        for each in list(self._open):
            each.close()

    def close(self) -> None:
        """See Sockets."""
        self.abandon()
        self._close_left(whatever=True)

    def _leave(self, closed: RealSocket) -> None:
        if closed in self._open:
            self._open.remove(closed)
            self._left.append(closed.real)
        self._close_left()

    def _close_left(self, *, whatever: bool = False) -> None:
        if self._is_up() or whatever:
            for real in self._left:
                real.close()
            self._left.clear()
