"""A broker that says and keeps exactly what a test tells it to, and a link to it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.broker.link import BrokerLink, LinkCallbacks
from gateway.broker.session import BrokerAddress, Received
from gateway.core.effects import Publish
from protocols.mqtt import encode_puback, encode_publish
from protocols.mqtt_broker_side import Connect, Pingreq, Subscribe, encode_connack, encode_suback
from protocols.mqtt_decode import Decoder
from protocols.mqtt_packets import PINGRESP_BYTES, Packet
from protocols.mqtt_packets import Publish as PublishPacket


class ScriptedBroker:
    """Takes one connection at a time; `packets` is all that came, of all connections."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.connections = 0
        self.connack_code = 0
        self.granted = b"\x01"
        self.answers_pings = True
        self.acknowledges = True
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)

    def cut(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
            self.writer = None

    def send(self, topic: str, payload: bytes, packet_id: int) -> None:
        assert self.writer is not None
        self.writer.write(encode_publish(topic, payload, 1, False, False, packet_id))

    def of(self, kind: type[Packet]) -> list[Any]:
        return [packet for packet in self.packets if isinstance(packet, kind)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.connections += 1
        decoder = Decoder(1 << 20)
        try:
            while data := await reader.read(4096):
                for packet in decoder.feed(data):
                    self.packets.append(packet)
                    self._answer(packet, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _answer(self, packet: Packet, writer: asyncio.StreamWriter) -> None:
        if isinstance(packet, Connect):
            writer.write(encode_connack(False, self.connack_code))
        elif isinstance(packet, Subscribe) and self.granted:
            writer.write(encode_suback(packet.packet_id, self.granted))
        elif isinstance(packet, Pingreq) and self.answers_pings:
            writer.write(PINGRESP_BYTES)
        elif isinstance(packet, PublishPacket) and packet.qos and self.acknowledges:
            writer.write(encode_puback(packet.packet_id))


class Bench:
    """A scripted broker and a link to it, and all that the link said."""

    def __init__(self, **options: Any) -> None:
        self.broker = ScriptedBroker()
        self.said: list[str] = []
        self.messages: list[Received] = []
        self._options = options
        self.link: BrokerLink
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.broker.start()
        self.link = BrokerLink(
            BrokerAddress("127.0.0.1", self.broker.port),
            client_id="gw",
            topic_filter="hk1/lf/+/up/#",
            will=lambda n: Publish("hk1/lf/gw/state", b"lost %d" % n, 1, True),
            callbacks=LinkCallbacks(self._up, lambda: self.said.append("down"), self._message),
            **{"delay_min_s": 0.05, **self._options},
        )
        self._task = asyncio.create_task(self.link.run())

    def _up(self) -> None:
        self.said.append("up")

    def _message(self, message: Received) -> None:
        self.said.append("message")
        self.messages.append(message)

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        deadline = asyncio.get_running_loop().time() + 8
        while not holds():
            assert asyncio.get_running_loop().time() < deadline, what or "not in time"
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        await self.link.close()
        if self._task is not None:
            await self._task
        await self.broker.stop()


@pytest.fixture
def on_bench() -> Callable[..., None]:
    """Run a scenario on a fresh bench: on_bench(scenario, **options of the link)."""

    def run(scenario: Callable[[Bench], Awaitable[None]], **options: Any) -> None:
        async def whole() -> None:
            bench = Bench(**options)
            await bench.start()
            try:
                await scenario(bench)
            finally:
                await bench.stop()

        asyncio.run(whole())

    return run
