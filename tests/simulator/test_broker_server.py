"""The embedded broker on real loopback sockets."""

import asyncio
import socket
import subprocess
import sys

import pytest

from protocols.mqtt import encode_connect, encode_publish, encode_subscribe
from protocols.mqtt_broker_side import encode_connack
from protocols.mqtt_packets import PINGREQ_BYTES, PINGRESP_BYTES
from simulator.broker import BrokerCore
from simulator.broker_server import BrokerServer

DEADLINE_S = 20.0


async def connected(port: int, client_id: str, **options):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_connect(client_id, 0, **options))
    assert await asyncio.wait_for(reader.readexactly(4), DEADLINE_S) == encode_connack(False, 0)
    return reader, writer


async def until(condition) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the condition did not come true within 5 s")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_an_address_that_is_not_loopback_is_refused(host):
    with pytest.raises(ValueError, match="loopback only"):
        asyncio.run(BrokerServer().start(host, 0))


def test_accepted_sockets_send_at_once():
    async def scenario() -> None:
        server = BrokerServer()
        _, writer = await connected(await server.start(), "a")
        (link,) = server._links.values()
        accepted = link.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
        await server.stop()

    asyncio.run(scenario())


def test_a_client_that_does_not_read_is_cut_off_and_its_will_published():
    async def scenario() -> None:
        server = BrokerServer(max_unsent_bytes=100_000)
        port = await server.start()
        _, slow = await connected(port, "slow", will=("w", b"gone", 0, False))
        slow.transport.pause_reading()
        slow.write(encode_subscribe(1, [("flood", 0)]))
        reader, other = await connected(port, "other")
        other.write(encode_subscribe(1, [("w", 0)]))
        await asyncio.wait_for(reader.readexactly(5), DEADLINE_S)
        while not server.cut_off_connections:
            other.write(encode_publish("flood", bytes(60_000)))
            await other.drain()
        will = encode_publish("w", b"gone")
        assert await asyncio.wait_for(reader.readexactly(len(will)), DEADLINE_S) == will
        slow.close()
        other.close()
        await server.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_after_stop_the_retained_are_there_and_after_kill_they_are_not(end):
    async def scenario() -> None:
        server = BrokerServer()
        port = await server.start()
        reader, writer = await connected(port, "a")
        writer.write(encode_publish("t", b"kept", 1, True, False, 5))
        await asyncio.wait_for(reader.readexactly(4), DEADLINE_S)
        await (server.stop() if end == "stop" else server.kill())
        if end == "stop":
            assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
        else:
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), DEADLINE_S)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert await server.start("127.0.0.1", port) == port
        reader, writer = await connected(port, "b")
        writer.write(encode_subscribe(1, [("t", 0)]) + PINGREQ_BYTES)
        kept = encode_publish("t", b"kept", 0, True) if end == "stop" else b""
        expected = b"\x90\x03\x00\x01\x00" + kept + PINGRESP_BYTES
        assert await asyncio.wait_for(reader.readexactly(len(expected)), DEADLINE_S) == expected
        writer.close()
        await server.stop()

    asyncio.run(scenario())


def test_a_started_broker_is_not_started_twice():
    async def scenario() -> None:
        server = BrokerServer()
        await server.start()
        with pytest.raises(RuntimeError, match="stop it first"):
            await server.start()
        await server.stop()

    asyncio.run(scenario())


def test_keepalive_runs_on_the_real_clock():
    async def scenario() -> None:
        server = BrokerServer(BrokerCore())
        port = await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_connect("a", 1))
        begun = asyncio.get_running_loop().time()
        assert await asyncio.wait_for(reader.read(), DEADLINE_S) == encode_connack(False, 0)
        assert 1.4 <= asyncio.get_running_loop().time() - begun <= 3
        await until(lambda: server.core.connection_count == 0)
        writer.close()
        await server.stop()

    asyncio.run(scenario())


def test_the_command_says_its_port_serves_and_ends_on_a_signal():
    command = [sys.executable, "-m", "simulator.broker_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.split("port ")[1].split(";")[0])
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(encode_connect("a", 0))
            assert connection.recv(4) == encode_connack(False, 0)
            process.terminate()
            assert connection.recv(4) == b""
        assert process.wait(5) == 0


def test_the_command_refuses_a_foreign_address_in_one_line():
    command = [sys.executable, "-m", "simulator.broker_server", "--host", "0.0.0.0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 2
    assert "loopback only" in ended.stderr
    assert "Traceback" not in ended.stderr
