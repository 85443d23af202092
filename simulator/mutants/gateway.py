"""Mutants of the gateway: its process, journal, memory, delivery, rules, and its line."""

import asyncio
from dataclasses import replace as changed
from typing import Any

from gateway import hall, process, recovery
from gateway.broker.access import HallAccess
from gateway.broker.link import BrokerLink
from gateway.core.clock import HallClock
from gateway.core.dedupe import Dedupe
from gateway.core.delivery import Delivery
from gateway.core.presence import NodePresence
from gateway.engine import Engine
from gateway.journal import memory
from gateway.journal.chain import Tip
from gateway.journal.errors import JournalError, JournalFailed
from gateway.journal.memory import MemoryJournal
from gateway.process import Process
from gateway.systems.calling import allocation, devices, fold, overtime, printing, rules
from gateway.systems.calling import events as e
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.state import CallingState
from simulator.mutants.mutant import Mutant, replace, with_chief, with_fault
from simulator.plan import Plan

# A journal of so many has a few snapshots.
VISITORS_OF_SNAPSHOTS = 40


def _no_dedupe() -> None:
    replace(Dedupe, "report", lambda self, node, boot, seq: None)


def _call_repeated_acts_again() -> None:
    replace(Dedupe, "request", lambda self, key: None)


def _ack_before_commit() -> None:
    async def round_(self: Any) -> None:
        receipts, self._receipts = self._receipts, []
        self._settled.clear()
        batch = self.engine.prepare(self._steady_ms())
        effects = self.engine.committed(batch, [], self._steady_ms())
        self.link.acknowledge(receipts)
        for effect in effects:
            self._let_go(effect)
        if batch.records:
            loop = asyncio.get_running_loop()
            records = await loop.run_in_executor(self._writer, self._journal.append, batch.records)
            self.engine.seq = records[-1].seq
        else:
            await asyncio.sleep(0)
        self._settled.set()

    replace(Process, "_round", round_)


def _failed_write_forgotten() -> None:
    """The fsyncgate of old: try again, and go on as if nothing had been."""
    real = MemoryJournal.append

    def append(self: MemoryJournal, records: Any) -> Any:
        try:
            return real(self, records)
        except JournalFailed:
            self._failure = ""
            self._staged_tip = self._tip
            sealed = self.stage(records)
            self._staged, self._staged_tip = [], self._tip
            return sealed

    replace(MemoryJournal, "append", append)


def _snapshot_misses_events() -> None:
    """The state is taken, and what happens until it is written is believed to be in it."""
    real = Process._keep_snapshot

    async def keep(self: Any) -> None:
        snapshot = self.engine.snapshot
        state = getattr(self, "_state_before", None)
        self._state_before = snapshot()
        if state is not None:
            self.engine.snapshot = lambda: state
        try:
            await real(self)
        finally:
            self.engine.snapshot = snapshot

    replace(Process, "_keep_snapshot", keep)


def _snapshot_without_dedupe() -> None:
    real = hall.Hall.restore

    def restore(self: Any, state: Any) -> None:
        real(self, state)
        self.state.dedupe.reports.clear()

    replace(hall.Hall, "restore", restore)


def _two_writers() -> None:
    real = MemoryJournal.open.__func__  # type: ignore[attr-defined]  # of a class method

    def open_(cls: Any, disk: Any, /, **options: Any) -> Any:
        disk.user = None
        return real(cls, disk, **options)

    replace(MemoryJournal, "open", classmethod(open_))


def _damage_not_looked_for() -> None:
    def prove(rows: Any, tip: Any) -> Any:
        return Tip(rows[-1][0], rows[-1][1], rows[-1][6]) if rows else tip

    replace(memory, "prove", prove)


def _hall_time_follows_the_wall() -> None:
    machines: list[Any] = []
    real = recovery.recover

    def recover(config: Any, journal: Any, machine: Any) -> Any:
        machines[:] = [machine]
        return real(config, journal, machine)

    replace(process, "recover", recover)
    real_hall_ms = HallClock.hall_ms

    def hall_ms(self: HallClock, steady_ms: int) -> int:
        return int(machines[0].wall_ms()) if machines else real_hall_ms(self, steady_ms)

    replace(HallClock, "hall_ms", hall_ms)


