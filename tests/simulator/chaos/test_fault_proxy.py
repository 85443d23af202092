"""What each fault of the proxy does to bytes, seen from both ends."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from simulator.chaos import fault_proxy
from simulator.chaos.fault_proxy import Fault, FaultProxy

HOST = "127.0.0.1"
TEXT = bytes(range(256)) * 8
SOON_S, NOT_YET_S = 5.0, 0.15

Talk = Callable[[FaultProxy, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_echo(talk: Talk) -> None:
    """A server that says everything back, behind a proxy; `talk` is its client."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, HOST, 0)
        proxy = FaultProxy(server.sockets[0].getsockname()[:2], seed=1)
        await proxy.start(HOST)
        reader, writer = await asyncio.open_connection(*proxy.address)
        await asyncio.wait_for(said_back(reader, writer), SOON_S)
        await asyncio.wait_for(talk(proxy, reader, writer), SOON_S)
        writer.transport.abort()
        await proxy.stop()
        server.close()

    asyncio.run(run())


async def said_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(TEXT)
    assert await reader.readexactly(len(TEXT)) == TEXT


@pytest.mark.parametrize("kind", ["stall", "stall up", "stall down"])
def test_what_was_stalled_comes_once_the_line_is_good(kind: str) -> None:
    async def talk(proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        proxy.begin(Fault(kind, 1.0))
        answer = asyncio.create_task(said_back(reader, writer))
        done, _ = await asyncio.wait([answer], timeout=NOT_YET_S)
        assert not done, "nothing came through"
        proxy.heal()
        await answer

    with_echo(talk)


@pytest.mark.parametrize("kind", ["late", "trickle"])
def test_a_slow_line_changes_no_byte(kind: str) -> None:
    async def talk(proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        proxy.begin(Fault(kind, 1.0))
        writer.write(TEXT[:32])
        assert await reader.readexactly(32) == TEXT[:32]

    with_echo(talk)


def test_a_cut_comes_in_the_middle() -> None:
    async def talk(proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        proxy.begin(Fault("cut", 1.0))
        writer.write(TEXT)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(len(TEXT))
        assert proxy.bytes_passed < 3 * len(TEXT)

    with_echo(talk)


@pytest.mark.parametrize("kind", ["reset", "refuse", "silent"])
def test_a_broken_line_is_noticed_and_can_be_dialled_again_once_good(kind: str) -> None:
    async def talk(proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        proxy.begin(Fault(kind, 1.0))
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        proxy.heal()
        again = await asyncio.open_connection(*proxy.address)
        await said_back(*again)
        again[1].transport.abort()

    with_echo(talk)


def test_no_fault_is_forgotten_here() -> None:
    tried = {"late", "trickle", "stall", "stall up", "stall down", "cut", "reset", "refuse"}
    assert set(fault_proxy.FAULTS) == {*tried, "silent"}
