"""The gateway as a running process: one event loop, the engine, the journal in one writer thread.

Rules:
- everything that waits is decided together and appended in one transaction (group commit); while
  the disk works, new inputs queue up for the next round;
- only after the commit: effects leave, callers get their answers, the broker its PUBACKs in order;
- an append that fails leaves its fate unknown: nothing is acknowledged, the process ends at once
  with code 70 and the next start reads from the disk what is true. A bug in the engine ends it the
  same way, for the state in memory can no longer be trusted;
- times here are steady milliseconds; the wall clock is read once, in `recovery`. All that is of
  this machine comes from `machine`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.backups import BackupPlan, BackupSchedule
from gateway.broker.link import BrokerLink, LinkCallbacks
from gateway.broker.session import BrokerAddress, Receipt, Received
from gateway.config import HallConfig
from gateway.core.effects import Answer, Effect, Publish
from gateway.core.json import JsonObject
from gateway.engine import Engine
from gateway.journal.interface import EventJournal
from gateway.machine import JOURNAL_NAME, Machine
from gateway.meters import Meters
from gateway.recovery import Recovery, recover
from gateway.releases.folder import ReleaseFolder
from gateway.room import AGAIN_BYTES, NEEDED_BYTES, TOLD_BYTES, make_room
from gateway.systems.calling.commands import Command
from protocols.topics import EVENT, GATEWAY, RESULT, parse, up_filter

EXIT_JOURNAL_FAILED = 70
SNAPSHOT_EVERY = 2000
ROOM_EVERY_S = 0.5
RELEASES = "releases"

_log = structlog.get_logger("hallkit.process")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a gateway process is started with."""

    config: HallConfig
    data: Path
    broker: BrokerAddress
    demo: bool = False
    snapshot_every: int = SNAPSHOT_EVERY
    backup: BackupPlan | None = None


class ProcessStoppingError(Exception):
    """The gateway is going down and decides nothing any more; ask again after its restart."""


class DiskFullError(Exception):
    """No room for the journal: nothing is decided until there is; ask again later."""


