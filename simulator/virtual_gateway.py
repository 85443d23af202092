"""The gateway as a process in virtual time: the real engine and client session, a journal that
survives, and a death that can come at any point of a commit.

Rules, those of the real process: all that waits is decided together and appended in one
transaction; nothing is published, answered or acknowledged to the broker before the commit; while
a commit is under way new input waits. A process that dies takes its memory along: engine,
session, batches; only the disk stays. Its steady clock starts anew with each process.
The session does not give up on a late PUBACK, as paho does not; a late SUBACK is the gateway's own
business (SUBSCRIBE_TIMEOUT_MS).
"""

import random
from collections.abc import Callable
from typing import Protocol

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.core.effects import Answer, Publish
from gateway.engine import Engine
from gateway.hall import Batch
from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.journal.records import Record
from gateway.systems.calling.commands import Command
from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_MASK, ticks_diff
from protocols.topics import GATEWAY, up_filter
from simulator.faults import CrashPoint
from simulator.network import Link, Network
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

SUBSCRIBE_TIMEOUT_MS = 5000
RECONNECT_MS = 1000
NEVER_MS = 1 << 28
KEEPALIVE_S = 15
SNAPSHOT_EVERY = 400
COMMIT_MS_MAX = 4
SLOW_COMMIT_PERCENT = 2
SLOW_COMMIT_MS = 60


class GatewayWatcher(Protocol):
    """Learns what became durable and when the process starts and dies."""

    def record_durable(self, record: Record) -> None:
        """In order, each once."""

    def gateway_started(self) -> None:
        """It has read its journal and runs."""

    def gateway_died(self) -> None:
        """It is gone."""


Answered = Callable[[Answer], None]
# Tests plant bugs by handing in another engine.
MakeEngine = Callable[[HallConfig, HallClock, Callable[[], str]], Engine]


