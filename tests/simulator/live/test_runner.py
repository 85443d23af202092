"""A node over a real socket: it dials, loses its cable in silence, and finds its way back."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.config import HallConfig
from gateway.config import Node as NodeConfig
from simulator.broker_server import BrokerServer
from simulator.live.runner import NodeRunner
from simulator.live.store import NodeStore
from simulator.live.window_benches import PadBench

HOST = "127.0.0.1"
Until = Callable[..., Awaitable[None]]


def make_runner(config: HallConfig, folder: Path, port: int) -> NodeRunner:
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
    )


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
        await until(lambda: runner.online, 8)
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
