"""An engine with its journal on a memory disk: pulled, restarted and read in any order of steps."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.core.effects import Answer, Effect, Publish
from gateway.engine import Engine
from gateway.hall import Batch
from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.systems.calling import commands as c
from protocols.catalogue import messages_on
from protocols.messages.node import Ack, JobResult, NodeState, Shown
from protocols.messages.pad import PadPressed, PadSignedIn
from protocols.messages.ticket import TicketRequested
from protocols.topics import (
    ACK,
    EVENT,
    JOB,
    RESULT,
    SHOWN,
    STATE,
    WANT,
    Channel,
    gateway_topic,
    node_topic,
    parse,
)
from protocols.wire import PROTOCOL_VERSION, Message, Stamp, decode, encode

HALL_FILE = Path(__file__).parents[3] / "gateway" / "halls" / "langfang.toml"
# 2026-11-23 08:30 in the hall's time zone.
MORNING_MS = 1_795_393_800_000


class Rig:
    """One gateway over all its starts. `now_ms` is steady time and moved by the test alone."""

    def __init__(self, config: HallConfig) -> None:
        self.config = config
        self.disk = MemoryDisk()
        self.now_ms = 50_000
        self.wall_ms = MORNING_MS
        self.tokens = 0
        self.connection = 0
        self.sent: list[Effect] = []  # all that ever left, over all starts
        self.boot()

    # --- the gateway

    def boot(self, *, use_snapshot: bool = True) -> None:
        """A process starts on the disk, exactly as `gateway.recovery` does it."""
        self.journal = MemoryJournal.open(self.disk, hall=self.config.hall.id)
        clock = HallClock.start(
            wall_ms=self.wall_ms, steady_ms=self.now_ms, last_event_ms=self.journal.last_at_ms
        )
        self.engine = Engine(self.config, clock, self.make_token)
        snapshot = self.journal.latest_snapshot() if use_snapshot else None
        if snapshot is not None:
            self.engine.restore(snapshot.state)
            self.engine.seq = snapshot.seq
        for record in self.journal.read(self.engine.seq):
            self.engine.fold(record)
        self.commit(self.engine.start(self.now_ms))

    def crash(self) -> None:
        """The power goes; what was staged or only in memory is gone."""
        self.journal.crash()
        self.connection = 0

    def make_token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:022d}"

    def commit(self, batch: Batch) -> list[Effect]:
        effects = self.engine.committed(batch, self.journal.append(batch.records), self.now_ms)
        self.sent += effects
        return effects

    def round(self, *, later_ms: int = 0) -> list[Effect]:
        """`later_ms` pass, then one whole round."""
        self.now_ms += later_ms
        self.wall_ms += later_ms
        return self.commit(self.engine.prepare(self.now_ms))

    def run(self, span_ms: int) -> list[tuple[int, Effect]]:
        """Rounds whenever the engine says so, for a span; (steady ms, effect) of each."""
        end_ms = self.now_ms + span_ms
        made: list[tuple[int, Effect]] = []
        for _ in range(10_000):
            wake_ms = self.engine.wake_at()
            if wake_ms is None or wake_ms > end_ms:
                self.now_ms = end_ms
                return made
            self.now_ms = max(self.now_ms, wake_ms)
            made += [(self.now_ms, effect) for effect in self.round()]
        raise AssertionError("the engine is due again and again")

    def connect(self) -> list[Effect]:
        self.connection += 1
        self.engine.broker_connected(self.now_ms, self.connection)
        return self.round()

    def ready(self, *nodes: str) -> "Rig":
        """Connected, the day open, these nodes born and quiet."""
        self.connect()
        for node in nodes:
            self.birth(node)
        self.round()
        return self

    # --- the nodes

    def say(
        self,
        node: str,
        channel: Channel,
        message: Message,
        stamp: Stamp | None = None,
        kept: bool = False,
    ) -> bool:
        topic = node_topic(self.config.hall.id, node, channel)
        return self.engine.receive(self.now_ms, topic, encode(message, stamp), kept)

    def life(self, node: str, state: str, boot: int = 1, connection: int = 1) -> None:
        kind = self.config.node_by_id[node].kind
        board = self.config.node_by_id[node].board
        message = NodeState(
            state=state,
            boot=boot,
            connection=connection,
            protocol=PROTOCOL_VERSION,
            firmware="1.0",
            board=board,
            kind=kind,
        )
        self.say(node, STATE, message)

    def birth(self, node: str, boot: int = 1, connection: int = 1) -> None:
        self.life(node, "online", boot, connection)

    def stamp(self, seq: int, boot: int = 1, age_ms: int = 0) -> Stamp:
        """As a node that hears this gateway makes it: no time on the way."""
        heard_ms = self.now_ms - self.engine._hall.started_ms
        return Stamp(boot, seq, age_ms, self.engine.epoch, heard_ms)

    def turn(self, window: str) -> int:
        return self.engine._hall.state.calling.window(window).turn

    def press(
        self, node: str, seq: int, command: str = "next", seen: int | None = None, age_ms: int = 0
    ) -> bool:
        seen = self.turn(self.config.node_by_id[node].window) if seen is None else seen
        message = PadPressed(command=command, argument=0, seen=seen)
        return self.say(node, EVENT, message, self.stamp(seq, age_ms=age_ms))

    def sign_in(self, node: str, seq: int, staff_number: str) -> None:
        seen = self.turn(self.config.node_by_id[node].window)
        message = PadSignedIn(staff_number=staff_number, seen=seen)
        self.say(node, EVENT, message, self.stamp(seq))

    def touch(self, seq: int, service: str = "filing", node: str = "kiosk-1") -> None:
        self.say(node, EVENT, TicketRequested(service=service), self.stamp(seq))

    def shows(
        self,
        node: str,
        rev: int,
        epoch: int | None = None,
        fresh: bool = True,
        kept: bool = False,
    ) -> bool:
        epoch = self.engine.epoch if epoch is None else epoch
        shown = Shown(epoch=epoch, rev=rev, fresh=fresh, outbox_age_ms=0)
        return self.say(node, SHOWN, shown, kept=kept)

    def result(self, node: str, seq: int, job: str, state: str = "done") -> None:
        self.say(node, RESULT, JobResult(id=job, state=state, why=""), self.stamp(seq))

    # --- people

    def ask(self, command: c.Command, key: str = "k", principal: str = "desk") -> Answer:
        """A REST call in a round of its own."""
        number = self.engine.request(key, principal, command)
        return next(a for a in answers(self.round()) if a.number == number)

    def issue(self, service: str = "filing", kiosk: str | None = None) -> str:
        """The id of a new ticket."""
        answer = self.ask(c.IssueTicket(service, kiosk), f"issue-{self.tokens}")
        assert answer.status == "done", answer
        return str(answer.body["ticket"])

    # --- what became durable

    def stored(self, kind: str) -> list[dict[str, Any]]:
        return [record.data for record in self.journal.read() if record.kind == kind]


def published(effects: Iterable[Effect], channel: Channel) -> list[tuple[str, Message]]:
    """(node, message) of what was published on this channel, in order."""
    found = []
    for effect in effects:
        parsed = parse(effect.topic) if isinstance(effect, Publish) else None
        if parsed is not None and parsed[2] is channel:
            assert (effect.qos, effect.retain) == (channel.qos, channel.retain)
            found.append((parsed[1], decode(effect.payload, messages_on(channel))))
    return found


def answers(effects: Iterable[Effect]) -> list[Answer]:
    return [effect for effect in effects if isinstance(effect, Answer)]


class Read:
    """Reads effects; handed to tests as one fixture because nothing imports from tests."""

    published = staticmethod(published)
    answers = staticmethod(answers)

    @staticmethod
    def acks(effects: Iterable[Effect]) -> list[tuple[str, Ack]]:
        return published(effects, ACK)

    @staticmethod
    def wants(effects: Iterable[Effect]) -> dict[str, Message]:
        return dict(published(effects, WANT))

    @staticmethod
    def jobs(effects: Iterable[Effect]) -> list[tuple[str, Message]]:
        return published(effects, JOB)

    @staticmethod
    def beats(effects: Iterable[Effect], hall: str) -> list[Publish]:
        topic = gateway_topic(hall)
        return [e for e in effects if isinstance(e, Publish) and e.topic == topic]


@pytest.fixture(scope="session")
def hall_config() -> HallConfig:
    return HallConfig.model_validate(tomllib.loads(HALL_FILE.read_text(encoding="utf-8")))


@pytest.fixture
def rig(hall_config: HallConfig) -> Rig:
    """Started, not connected yet."""
    return Rig(hall_config)


@pytest.fixture(scope="session")
def make_rig(hall_config: HallConfig) -> Callable[..., Rig]:
    """For tests that need many gateways, or another hall file."""

    def make(config: HallConfig = hall_config) -> Rig:
        return Rig(config)

    return make


@pytest.fixture(scope="session")
def read() -> type[Read]:
    return Read
