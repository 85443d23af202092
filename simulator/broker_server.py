"""The broker core on a real TCP port of this machine: the default broker of demo, development, CI.

Loopback only, no TLS; a hall in service uses Mosquitto. TCP_NODELAY on every connection (Nagle
costs up to 40 ms). A client that does not read is cut off, and its will published, once more than
`max_unsent_bytes` wait for it. `stop()` keeps what the core knows for the next `start()`; `kill()`
is a crash: sockets are reset, nothing is sent, everything is forgotten.

Run it: python -m simulator.broker_server --port 1883
"""

import argparse
import asyncio
import ipaddress
import signal
import socket
import struct
import sys

from simulator.broker import BrokerCore

STOP_S = 1.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Link(asyncio.Protocol):
    """One accepted socket."""

    def __init__(self, server: "BrokerServer", name: int) -> None:
        self._server = server
        self._name = name
        self.transport: asyncio.Transport | None = None
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.link_made(self._name, self)

    def data_received(self, data: bytes) -> None:
        self._server.link_received(self._name, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # any loss is one
        self.gone.set()
        self._server.link_lost(self._name)


class BrokerServer:
    """A `BrokerCore` served over asyncio. All methods belong to one event loop."""

    def __init__(self, core: BrokerCore | None = None, *, max_unsent_bytes: int = 4 << 20) -> None:
        self.core = core or BrokerCore()
        self.cut_off_connections = 0
        self._max_unsent_bytes = max_unsent_bytes
        self._links: dict[int, _Link] = {}
        self._link_count = 0
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen and return the port; 0 asks the system for a free one.

        Raises ValueError for an address that is not loopback, OSError when the port is taken.
        """
        address = "127.0.0.1" if host == "localhost" else host
        try:
            loopback = ipaddress.ip_address(address).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError(
                f"host {host!r}: the embedded broker listens on loopback only; "
                "use 127.0.0.1 or ::1, and Mosquitto for a network"
            )
        if self._listener is not None:
            raise RuntimeError("start: the broker is running; stop it first")
        self._listener = await asyncio.get_running_loop().create_server(
            self._new_link, address, port
        )
        listening: int = self._listener.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Close all connections after sending what waits for them, for a second at most."""
        listener = self._close_listener()
        links = self._links
        self._links = {}
        for name, link in links.items():
            self.core.connection_lost(name, self._now_ms())
            if link.transport is not None:
                link.transport.close()
        self.core.take_output()
        await self._wait_gone(links, STOP_S)
        if listener is not None:
            await listener.wait_closed()

    async def kill(self) -> None:
        """Crash: every socket is reset at once and the core forgets everything."""
        listener = self._close_listener()
        links = self._links
        self._links = {}
        for link in links.values():
            if link.transport is not None:
                connection = link.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                link.transport.abort()
        self.core.forget()
        self.core.take_output()
        await self._wait_gone(links, STOP_S)
        if listener is not None:
            await listener.wait_closed()

    @staticmethod
    async def _wait_gone(links: dict[int, _Link], limit_s: float) -> None:
        waits = [asyncio.ensure_future(link.gone.wait()) for link in links.values()]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=limit_s)
        for wait in late:
            wait.cancel()
        for link in links.values():
            if link.transport is not None and not link.gone.is_set():
                link.transport.abort()

    def _close_listener(self) -> asyncio.Server | None:
        listener = self._listener
        self._listener = None
        if listener is not None:
            listener.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return listener

    def _new_link(self) -> _Link:
        self._link_count += 1
        return _Link(self, self._link_count)

    @staticmethod
    def _now_ms() -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    # ---- called by the links ----

    def link_made(self, name: int, link: _Link) -> None:
        """A socket was accepted."""
        assert link.transport is not None
        if self._listener is None:
            link.transport.abort()
            return
        self._links[name] = link
        self.core.connection_made(name, self._now_ms())
        self._flush()

    def link_received(self, name: int, data: bytes) -> None:
        """Bytes came in; ignored for a socket that is being closed."""
        if name in self._links:
            self.core.receive(name, self._now_ms(), data)
            self._flush()

    def link_lost(self, name: int) -> None:
        """The socket is gone."""
        if self._links.pop(name, None) is not None:
            self.core.connection_lost(name, self._now_ms())
            self._flush()

    def _flush(self) -> None:
        while output := self.core.take_output():
            unsent: dict[int | str, list[bytes]] = {}
            for item in output:
                if len(item) == 2:
                    unsent.setdefault(item[0], []).append(item[1])
                else:
                    self._write(item[0], unsent.pop(item[0], []))
                    self._close(item[0])
            for name, pieces in unsent.items():
                self._write(name, pieces)
        self._plan_wake()

    def _write(self, name: int | str, pieces: list[bytes]) -> None:
        link = self._links.get(name) if isinstance(name, int) else None
        if link is None or link.transport is None or not pieces:
            return
        link.transport.write(b"".join(pieces))
        if link.transport.get_write_buffer_size() > self._max_unsent_bytes:
            self.cut_off_connections += 1
            link.transport.abort()

    def _close(self, name: int | str) -> None:
        link = self._links.pop(name, None) if isinstance(name, int) else None
        if link is not None and link.transport is not None:
            link.transport.close()

    def _plan_wake(self) -> None:
        wake_at = self.core.wake_at()
        if wake_at is None:
            return
        due = wake_at / 1000 + 0.001
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.core.wake(self._now_ms())
        self._flush()


async def _serve(host: str, port: int) -> None:
    server = BrokerServer()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    listening = await server.start(host, port)
    sys.stdout.write(f"MQTT broker on {host} port {listening}; Ctrl-C stops it.\n")
    sys.stdout.flush()
    await stopped.wait()
    await server.stop()


def main() -> int:
    """The command line; 2 when the address or the port can not be had."""
    parser = argparse.ArgumentParser(description="MQTT 3.1.1 broker for demo and development")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=1883, help="0 takes a free one")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.host, arguments.port))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"broker_server: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
