"""One MQTT client of a measurement on a real socket, as light as Python allows.

Rules: `protocols.mqtt_session` over an asyncio transport, TCP_NODELAY, no keepalive; a connection
that breaks ends the measurement with an error, for its figures would mean nothing.
"""

import asyncio
import socket
import time
from collections.abc import Callable

from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_MASK

CONNECT_S = 10.0


class LineBroken(Exception):  # noqa: N818  # what happened to the line
    """The broker or the network ended a connection in the middle of a measurement."""


class Line(asyncio.Protocol):
    """`await Line.open(...)`, then `publish`; `on_message(topic, payload, retain)` is called.

    `on_read()` is called once after all messages of one read have been handed over.
    """

    def __init__(self, client_id: str, filters: list[str]) -> None:
        self.on_message: Callable[[str, bytes, bool], None] = lambda *_: None
        self.on_read: Callable[[], None] = lambda: None
        self._session = ClientSession(client_id, 0)
        self._filters = filters
        loop = asyncio.get_running_loop()
        self._subscribed: asyncio.Future[None] = loop.create_future()
        self._lost: asyncio.Future[str] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._closing = False

    @classmethod
    async def open(
        cls,
        port: int,
        client_id: str,
        filters: list[str],
        on_message: Callable[[str, bytes, bool], None],
    ) -> "Line":
        """Connected and subscribed to `filters` with QoS 1."""
        loop = asyncio.get_running_loop()
        line = cls(client_id, filters)
        line.on_message = on_message
        await loop.create_connection(lambda: line, "127.0.0.1", port)
        await asyncio.wait_for(line._subscribed, CONNECT_S)
        return line

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Queue it with QoS 1; it leaves with `flush`, which follows each read by itself."""
        if self._lost.done():
            raise LineBroken(self._lost.result())
        self._session.publish(_ticks(), topic, payload, 1, retain)

    def flush(self) -> None:
        """Send what the session has to say."""
        output = self._session.take_output()
        if output and self._transport is not None:
            self._transport.write(output)

    def close(self) -> None:
        """Say DISCONNECT and go."""
        self._closing = True
        self._session.disconnect(_ticks())
        self.flush()
        if self._transport is not None:
            self._transport.close()

    # ---- called by asyncio ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._session.connection_made(_ticks())
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._session.receive(_ticks(), data)
        for event in self._session.take_events():
            if event[0] == "message":
                self.on_message(event[1], event[2], event[4])
            elif event[0] == "connected":
                self._session.subscribe(_ticks(), [(pattern, 1) for pattern in self._filters])
            elif event[0] == "subscribed":
                self._subscribed.set_result(None)
            elif event[0] == "closed":
                self._break(str(event[1]))
        self.on_read()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closing:
            self._break(f"the connection was lost: {exc}")

    def _break(self, reason: str) -> None:
        if not self._closing and not self._lost.done():
            self._lost.set_result(reason)


def _ticks() -> int:
    return time.monotonic_ns() // 1_000_000 & TICKS_MASK
