"""Sockets of a board in virtual time, over the links of `simulator.network`.

There is one peer, the hall's broker; host and port are not looked at. Real sockets'
rules hold: see `simulator.board.sockets`.
"""

from collections.abc import Callable

from simulator.board.sockets import POLLERR, POLLHUP, POLLIN, POLLOUT, Socket, SocketError
from simulator.link import Link
from simulator.network import Network


class VirtualSocket:
    """One connection; the endpoint of a link."""

    def __init__(
        self, name: str, network: Network, is_up: Callable[[], bool], wake: Callable[[], None]
    ) -> None:
        self.name = name
        self._network = network
        self._is_up = is_up
        self._wake = wake
        self._link: Link | None = None
        self._inbox = bytearray()
        self._failed: str | None = None
        self._closed = False  # by the peer
        self.left = False  # by the board

    # ---- what the board does ----

    def connect(self, host: str, port: int) -> None:  # noqa: ARG002  # there is one peer
        """See Socket."""
        if not self._is_up():
            raise SocketError("EHOSTUNREACH")
        self._network.connect(self)
        raise SocketError("EINPROGRESS")

    def send(self, data: bytes) -> int | None:
        """See Socket."""
        if not self._is_up():
            return None
        if self._closed or self._link is None:
            raise SocketError("ECONNRESET")
        self._network.send(self._link, data)
        return len(data)

    def receive(self, size: int) -> bytes | None:
        """See Socket."""
        if not self._is_up() or not (self._inbox or self._closed):
            return None
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def mask(self, events: int) -> int:
        """See Socket."""
        if not self._is_up():
            return 0
        if self._failed is not None:
            return POLLERR | POLLHUP
        found = POLLIN if self._inbox or self._closed else 0
        found |= POLLOUT if self._link is not None else 0
        return found & events

    def fileno(self) -> int | None:
        """See Socket."""
        return None

    def close(self) -> None:
        """See Socket."""
        self.left = True
        if self._link is not None:
            if self._is_up():
                self._network.close(self._link)
            else:
                self._network.abandon(self.name)

    def abandon(self) -> None:
        """A reset: the peer is not told."""
        self.left = True
        self._network.abandon(self.name)

    # ---- what the network does (Endpoint) ----

    def link_opened(self, link: Link) -> None:
        """The connection stands."""
        if self.left:
            self._network.close(link)
            return
        self._link = link
        self._wake()

    def link_refused(self) -> None:
        """There is nobody."""
        self._failed = "ECONNREFUSED"
        self._wake()

    def link_data(self, link: Link, data: bytes) -> None:  # noqa: ARG002  # it has one
        """Bytes from the broker."""
        self._inbox += data
        self._wake()

    def link_closed(self, link: Link) -> None:  # noqa: ARG002  # it has one
        """The broker closed it, or it was cut."""
        self._closed = True
        self._wake()


class VirtualSockets:
    """The sockets of one board, known to the network by `name`."""

    def __init__(
        self, name: str, network: Network, is_up: Callable[[], bool], wake: Callable[[], None]
    ) -> None:
        self._name = name
        self._network = network
        self._wake = wake
        self._is_up = is_up
        self._open: list[VirtualSocket] = []

    def open(self) -> Socket:
        """See Sockets."""
        self._open = [each for each in self._open if not each.left]
        self._open.append(VirtualSocket(self._name, self._network, self._is_up, self._wake))
        return self._open[-1]

    def look_up(self, host: str) -> str:
        """See Sockets."""
        if not self._is_up():
            raise SocketError("EHOSTUNREACH")
        return host

    def abandon(self) -> None:
        """See Sockets."""
        for each in self._open:
            each.abandon()
        self._open.clear()

    def close_all(self) -> None:
        """See Sockets."""
        for each in self._open:
            each.close()
        self._open.clear()

    def close(self) -> None:
        """See Sockets."""
        self.abandon()