class VirtualGateway:
    """One hall's gateway over all its restarts."""

    name = GATEWAY

    def __init__(
        self,
        config: HallConfig,
        timeline: Timeline,
        network: Network,
        trace: Trace,
        rng: random.Random,
        wall_start_ms: int,
        watcher: GatewayWatcher,
        make_engine: MakeEngine = Engine,
    ) -> None:
        self.disk = MemoryDisk()
        self.running = False
        self.restarts = 0
        self._config = config
        self._timeline = timeline
        self._network = network
        self._trace = trace
        self._rng = rng
        self._wall_start_ms = wall_start_ms
        self._watcher = watcher
        self._make_engine = make_engine
        self._process = 0
        self._doom: CrashPoint = "idle"
        self._down_ms = 0
        self._told_seq = 0

    # ---- life of the process ----

    def start(self) -> None:
        """Start the process: recover from the journal, then connect."""
        self._process += 1
        now_ms = self._timeline.now_ms
        # Every process has its own origin of steady time.
        self._origin_ms = now_ms - 1000
        self.journal = MemoryJournal.open(self.disk, hall=self._config.hall.id)
        clock = HallClock.start(
            wall_ms=self._wall_start_ms + now_ms,
            steady_ms=self._steady(),
            last_event_ms=self.journal.last_at_ms,
        )
        self.engine = self._make_engine(self._config, clock, self._make_token)
        self._recover()
        self.session = ClientSession(
            GATEWAY, KEEPALIVE_S, clean=True, manual_ack=True, ack_timeout_ms=NEVER_MS
        )
        self._link: Link | None = None
        self._connections = 0
        self._subscribe_id = 0
        self._to_acknowledge: list[tuple[int, int]] = []
        self._committing = False
        self._step_planned = False
        self._engine_wake_ms: int | None = None
        self._session_wake_ms: int | None = None
        self._answers: dict[int, Answered] = {}
        self._snapshot_seq = self.journal.last_seq
        self._doom = "idle"
        self.running = True
        batch = self.engine.start(self._steady())
        records = self.journal.append(batch.records)
        for record in records:
            self._note(record)
        self.engine.committed(batch, records, self._steady())
        self._watcher.gateway_started()
        self._connect(self._process)

    def _recover(self) -> None:
        snapshot = self.journal.latest_snapshot()
        # Both ways back must lead to the same state, so both are taken.
        if snapshot is not None and self._rng.random() < 0.8:
            assert isinstance(snapshot.state, dict), "a snapshot of the engine is an object"
            self.engine.restore(snapshot.state)
            self.engine.seq = snapshot.seq
        for record in self.journal.read(self.engine.seq):
            self.engine.fold(record)

    def doom(self, point: CrashPoint, down_ms: int) -> None:
        """Let the process die at the next such point, and come back `down_ms` later."""
        if not self.running:
            return
        if self._doom != "idle":
            # The one before has not come to its point yet; it must not be forgotten.
            point = "idle"
        self._doom, self._down_ms = point, down_ms
        if point == "idle":
            self._die(point)

    def _die(self, point: str) -> None:
        self._trace.note(self._timeline.now_ms, GATEWAY, f"dies ({point})")
        self.running = False
        self._process += 1
        self.restarts += 1
        self.journal.crash()
        self._network.vanish(GATEWAY)
        self._watcher.gateway_died()
        self._timeline.after(self._down_ms, self.start)

    # ---- requests that do not come by MQTT ----

    def request(self, key: str, principal: str, command: Command, answered: Answered) -> None:
        """What the REST API does; no answer when there is no gateway, or when it dies first."""
        if self.running:
            number = self.engine.request(key, principal, command)
            self._answers[number] = answered
            self._plan_step()

    # ---- the network's end ----

    def link_opened(self, link: Link) -> None:
        if not self.running:
            self._network.close(link)
            return
        self._link = link
        self._connections += 1
        will = self.engine.will(self._connections)
        self.session.set_will((will.topic, will.payload, will.qos, will.retain))
        self.session.connection_made(self._ticks())
        self._pump()

    def link_refused(self) -> None:
        if self.running:
            self._timeline.after(RECONNECT_MS, self._connect, self._process)

    def link_data(self, link: Link, data: bytes) -> None:
        if self.running and link is self._link:
            self.session.receive(self._ticks(), data)
            self._pump()

    def link_closed(self, link: Link) -> None:
        if self.running and link is self._link:
            self.session.connection_lost(self._ticks())
            self._pump()

    def _connect(self, process: int) -> None:
        if self.running and process == self._process:
            self._network.connect(self)

    def _pump(self) -> None:
        """Carry the session's events to the engine and its bytes to the network."""
        for event in self.session.take_events():
            kind = event[0]
            if kind == "message":
                _, topic, payload, qos, _, _, packet_id = event
                self.engine.receive(self._steady(), topic, payload)
                if qos:
                    self._to_acknowledge.append((self._connections, packet_id))
            elif kind == "connected":
                subscribed = [(up_filter(self._config.hall.id), 1)]
                self._subscribe_id = self.session.subscribe(self._ticks(), subscribed)
                self._timeline.after(
                    SUBSCRIBE_TIMEOUT_MS, self._check_subscribed, self._process, self._connections
                )
            elif kind == "subscribed":
                self._subscribe_id = 0
                self._trace.note(self._timeline.now_ms, GATEWAY, "connected")
                self.engine.broker_connected(self._steady(), self._connections)
                self._plan_step()
            elif kind == "closed":
                self._lose_link(event[1])
                break
        self._flush()
        # Every message that can change anything is to be acknowledged.
        if self._to_acknowledge:
            self._plan_step()

    def _lose_link(self, reason: str) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        self._trace.note(self._timeline.now_ms, GATEWAY, f"disconnected: {reason}")
        data = self.session.take_output()
        if data and link.open:
            self._network.send(link, data)
        self._network.close(link)
        self.session.connection_lost(self._ticks())
        self._to_acknowledge = []
        self.engine.broker_lost()
        self._plan_step()
        self._timeline.after(RECONNECT_MS, self._connect, self._process)

    def _check_subscribed(self, process: int, connection: int) -> None:
        current = process == self._process and connection == self._connections
        if current and self._subscribe_id and self._link is not None:
            self._lose_link("time-out: no SUBACK")

    def _flush(self) -> None:
        if self._link is None:
            return
        data = self.session.take_output()
        if data:
            self._network.send(self._link, data)
        tick = self.session.wake_at()
        if tick is None:
            return
        wake_ms = self._timeline.now_ms + max(0, ticks_diff(tick, self._ticks()))
        if self._session_wake_ms is None or wake_ms < self._session_wake_ms:
            self._session_wake_ms = wake_ms
            self._timeline.at(wake_ms, self._wake_session, self._process, wake_ms)

    def _wake_session(self, process: int, wake_ms: int) -> None:
        if process == self._process and wake_ms == self._session_wake_ms:
            self._session_wake_ms = None
            self.session.wake(self._ticks())
            self._pump()

    # ---- deciding and committing ----

    def _plan_step(self) -> None:
        if not self._step_planned and not self._committing:
            self._step_planned = True
            self._timeline.after(0, self._step, self._process)

    def _step(self, process: int) -> None:
        if process != self._process:
            return
        self._step_planned = False
        if self._committing:
            return
        batch = self.engine.prepare(self._steady())
        to_acknowledge, self._to_acknowledge = self._to_acknowledge, []
        if not batch.records:
            self._release(batch, [], to_acknowledge)
            return
        if self._doom == "decided":
            self._die("decided")
            return
        records = self.journal.stage(batch.records)
        slow = self._rng.random() * 100 < SLOW_COMMIT_PERCENT
        commit_ms = SLOW_COMMIT_MS if slow else self._rng.randint(1, COMMIT_MS_MAX)
        self._committing = True
        if self._doom == "writing":
            self._die("writing")
            return
        self._write(commit_ms, batch, records, to_acknowledge)

    def _write(
        self,
        commit_ms: int,
        batch: Batch,
        records: list[Record],
        to_acknowledge: list[tuple[int, int]],
    ) -> None:
        """The writer thread: nothing is let go before the commit."""
        self._timeline.after(commit_ms, self._commit, self._process, batch, records, to_acknowledge)

    def _commit(
        self,
        process: int,
        batch: Batch,
        records: list[Record],
        to_acknowledge: list[tuple[int, int]],
    ) -> None:
        if process != self._process:
            return
        self.journal.commit()
        self._committing = False
        for record in records:
            self._note(record)
        if self._doom == "committed":
            self._die("committed")
            return
        self._release(batch, records, to_acknowledge)
        if self.journal.last_seq - self._snapshot_seq >= SNAPSHOT_EVERY:
            self._snapshot_seq = self.journal.last_seq
            self.journal.save_snapshot(self._snapshot_seq, self.engine.snapshot())

    def _note(self, record: Record) -> None:
        self._trace.note(
            self._timeline.now_ms,
            "journal",
            f"{record.seq} {record.kind} {_in_short(record)} <- {record.cause}",
        )
        self._watcher.record_durable(record)

    def _release(
        self, batch: Batch, records: list[Record], to_acknowledge: list[tuple[int, int]]
    ) -> None:
        """After the commit: publish, answer, and only then acknowledge to the broker."""
        for effect in self.engine.committed(batch, records, self._steady()):
            if isinstance(effect, Publish):
                self._publish(effect)
            else:
                answered = self._answers.pop(effect.number, None)
                if answered is not None:
                    answered(effect)
        for connection, packet_id in to_acknowledge:
            if self.session.connected and connection == self._connections:
                self.session.acknowledge(self._ticks(), packet_id)
        self._flush()
        if self.engine.has_work or self._to_acknowledge:
            self._plan_step()
        self._plan_wake()

    def _publish(self, effect: Publish) -> None:
        # What cannot be sent now is not queued: the engine says everything again when it is told
        # that the broker is back.
        if self.session.connected:
            self.session.publish(
                self._ticks(), effect.topic, effect.payload, effect.qos, effect.retain
            )

    def _plan_wake(self) -> None:
        steady_ms = self.engine.wake_at()
        if steady_ms is None:
            return
        wake_ms = max(self._timeline.now_ms, self._origin_ms + steady_ms)
        if self._engine_wake_ms is None or wake_ms < self._engine_wake_ms:
            self._engine_wake_ms = wake_ms
            self._timeline.at(wake_ms, self._wake_engine, self._process, wake_ms)

    def _wake_engine(self, process: int, wake_ms: int) -> None:
        if process != self._process or wake_ms != self._engine_wake_ms:
            return
        self._engine_wake_ms = None
        steady_ms = self.engine.wake_at()
        if steady_ms is not None and self._origin_ms + steady_ms <= self._timeline.now_ms:
            self._plan_step()
        else:
            self._plan_wake()

    # ---- clocks ----

    def _steady(self) -> int:
        return self._timeline.now_ms - self._origin_ms

    def _ticks(self) -> int:
        return self._steady() & TICKS_MASK

    def _make_token(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"


def _in_short(record: Record) -> str:
    """The data of a record as one line for the trace."""
    return " ".join(f"{name}={value}" for name, value in sorted(record.data.items()))
