"""The gateway as a process in virtual time: `gateway.process` itself, on a machine of ours.

Rules: a process that dies takes its memory along: loop, engine, connection; only the disk stays.
It can be killed after any callback of its loop, after any packet it sends, and in any call of its
journal, recovery included. Whoever ends is started again, as the service manager does.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gateway.broker.session import BrokerAddress, Sink
from gateway.config import HallConfig
from gateway.core.effects import Answer, Publish
from gateway.core.events import GatewayStarted
from gateway.core.json import JsonObject
from gateway.engine import Engine
from gateway.journal.chain import to_records
from gateway.journal.errors import JournalError
from gateway.journal.interface import EventJournal
from gateway.journal.memory import MemoryJournal
from gateway.journal.records import Record
from gateway.journal.upcasts import UPCASTS
from gateway.machine import STATE_VERSION, Machine
from gateway.process import Process, ProcessStoppingError, Settings
from gateway.systems.calling.commands import Command
from protocols.topics import GATEWAY
from simulator.broken import PromiseBroken
from simulator.faults import CrashStep
from simulator.network import Network
from simulator.virtual_journal import VirtualDisk, VirtualJournal, VirtualRoom
from simulator.virtual_loop import Killed, VirtualLoop, make_loop
from simulator.virtual_session import VirtualSession
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

SNAPSHOT_EVERY = 400
COMMIT_MS_MAX = 4
SLOW_COMMIT_PERCENT = 2
SLOW_COMMIT_MS = 60
START_MS_MAX = 40
# What the service manager waits before it starts again what ended by itself.
RESTART_MS = 2000
# Of the starts, so many are proven by a full replay.
PROVEN_SHARE = 0.15


class GatewayWatcher(Protocol):
    """Learns what became durable and when the process starts and dies."""

    def record_durable(self, record: Record) -> None:
        """In order, each once."""

    def gateway_started(self) -> None:
        """It has read its journal and runs."""

    def gateway_died(self, how: str, down_ms: int) -> None:
        """It is gone: "killed", "stopped", "failed" (by a journal), "refused" to start."""

    def gateway_refused(self, why: str) -> None:
        """It did not start, and said why."""

    def write_failed(self) -> None:
        """The disk refused a write."""

    def gateway_doubled(self) -> None:
        """A second process has opened the journal of the one that runs."""


Answered = Callable[[Answer], None]


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
    ) -> None:
        self.disk = VirtualDisk()
        self.restarts = 0
        self.wall_jump_ms = 0
        self._config = config
        self._timeline = timeline
        self._network = network
        self._trace = trace
        self._rng = rng
        self._wall_start_ms = wall_start_ms
        self._watcher = watcher
        self._state_version = STATE_VERSION
        self._sent_last = False
        self._machine_starts = True
        self._switch_machine_on()
        self._settings = Settings(
            config,
            Path(),
            BrokerAddress("broker", 1883, GATEWAY, GATEWAY),
            snapshot_every=SNAPSHOT_EVERY,
        )
        self._loop: VirtualLoop | None = None
        self._process: Process | None = None
        self._main: asyncio.Task[None] | None = None
        self._doom: tuple[CrashStep, int] | None = None
        self._how = "killed"
        self._down_ms = RESTART_MS

    # ---- life of the process ----

    @property
    def running(self) -> bool:
        """It has started, has read its journal and lives."""
        return self._process is not None

    @property
    def engine(self) -> Engine:
        """Of the process that runs."""
        assert self._process is not None, "ask `running` first"
        return self._process.engine

    def start(self) -> None:
        """Start the process: recover from the journal, then connect."""
        loop = self._loop = make_loop(self._timeline, self._call_ms, self._fail)
        loop.on_kill = self._gone
        self._how, self._down_ms, self._sent_last = "killed", RESTART_MS, False
        if self._machine_starts:
            # It has no say on P8 what a clock says that was wrong before the first start on this
            # computer could note the time.
            self.wall_jump_ms = 0
        machine = Machine(
            steady_ms=self._steady_ms,
            wall_ms=self._wall_ms,
            wall_is_right=lambda: self.wall_jump_ms == 0,
            boot=lambda: f"boot {self._boot_ms}",
            make_token=self._make_token,
            uniform=self._rng.uniform,
            open_journal=self._open_journal,
            make_session=self._make_session,
            exit_now=self._exit_now,
            room=VirtualRoom,
        )
        self._main = loop.create_task(self._run(machine))
        self._main.add_done_callback(self._ended)

    async def _run(self, machine: Machine) -> None:
        process = await Process.open(self._settings, machine)
        self._process = process
        if self._rng.random() < PROVEN_SHARE:
            self._prove_state(process.engine)
        self._trace.note(self._timeline.now_ms, GATEWAY, f"runs, epoch {process.engine.epoch}")
        self._watcher.gateway_started()
        await process.run()

    def _prove_state(self, engine: Engine) -> None:
        """P12: by whichever way it came back, the state is that of all records, to the byte."""
        replayed = Engine(self._config, engine.clock, self._make_token)
        for record in to_records(self.disk.rows, UPCASTS):
            replayed.fold(record)
        if replayed.snapshot() != engine.snapshot():
            raise PromiseBroken("P12", "the state after a start is not that of all records")

    def nodes_view(self) -> list[JsonObject]:
        """The technician's page; nothing while there is no gateway."""
        return [] if self._process is None else self._process.nodes_view()

    def windows_view(self) -> list[JsonObject]:
        """The windows on the page of the hall; nothing while there is no gateway."""
        windows = [] if self._process is None else self._process.hall_view()["windows"]
        assert isinstance(windows, list), "see calling.views"
        return [row for row in windows if isinstance(row, dict)]

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The process has ended by itself: a clean stop, or a start that was refused."""
        assert self._loop is not None
        error = task.exception()
        self._how = "stopped"
        if isinstance(error, JournalError):
            self._how = "refused"
            self._trace.note(self._timeline.now_ms, GATEWAY, f"does not start: {error}")
            self._watcher.gateway_refused(str(error))
        elif error is not None:
            self._fail(error)
        self._loop.kill_after(0)

    def _exit_now(self, code: int) -> None:
        """The process ends itself, at once."""
        assert self._loop is not None
        self._trace.note(self._timeline.now_ms, GATEWAY, f"exits with code {code}")
        self._how = "failed"
        self._loop.kill_after(0)

    def _gone(self) -> None:
        main, self._main = self._main, None
        self._process = None
        self._loop = None
        self.restarts += 1
        user = self.disk.user
        if user is not None:
            user.crash()
        self._network.vanish(GATEWAY)
        if main is not None and main.done() and not main.cancelled():
            error = main.exception()
            if error is not None and not isinstance(error, JournalError):
                self._fail(error)
        self._trace.note(self._timeline.now_ms, GATEWAY, f"is gone ({self._how})")
        self._watcher.gateway_died(self._how, self._down_ms)
        self._timeline.after(self._down_ms, self.start)

    def _fail(self, error: BaseException) -> None:
        """What no crash excuses: a bug. It ends the run."""
        self._timeline.after(0, _raise, error)

    # ---- how it dies ----

    def doom(self, step: CrashStep, count: int, down_ms: int) -> None:
        """Kill it at the count-th such step from now; back `down_ms` later. See `CrashStep`."""
        loop = self._loop
        if loop is None or not loop.alive:
            return
        if self._doom is not None:
            # The one before has not come to its step yet; it must not be forgotten.
            step = "now"
        self._down_ms = down_ms
        self._doom = (step, count)
        if step == "callback":
            self._doom = None
            loop.kill_after(count)
        elif step in ("now", "recovery"):
            self._doom = ("journal", count) if step == "recovery" else None
            loop.kill()

    def forget_doom(self) -> None:
        """It does not come to the step at which it was to die."""
        self._doom = None

    def stop(self, down_ms: int) -> None:
        """End it in order, as the service manager does before an upgrade."""
        if self._process is not None:
            self._down_ms = down_ms
            self._process.stop()

    def start_another(self) -> None:
        """Somebody starts a second process by hand: it must not get at the journal."""
        if self._process is None or self.disk.user is None:
            return
        try:
            MemoryJournal.open(
                self.disk, hall=self._config.hall.id, state_version=self._state_version
            )
        except JournalError:
            self._trace.note(self._timeline.now_ms, GATEWAY, "a second one does not start")
        else:
            self._watcher.gateway_doubled()

    def other_version(self) -> None:
        """From the next start on another version runs, or the one before again."""
        other = f"{STATE_VERSION}-other"
        self._state_version = STATE_VERSION if self._state_version == other else other

    def switch_off(self, down_ms: int) -> None:
        """The computer loses its supply; after its start its wall clock is right."""
        self.doom("now", 0, down_ms)
        self._switch_machine_on()

    def _switch_machine_on(self) -> None:
        # Where its steady clock is zero: another place with each start of the computer.
        self._boot_ms = self._timeline.now_ms - self._rng.randrange(1 << 31)
        self._machine_starts = True

    def end(self) -> None:
        """The run is over, and with it the process."""
        if self._loop is not None:
            self._loop.on_kill = lambda: None
            self._loop.kill()

    def wall_seconds(self) -> int:
        """What the clock of a technician says."""
        return (self._wall_start_ms + self._timeline.now_ms) // 1000

    def journal_call(self, name: str) -> None:
        """See `virtual_journal.Witness`."""
        if self._is_doomed("journal"):
            self._trace.note(self._timeline.now_ms, GATEWAY, f"dies at its journal ({name})")
            raise Killed

    def _may_send(self) -> bool:
        """Whether a packet still leaves."""
        if self._loop is None or self._how != "killed" or self._sent_last:
            return False
        if self._is_doomed("send"):
            self._trace.note(self._timeline.now_ms, GATEWAY, "dies between two packets")
            self._sent_last = True
            self._loop.kill_after(0)
        return True

    def _is_doomed(self, step: CrashStep) -> bool:
        if self._doom is None or self._doom[0] != step:
            return False
        self._doom = (step, self._doom[1] - 1)
        if self._doom[1] > 0:
            return False
        self._doom = None
        return True

    # ---- requests that do not come by MQTT ----

    def request(self, key: str, principal: str, command: Command, answered: Answered) -> None:
        """What the REST API does; no answer when there is no gateway, or when it dies first."""
        if self._process is not None and self._loop is not None:
            self._loop.create_task(self._ask(self._process, key, principal, command, answered))

    async def _ask(
        self, process: Process, key: str, principal: str, command: Command, answered: Answered
    ) -> None:
        try:
            answer = await process.request(key, principal, command)
        except ProcessStoppingError:
            return
        answered(answer)

    # ---- the machine ----

    def record_durable(self, record: Record) -> None:
        """See `virtual_journal.Witness`."""
        self._trace.note(
            self._timeline.now_ms,
            "journal",
            f"{record.seq} {record.kind} {_in_short(record)} <- {record.cause}",
        )
        if record.kind == GatewayStarted.KIND:
            self._machine_starts = False
        self._watcher.record_durable(record)

    def write_failed(self) -> None:
        """See `virtual_journal.Witness`."""
        self._watcher.write_failed()

    def _open_journal(self, config: HallConfig, data: Path) -> EventJournal:  # noqa: ARG002
        hall = config.hall.id
        return VirtualJournal.start(self.disk, hall, self._state_version, self, self._rng)

    def _make_session(
        self,
        generation: int,
        address: BrokerAddress,
        client_id: str,
        topic_filter: str,
        will: Publish,
        keepalive_s: int,
        sink: Sink,
    ) -> VirtualSession:
        assert self._loop is not None, "only a process makes one"
        return VirtualSession(
            self._timeline,
            self._network,
            self._loop,
            self._may_send,
            generation,
            address,
            client_id,
            topic_filter,
            will,
            keepalive_s,
            sink,
        )

    def _call_ms(self, func: Callable[..., Any]) -> int:
        """How long a call in a thread takes."""
        name = getattr(func, "__name__", "")
        if name == "append":
            slow = self._rng.random() * 100 < SLOW_COMMIT_PERCENT
            return SLOW_COMMIT_MS if slow else self._rng.randint(1, COMMIT_MS_MAX)
        return self._rng.randint(1, START_MS_MAX) if name in ("start", "save_snapshot") else 0

    def _steady_ms(self) -> int:
        return self._timeline.now_ms - self._boot_ms

    def _wall_ms(self) -> int:
        return self._wall_start_ms + self._timeline.now_ms + self.wall_jump_ms

    def _make_token(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"


def _raise(error: BaseException) -> None:
    raise error


def _in_short(record: Record) -> str:
    """The data of a record as one line for the trace."""
    return " ".join(f"{name}={value}" for name, value in sorted(record.data.items()))
