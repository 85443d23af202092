"""A node over a real socket: it dials, loses its cable in silence, and finds its way back."""

import asyncio
import contextlib
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config import HallConfig
from gateway.config import Node as NodeConfig
from protocols.messages.node import GatewayState
from protocols.messages.service import NodeHealth
from protocols.mqtt_session import ClientSession
from protocols.topics import gateway_topic
from protocols.wire import Message, encode
from simulator.broker_server import BrokerServer
from simulator.devices.radio import Radio
from simulator.live.runner import NodeRunner
from simulator.live.store import NodeStore
from simulator.live.window_benches import PadBench

HOST = "127.0.0.1"
Until = Callable[..., Awaitable[None]]


def make_runner(
    config: HallConfig, folder: Path, port: int, radio: Radio | None = None
) -> NodeRunner:
    node = next(one for one in config.nodes if one.kind == "pad")
    assert isinstance(node, NodeConfig)
    store = NodeStore(folder, node.id)
    return NodeRunner(
        config.hall.id,
        node,
        PadBench(random.Random(1)),
        store,
        "secret",
        lambda: (HOST, port),
        lambda: None,
        radio,
    )


def keep_beating(hall: str, port: int) -> asyncio.Task[None]:
    """A gateway as far as a node's lease goes."""

    async def beat() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        session = ClientSession("gw", 30)
        session.connection_made(0)
        at_ms = 0
        try:
            while True:
                at_ms += 100
                if session.connected:
                    state = GatewayState(
                        state="online", epoch=9, connection=1, at_ms=at_ms, protocol="1.0"
                    )
                    session.publish(0, gateway_topic(hall), encode(state), 0, False)
                writer.write(session.take_output())
                with contextlib.suppress(TimeoutError):
                    session.receive(0, await asyncio.wait_for(reader.read(4096), 0.05))
                session.take_events()
        finally:
            writer.close()

    return asyncio.create_task(beat())


def test_node_tells_how_it_is_and_why_it_was_away(
    config: HallConfig, tmp_path: Path, until: Until
) -> None:
    async def story() -> None:
        server = BrokerServer()
        port = await server.start(HOST, 0)
        runner = make_runner(config, tmp_path, port, Radio(5, random.Random(1)))
        told: list[Any] = []
        tell = runner.node.tell
        beat = keep_beating(config.hall.id, port)

        def listen(now_ms: int, message: Message) -> None:
            told.append(message)
            tell(now_ms, message)

        runner.node.tell = listen  # type: ignore[assignment, method-assign]  # listens in
        runner.start()
        await until(lambda: len(told) == 2)
        assert told[0].text == "start 1: power on"
        assert isinstance(told[1], NodeHealth)
        assert -90 < told[1].signal_dbm < -40
        runner.pull_cable()
        runner.plug_cable()
        await until(lambda: len(told) == 4)
        assert re.match("back after [0-9] s without connection: connection lost", told[2].text)
        beat.cancel()
        await runner.stop()
        await server.stop()

    asyncio.run(story())


def test_node_dials_again_after_its_broker_was_killed(
    config: HallConfig, tmp_path: Path, until: Until
) -> None:
    async def story() -> None:
        server = BrokerServer()
        port = await server.start(HOST, 0)
        runner = make_runner(config, tmp_path, port)
        runner.start()
        await until(lambda: runner.online)
        assert runner.node.boot == 1
        await server.kill()
        await until(lambda: not runner.online)
        await server.start(HOST, port)
        await until(lambda: runner.online)
        assert runner.node.connection >= 2
        await runner.stop()
        await server.stop()

    asyncio.run(story())


@pytest.mark.slow
def test_pulled_cable_is_silent_until_the_node_finds_out(
    config: HallConfig, tmp_path: Path, until: Until
) -> None:
    async def story() -> None:
        server = BrokerServer()
        port = await server.start(HOST, 0)
        runner = make_runner(config, tmp_path, port)
        runner.start()
        await until(lambda: runner.online)
        runner.pull_cable()
        assert not runner.online
        assert runner.node.link_up, "nobody has told the node"
        await until(lambda: not runner.node.link_up, 20)
        runner.plug_cable()
        await until(lambda: runner.online, 12)
        await runner.stop()
        await server.stop()

    asyncio.run(story())


def test_cable_back_at_once_still_means_a_new_connection(
    config: HallConfig, tmp_path: Path, until: Until
) -> None:
    async def story() -> None:
        server = BrokerServer()
        port = await server.start(HOST, 0)
        runner = make_runner(config, tmp_path, port)
        runner.start()
        await until(lambda: runner.online)
        runner.pull_cable()
        runner.plug_cable()
        await until(lambda: runner.online and runner.node.connection == 2)
        await runner.stop()
        await server.stop()

    asyncio.run(story())
