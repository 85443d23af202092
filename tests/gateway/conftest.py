"""A whole gateway over real sockets: embedded broker, engine, journal on disk, HTTP; and a pad."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from gateway.broker.session import BrokerAddress
from gateway.config import HallConfig
from gateway.hallfile import load_hall_file
from gateway.process import Process, Settings
from gateway.web.app import make_app
from gateway.web.server import HttpServer, bind
from gateway.web.tokens import TokenStore
from protocols.catalogue import messages_on
from protocols.messages.node import Ack, GatewayState, NodeState
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.mqtt_session import ClientSession
from protocols.outbox import Outbox
from protocols.topics import (
    ACK,
    BLOCK,
    EVENT,
    JOB,
    STATE,
    WANT,
    Channel,
    down_filter,
    gateway_topic,
    node_topic,
)
from protocols.wire import PROTOCOL_VERSION, Message, Stamp, decode, encode
from simulator.broker_server import BrokerServer

LANGFANG = Path(__file__).parents[2] / "gateway" / "halls" / "langfang.toml"
DEADLINE_S = 20.0


async def until(holds: Callable[[], object], what: str = "") -> None:
    """Wait until it holds, with a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what or "not in time"
        await asyncio.sleep(0.002)


class Pad:
    """The pad of a window as far as the wire shows it; it can lose acknowledgements."""

    def __init__(self, hall: str, window: str, port: int, boot: int = 1) -> None:
        self.name = f"{window}-pad"
        self.turn = -1
        self.gateway_said = ""  # online, bye, lost
        self.number = ""
        self.acks: list[Ack] = []
        self.jobs: list[Message] = []
        self.blocks: list[Message] = []
        self.acks_to_lose: dict[int, int] = {}
        self.boot = boot
        self._hall, self._port = hall, port
        self._epoch = self._gateway_ms = self._heard_at_ms = 0
        self._outbox = Outbox(boot)
        self._session = ClientSession(self.name, 30)
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._session.connection_made(_now_ms())
        self._flush()
        self._task = asyncio.create_task(self._read(reader))
        await until(lambda: self._session.connected, "the pad did not connect")
        filters = [(down_filter(self._hall, self.name), 1), (gateway_topic(self._hall), 0)]
        self._session.subscribe(_now_ms(), filters)
        self._flush()
        await until(lambda: self._session.in_flight == 0)
        state = NodeState(
            state="online",
            boot=self.boot,
            connection=1,
            protocol=PROTOCOL_VERSION,
            firmware="test",
            board="esp32-pad",
            kind="pad",
        )
        self._publish(STATE, encode(state), retain=True)
        await until(lambda: self.turn >= 0, "the pad was not told what to show")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def press(self, command: str, argument: int = 0, lose_acks: int = 0) -> Ack:
        """Press once; the last acknowledgement, after losing the first few."""
        message = PadPressed(command=command, argument=argument, seen=self.turn)
        return await self.report(message, lose_acks)

    async def sign_in(self, staff_number: str) -> Ack:
        return await self.report(PadSignedIn(staff_number=staff_number, seen=self.turn), 0)

    async def report(self, message: Message, lose_acks: int = 0) -> Ack:
        seq = self._outbox.add(_now_ms(), message)
        self.acks_to_lose[seq] = lose_acks
        self.send_due()
        await until(lambda: not self._outbox.entries, f"report {seq} was never settled")
        return self.acks[-1]

    def say(self, channel: Channel, message: Message) -> None:
        """Tell what is no report."""
        self._publish(channel, encode(message))

    def send_again(self) -> None:
        """As if a second had passed without an acknowledgement."""
        self._outbox.send_all_again(_now_ms())
        self.send_due()

    def send_due(self) -> None:
        for entry in self._outbox.due(_now_ms()):
            heard_ms = self._gateway_ms + _now_ms() - self._heard_at_ms if self._epoch else 0
            stamp = Stamp(entry.boot, entry.seq, entry.age_ms, self._epoch, heard_ms)
            self._publish(EVENT, encode(entry.message, stamp))

    def _publish(self, channel: Any, payload: bytes, retain: bool = False) -> None:
        topic = node_topic(self._hall, self.name, channel)
        self._session.publish(_now_ms(), topic, payload, channel.qos, retain)
        self._flush()

    def _flush(self) -> None:
        assert self._writer is not None
        self._writer.write(self._session.take_output())

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(4096):
            self._session.receive(_now_ms(), data)
            self._flush()
            for event in self._session.take_events():
                if event[0] == "message":
                    self._take(event[1], event[2], retained=event[4])

    def _take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        # A retained beat is as old as can be; dated by it a press is too old rather than too young.
        if topic == gateway_topic(self._hall) and not (retained and self._epoch):
            beat: Any = decode(payload, (GatewayState,))
            is_new = beat.epoch != self._epoch
            self._epoch, self._gateway_ms = beat.epoch, beat.at_ms
            self.gateway_said = beat.state
            self._heard_at_ms = _now_ms()
            if is_new:
                self.send_again()  # what was dated by another gateway was left
        elif topic == node_topic(self._hall, self.name, WANT):
            want: Any = decode(payload, (PadWant,))
            self.turn, self.number = want.turn, want.number
        elif topic == node_topic(self._hall, self.name, JOB):
            self.jobs.append(decode(payload, messages_on(JOB)))
        elif topic == node_topic(self._hall, self.name, BLOCK):
            self.blocks.append(decode(payload, messages_on(BLOCK)))
        elif topic == node_topic(self._hall, self.name, ACK):
            ack: Any = decode(payload, (Ack,))
            if self.acks_to_lose.get(ack.seq, 0) > 0:
                self.acks_to_lose[ack.seq] -= 1
                self.send_again()
            else:
                self.acks.append(ack)
                self._outbox.settle(ack.boot, ack.seq, ack.cumulative)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class RunningHall:
    """A gateway in this process, with its broker; `client(role)` speaks to it over a socket."""

    def __init__(self, config: HallConfig, data: Path, demo: bool, has_broker: bool) -> None:
        self.config, self.data = config, data
        self.broker = BrokerServer()
        self.process: Process
        self.server: HttpServer
        self.exits: list[int] = []
        self._demo, self._has_broker = demo, has_broker
        self._clients: list[httpx.AsyncClient] = []
        self._pads: list[Pad] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.port = 0

    async def start(self) -> None:
        self.port = await self.broker.start()
        if not self._has_broker:
            await self.broker.stop()
        address = BrokerAddress("127.0.0.1", self.port)
        settings = Settings(self.config, self.data, address, demo=self._demo)
        self.process = await Process.open(settings)
        self.process.exit_now = self.exits.append
        self.server = HttpServer(make_app(self.process), bind("127.0.0.1", 0))
        self._tasks = [
            asyncio.create_task(self.process.run()),
            asyncio.create_task(self.server.run()),
        ]
        if self._has_broker:
            await until(lambda: self.process.link.connected, "the gateway did not connect")

    async def stop(self) -> None:
        for client in self._clients:
            await client.aclose()
        for pad in self._pads:
            await pad.stop()
        self.server.stop()
        await self._tasks[1]
        self.process.stop()
        await asyncio.gather(self._tasks[0], return_exceptions=bool(self.exits))
        if self._has_broker:
            await self.broker.stop()

    def client(self, role: str | None = None, **headers: str) -> httpx.AsyncClient:
        if role is not None:
            text = TokenStore(self.data).first_texts()[f"{role}-1"]
            headers["Authorization"] = f"Bearer {text}"
        client = httpx.AsyncClient(
            base_url=self.server.address,
            headers=headers,
            timeout=DEADLINE_S,
            trust_env=False,
            verify=False,  # no TLS here, and loading certificates takes longer than a test
        )
        self._clients.append(client)
        return client

    async def pad(self, window: str, boot: int = 1) -> Pad:
        pad = Pad(self.config.hall.id, window, self.port, boot)
        await pad.start()
        self._pads.append(pad)
        await until(lambda: self.process.engine.can_reach(pad.name), "nobody saw the pad come")
        return pad

    def windows(self) -> dict[str, Any]:
        view: Any = self.process.hall_view()
        return {window["id"]: window for window in view["windows"]}

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        await until(holds, what)


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Tracebacks without the values of all variables, which take seconds to print."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )


@pytest.fixture(scope="session")
def langfang() -> HallConfig:
    """The hall as it runs out of the box."""
    return load_hall_file(LANGFANG)


@pytest.fixture
def on_hall(tmp_path: Path, langfang: HallConfig) -> Callable[..., None]:
    """Run scenarios on a gateway over real sockets, each on a gateway started anew."""

    def run(
        *scenarios: Callable[[Any], Awaitable[None]], demo: bool = False, has_broker: bool = True
    ) -> None:
        async def whole(scenarios: Sequence[Callable[[Any], Awaitable[None]]]) -> None:
            for scenario in scenarios:
                hall = RunningHall(langfang, tmp_path / "data", demo, has_broker)
                await hall.start()
                try:
                    await scenario(hall)
                finally:
                    await hall.stop()

        asyncio.run(whole(scenarios))

    return run


@pytest.fixture
def make_pad(langfang: HallConfig) -> Callable[[str, int], Pad]:
    """A pad of a window on the broker at a port, not started yet."""
    return lambda window, port: Pad(langfang.hall.id, window, port)


@pytest.fixture
def hall_file() -> Path:
    """The path of the hall file that comes with the gateway."""
    return LANGFANG