class Process:
    """A running hall. `open` it, `run` it until `stop`; the rest is for the web."""

    def __init__(
        self,
        settings: Settings,
        journal: EventJournal,
        engine: Engine,
        writer: ThreadPoolExecutor,
        meters: Meters,
        machine: Machine,
    ) -> None:
        self.settings = settings
        self.config = settings.config
        self.meters = meters
        self.engine = engine
        self.on_change: list[Callable[[], None]] = []
        self.on_line: list[Callable[[], None]] = []
        self.exit_now = machine.exit_now
        self._steady_ms = machine.steady_ms
        self._journal = journal
        self._writer = writer
        self._work = asyncio.Event()
        self._stopping = asyncio.Event()
        self._settled = asyncio.Event()
        self._receipts: list[Receipt] = []
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._snapshot_seq = engine.seq
        self._room = machine.room(settings.data)
        self._standing_still = False
        self._backups = self._make_backups()
        self.link = BrokerLink(
            settings.broker,
            client_id=GATEWAY,
            topic_filter=up_filter(self.config.hall.id),
            will=engine.will,
            callbacks=LinkCallbacks(self._broker_up, self._broker_down, self._received),
            make_session=machine.make_session,
            uniform=machine.uniform,
        )

    @classmethod
    async def open(cls, settings: Settings, machine: Machine | None = None) -> "Process":
        """Open the journal and recover from it. Raises JournalError and names the fix."""
        machine = machine or Machine()
        loop = asyncio.get_running_loop()
        writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

        def start() -> tuple[EventJournal, Engine, Recovery]:
            make_room(machine.room(settings.data))
            journal = machine.open_journal(settings.config, settings.data)
            try:
                engine, recovery = recover(settings.config, journal, machine)
                engine.service.releases = ReleaseFolder(settings.data / RELEASES)
                return journal, engine, recovery
            except BaseException:
                journal.close()
                raise

        try:
            journal, engine, recovery = await loop.run_in_executor(writer, start)
        except BaseException:
            writer.shutdown(wait=False)
            raise
        _log.info(
            "recovered",
            seq=engine.seq,
            epoch=engine.epoch,
            snapshot_seq=recovery.snapshot_seq,
            folded=recovery.folded,
            took_ms=recovery.took_ms,
            notices=journal.notices,
        )
        process = cls(settings, journal, engine, writer, Meters(), machine)
        process._snapshot_seq = recovery.snapshot_seq
        process._room.keep_ballast()
        # From now on the engine keeps a picture of what is committed at hand.
        process.hall_view()
        return process

    # ---- what the web asks ----

    async def request(self, key: str, principal: str, command: Command) -> Answer:
        """Have a command decided and committed. Raises ProcessStoppingError, DiskFullError."""
        if self._stopping.is_set():
            raise ProcessStoppingError
        if self._standing_still:
            raise DiskFullError
        number = self.engine.request(key, principal, command)
        future = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._work.set()
        answer: Answer = await future
        self.meters.requests.labels(answer.status).inc()
        if answer.repeated:
            self.meters.repeated_requests.inc()
        return answer

    def hall_view(self) -> JsonObject:
        """The whole hall as committed, now."""
        return self.engine.hall_view(self._steady_ms())

    def nodes_view(self) -> list[JsonObject]:
        """Every node and when it was last heard."""
        return self.engine.nodes_view(self._steady_ms())

    def identify(self, node: str, seconds: int) -> str:
        """Have a node show which one it is; the id of the job."""
        job = self.engine.service.identify(node, seconds)
        self._work.set()
        return job

    def order_update(self, node: str, release: int) -> None:
        """Offer a node a release that is here, until it is settled."""
        self.engine.service.order_update(node, release, self._steady_ms())
        self._work.set()

    async def ticket_view(self, ticket_or_token: str) -> JsonObject | None:
        """One ticket by its id or the token of its page; None when there is none today."""
        # While a batch is on its way to the disk the state is ahead of what is durable.
        while self.engine.in_flight:
            await self._settled.wait()
        return self.engine.ticket_view(ticket_or_token)

    def hall_ms(self) -> int:
        """Hall time now."""
        return self.engine.clock.hall_ms(self._steady_ms())

    def change_clock_rate(self, rate: int) -> None:
        """Let hall time run `rate` times as fast from now on; for demonstrations."""
        self.engine.clock.change_rate(self._steady_ms(), rate)
        self._work.set()
        self._tell_change()

    def move_clock(self, hall_ms: int) -> None:
        """Put hall time forward to `hall_ms`; ValueError for the past. For demonstrations."""
        self.engine.clock.jump_to(self._steady_ms(), hall_ms)
        self._work.set()
        self._tell_change()

    def not_ready(self) -> list[str]:
        """Why the hall cannot work fully now, in words for the technician; empty: ready."""
        reasons = []
        if self._stopping.is_set():
            reasons.append("the gateway is stopping")
        if not self.link.connected:
            reasons.append(f"broker {self.link.address}: {self.link.problem}")
        free = self._room.free_bytes()
        if self._standing_still or free < TOLD_BYTES:
            still = ": the hall stands still until there is room" if self._standing_still else ""
            left = f"{free >> 20} MB left on the disk of {self.settings.data}"
            reasons.append(f"journal: {left}{still}")
        if self._backups is not None and self._backups.problem:
            reasons.append(self._backups.problem)
        return reasons

    def _make_backups(self) -> BackupSchedule | None:
        if self.settings.backup is None:
            return None
        journal = self.settings.data / JOURNAL_NAME
        return BackupSchedule(self.settings.backup, journal, self.meters, lambda: self.engine.seq)

    # ---- the loop ----

    def stop(self) -> None:
        """Let `run` end cleanly: what waits is decided, nodes hear "bye", a snapshot is kept."""
        self._stopping.set()
        self._work.set()

    async def run(self) -> None:
        """Serve until `stop`."""
        line = asyncio.create_task(self.link.run(), name="broker-line")
        line.add_done_callback(self._line_ended)
        copying = asyncio.create_task(self._copy(), name="backups")
        copying.add_done_callback(_copying_ended)
        try:
            while not self._stopping.is_set():
                await self._wait_for_work()
                if self._room.free_bytes() < NEEDED_BYTES:
                    await self._stand_still()
                await self._round()
                # Those who wait for a settled state must see it before the next round begins.
                await asyncio.sleep(0)
            await self._round()
            await self._keep_snapshot()
        except Exception:
            _log.critical("cannot_go_on", exit_code=EXIT_JOURNAL_FAILED, exc_info=True)
            self.exit_now(EXIT_JOURNAL_FAILED)
            line.cancel()
            copying.cancel()
            raise
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)
        farewell = self.engine.farewell(self._steady_ms()) if self.link.connected else None
        await self.link.close(farewell)
        await line
        self._refuse_the_rest(ProcessStoppingError())
        await asyncio.get_running_loop().run_in_executor(self._writer, self._journal.close)
        self._writer.shutdown()
        _log.info("stopped", seq=self.engine.seq)

    async def _stand_still(self) -> None:
        """Begin nothing until there is room: refuse calls, let every display say so."""
        _log.critical("disk_full", folder=str(self.settings.data), free=self._room.free_bytes())
        self._standing_still = True
        self._refuse_the_rest(DiskFullError())
        self._send_receipts()  # what comes from now on is acknowledged after them
        if self.link.connected:
            self.link.publish(self.engine.farewell(self._steady_ms()))
        while not self._stopping.is_set() and self._room.free_bytes() < AGAIN_BYTES:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), ROOM_EVERY_S)
        self._standing_still = False
        self._room.keep_ballast()
        _log.info("disk_has_room", free=self._room.free_bytes())

    async def _copy(self) -> None:
        if self._backups is not None:
            await self._backups.run()

    async def _wait_for_work(self) -> None:
        if not self._work.is_set():
            late_s = max(0.0, (self.engine.wake_at() - self._steady_ms()) / 1000)
            alarm = asyncio.get_running_loop().call_later(late_s, self._work.set)
            await self._work.wait()
            alarm.cancel()
        self._work.clear()

    async def _round(self) -> None:
        self._settled.clear()
        receipts, self._receipts = self._receipts, []
        batch = self.engine.prepare(self._steady_ms())
        records = []
        if batch.records:
            began = time.perf_counter()
            records = await asyncio.get_running_loop().run_in_executor(
                self._writer, self._journal.append, batch.records
            )
            self.meters.commit_seconds.observe(time.perf_counter() - began)
            self.meters.batches.inc()
        else:
            # A round without records must not keep the loop from sockets and callers.
            await asyncio.sleep(0)
        effects = self.engine.committed(batch, records, self._steady_ms())
        self._settled.set()
        self.link.acknowledge(receipts)
        for effect in effects:
            self._let_go(effect)
        if records:
            self._tell_change()
            await self._snapshot_when_due()

    def _let_go(self, effect: Effect) -> None:
        match effect:
            case Publish():
                self.link.publish(effect)
            case Answer():
                future = self._answers.pop(effect.number, None)
                if future is not None and not future.done():  # the caller may have gone away
                    future.set_result(effect)

    def _send_receipts(self) -> None:
        receipts, self._receipts = self._receipts, []
        self.link.acknowledge(receipts)

    def _tell_change(self) -> None:
        for tell in self.on_change:
            tell()

    async def _snapshot_when_due(self) -> None:
        grown = self.engine.seq - self._snapshot_seq
        # In a quiet moment, unless there has been none for long.
        if grown >= self.settings.snapshot_every and (
            not self.engine.has_work or grown >= 2 * self.settings.snapshot_every
        ):
            await self._keep_snapshot()

    async def _keep_snapshot(self) -> None:
        if self.engine.seq == self._snapshot_seq:
            return
        self._snapshot_seq = self.engine.seq
        await asyncio.get_running_loop().run_in_executor(
            self._writer, self._journal.save_snapshot, self.engine.seq, self.engine.snapshot()
        )

    def _refuse_the_rest(self, why: Exception) -> None:
        for future in self._answers.values():
            if not future.done():
                future.set_exception(why)
        self._answers.clear()

    # ---- called by the line to the broker, in this event loop ----

    def _broker_up(self) -> None:
        self.engine.broker_connected(self._steady_ms(), self.link.connection)
        self._work.set()

    def _broker_down(self) -> None:
        self.engine.broker_lost()
        self._work.set()

    def _received(self, message: Received) -> None:
        named = parse(message.topic)
        receipts = [] if message.receipt is None else [message.receipt]
        if self._standing_still and named is not None and named[2] in (EVENT, RESULT):
            # Its node sends it again until it is acknowledged; kept here they would only pile up.
            self.link.acknowledge(receipts)
            return
        lines = self.engine.service.lines
        newest = lines.last
        now_ms = self._steady_ms()
        is_work = self.engine.receive(now_ms, message.topic, message.payload, message.kept)
        if lines.last != newest:
            for tell in self.on_line:
                tell()
        self._receipts += receipts
        if is_work or self._work.is_set() or self.engine.in_flight:
            self._work.set()
        else:
            self._send_receipts()  # nothing to decide, and nothing before it waits

    def _line_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.critical("line_failed", exc_info=task.exception())
            self.exit_now(EXIT_JOURNAL_FAILED)


def _copying_ended(task: asyncio.Task[None]) -> None:
    # A bug there must not stop the hall; that no copy comes any more is told by its age.
    if not task.cancelled() and task.exception() is not None:
        _log.error("backups_failed", exc_info=task.exception())