def _clock_read_anew_at_each_start() -> None:
    replace(Engine, "carry_clock_on", lambda self, now_ms, boot, last_event_ms: None)


def _late_will_believed() -> None:
    def note(self: NodePresence, message: Any) -> str:
        born = message.state == "online"
        self.state, self.boot, self.connection = message.state, message.boot, message.connection
        self.firmware, self.board = message.firmware, message.board
        return "born" if born else "noted"

    replace(NodePresence, "note_state", note)


def _will_shared() -> None:
    replace(BrokerLink, "connection", property(lambda self: self.counters.connections))
    hold = BrokerLink._hold_one_connection

    async def hold_one(self: Any) -> None:
        will = self._will
        self._will = lambda _: will(self.counters.connections + 1)
        try:
            await hold(self)
        finally:
            self._will = will

    replace(BrokerLink, "_hold_one_connection", hold_one)


def _revision_reused() -> None:
    real = Delivery.next_rev

    def next_rev(self: Delivery, node: str, content: object) -> int | None:
        rev = real(self, node, content)
        return None if rev is None else max(1, rev - rev % 2)

    replace(Delivery, "next_rev", next_rev)


def _nothing_said_to_a_new_broker() -> None:
    def connected(self: Engine, now_ms: int, connection: int) -> None:
        self._connection, self._connected = connection, True
        self._beat_ms = now_ms
        self._online.clear()
        for want in self._delivery.wants.values():
            want.confirmed = True

    replace(Engine, "broker_connected", connected)
    replace(Delivery, "node_is_back", lambda self, node, now_ms: None)


def _everybody_may_everything() -> None:
    replace(HallAccess, "may", lambda self, identity, access, topic: True)


def _any_node_may_send_anything() -> None:
    kinds = ("pad", "wall", "sign", "lamp", "ticket", "voice", "rating")
    replace(devices, "SENDERS", dict.fromkeys(devices.SENDERS, kinds))


def _rating_for_another_window() -> None:
    real = rules._rate

    def rate(state: Any, command: Any) -> Any:
        return real(state, changed(command, window=None))

    replace(rules, "_rate", rate)


def _older_turn_taken() -> None:
    real = devices.command_of

    def command_of(*arguments: Any) -> Any:
        command: Any = real(*arguments)
        return changed(command, seen=None) if hasattr(command, "seen") else command

    replace(devices, "command_of", command_of)


def _old_press_executed() -> None:
    replace(rules, "_is_stale", lambda config, age_ms: False)


def _way_not_counted() -> None:
    """Only the age the node tells, as if nothing took time on the way."""
    replace(hall.Hall, "_age_ms", lambda self, report, now_ms: report.stamp.age_ms)


def _number_is_a_count() -> None:
    real = rules._issue

    def issue(config: Any, state: CallingState, command: Any) -> Any:
        held = dict(state.issued)
        for service in held:
            tickets = state.tickets.values()
            state.issued[service] = sum(ticket.service == service for ticket in tickets)
        try:
            return real(config, state, command)
        finally:
            state.issued.update(held)

    replace(rules, "_issue", issue)


def _called_ticket_stays_in_line() -> None:
    replace(CallingState, "leave_line", lambda self, ticket: None)


def _newest_first() -> None:
    def choose(config: Any, state: Any, window: str) -> str | None:
        codes = allocation.skills(config, state, window)
        tails = [line[-1] for code in codes if (line := state.line.get(code))]
        return max(tails)[1] if tails else None

    replace(rules, "choose", choose)


def _returned_goes_first() -> None:
    def returned(config: Any, state: Any, command: Any) -> Any:
        ticket = state.tickets.get(command.ticket)
        if ticket is None or ticket.state != "missed":
            return Refusal("not_missed")
        return [e.TicketReturned(ticket.id, 0)]

    replace(rules, "_return", returned)


def _transferred_goes_last() -> None:
    real = fold._ticket_transferred

    def transferred(state: Any, event: Any, at_ms: int) -> None:
        state.tickets[event.ticket].rank = at_ms * 1000
        real(state, event, at_ms)

    fold._APPLY[e.TicketTransferred] = transferred


def _doubtful_print_unmarked() -> None:
    real = printing.print_again

    def again(state: Any, ticket: Any, kiosk: str, copy: int) -> Any:
        return real(state, ticket, kiosk, 0 if copy == 1 else copy)

    replace(rules, "print_again", again)


