"""An MQTT client that may only read, and hears everything of one hall; dials again for ever."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from protocols.mqtt_session import ClientSession
from protocols.ticks import ticks_diff
from protocols.topics import ROOT
from simulator.live.clock import steady_ms, ticks

HOST = "127.0.0.1"
DIAL_AGAIN_S = 0.1
KEEPALIVE_S = 5


class Monitor(asyncio.Protocol):
    """`on_message(topic, payload)`; a broker's memory of retained messages counts as said."""

    def __init__(
        self,
        port: int,
        hall: str,
        identity: str,
        password: str,
        on_message: Callable[[str, bytes], None],
    ) -> None:
        self.subscribed = asyncio.Event()
        self._port, self._filter = port, f"{ROOT}/{hall}/#"
        self._session = ClientSession(identity, KEEPALIVE_S, identity, password.encode())
        self._on_message = on_message
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"monitor {identity}")

    async def stop(self) -> None:
        """Hang up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._transport is not None:
            self._transport.abort()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                self._lost.clear()
                await loop.create_connection(lambda: self, HOST, self._port)
                while not self._lost.is_set():
                    await self._wait()
                    self._session.wake(ticks(steady_ms()))
                    self._settle()
            await asyncio.sleep(DIAL_AGAIN_S)

    async def _wait(self) -> None:
        wake_at = self._session.wake_at()
        late_ms = 1000 if wake_at is None else max(1, ticks_diff(wake_at, ticks(steady_ms())))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), late_ms / 1000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._session.connection_made(ticks(steady_ms()))
        self._settle()

    def data_received(self, data: bytes) -> None:
        """Bytes of the broker."""
        self._session.receive(ticks(steady_ms()), data)
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The broker died, or hung up."""
        self._session.connection_lost(ticks(steady_ms()))
        self._session.take_events()
        self.subscribed.clear()
        self._lost.set()

    def _settle(self) -> None:
        closed = False
        for event in self._session.take_events():
            if event[0] == "message":
                self._on_message(event[1], event[2])
            elif event[0] == "connected":
                self._session.subscribe(ticks(steady_ms()), [(self._filter, 1)])
            elif event[0] == "subscribed":
                self.subscribed.set()
            elif event[0] == "closed":
                closed = True
        if self._transport is not None:
            self._transport.write(self._session.take_output())
            if closed:
                self._transport.close()