def _overtime_from_the_call() -> None:
    def start_ms(config: Any, ticket: Any) -> int:
        return int(ticket.called_ms)

    replace(overtime, "service_start_ms", start_ms)


def _disk_error_ends_nothing() -> None:
    real = Process.run

    async def run(self: Any) -> None:
        exit_now, self.exit_now = self.exit_now, lambda code: None
        try:
            await real(self)
        except JournalError:
            await asyncio.sleep(30)
            exit_now(process.EXIT_JOURNAL_FAILED)

    replace(Process, "run", run)


def _wills_come_late(plan: Plan) -> bool:
    return plan.weather.late_will_percent > 0 and not plan.weather.any


def _calls_are_lost(plan: Plan) -> bool:
    return plan.weather.drop_percent > 0 and (plan.day.chief or plan.day.phones_percent > 0)


def _snapshots_are_read(plan: Plan) -> bool:
    """The journal grows past a few, and the gateway starts again."""
    starts = ("gateway", "machine", "upgrade")
    return plan.day.visitors >= VISITORS_OF_SNAPSHOTS and with_fault(*starts)(plan)


GATEWAY = (
    Mutant("no deduplication of reports", "gateway core", "P3", _no_dedupe),
    Mutant(
        "a call that is repeated acts again",
        "gateway core",
        "P3",
        _call_repeated_acts_again,
        _calls_are_lost,
    ),
    Mutant("an ack leaves before the commit", "gateway process", "P1 P3", _ack_before_commit),
    Mutant("a failed write is forgotten", "journal", "P1 P9 P11", _failed_write_forgotten),
    Mutant(
        "a snapshot misses events",
        "journal",
        "P1 P2 P3 P4 P11 P12 P14",
        _snapshot_misses_events,
        _snapshots_are_read,
    ),
    Mutant(
        "a snapshot forgets what was settled",
        "journal",
        "P3 P12",
        _snapshot_without_dedupe,
        _snapshots_are_read,
    ),
    Mutant("two write one journal", "journal", "P1 P2 P9 P10", _two_writers, with_fault("upgrade")),
    Mutant("a damaged journal is taken", "journal", "P10 BrokenChain", _damage_not_looked_for),
    Mutant("hall time follows the wall clock", "gateway core", "P8", _hall_time_follows_the_wall),
    Mutant("a start believes the wall clock", "gateway", "P8", _clock_read_anew_at_each_start),
    Mutant("a late will is believed", "gateway core", "P4", _late_will_believed, _wills_come_late),
    Mutant(
        "a failed attempt shares its will",
        "broker line",
        "P4",
        _will_shared,
    ),
    Mutant("a revision is used twice", "delivery", "P4", _revision_reused),
    Mutant("a new broker is told nothing", "delivery", "P4", _nothing_said_to_a_new_broker),
    Mutant("everybody may everything", "access", "P3 P4 P5 P11 P13", _everybody_may_everything),
    Mutant("any node may send anything", "rules", "P13", _any_node_may_send_anything),
    Mutant(
        "a pad rates another window's visit",
        "rules",
        "P13",
        _rating_for_another_window,
        with_fault("intruder"),
    ),
    Mutant("a press on an older picture counts", "rules", "P3", _older_turn_taken, with_chief),
    Mutant("a stale press is executed", "rules", "P3", _old_press_executed),
    Mutant("a press's way is not counted", "gateway", "P3", _way_not_counted, with_fault("clog")),
    Mutant("a number is a COUNT(*)", "rules", "P2", _number_is_a_count),
    Mutant("a called ticket stays in line", "rules", "P2 P4 P14", _called_ticket_stays_in_line),
    Mutant("the newest is called first", "rules", "P14", _newest_first),
    Mutant("who comes back goes first", "rules", "P14", _returned_goes_first),
    Mutant("a transferred ticket goes last", "rules", "P14", _transferred_goes_last),
    Mutant("a doubtful print is not marked", "rules", "P7", _doubtful_print_unmarked),
    Mutant("overtime runs from the call", "rules", "P8", _overtime_from_the_call),
    Mutant("a broken disk ends nothing", "gateway process", "P9", _disk_error_ends_nothing),
)
