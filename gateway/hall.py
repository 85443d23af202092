"""One hall as a fold of its journal, and the one place where something is decided.

`settle_report` and `settle_request` drop what was settled before, ask the rules, and put the events
and the memory of having settled it into one batch, so that both become durable together.

Rules: pure; hall time comes from the clock given; the state runs ahead of the journal between a
decision and its commit, so after a failed commit the whole object must be dropped.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import TypeAdapter

from gateway.config import HallConfig, Node
from gateway.core.clock import ClockMark, HallClock
from gateway.core.dedupe import Dedupe
from gateway.core.effects import Answer
from gateway.core.events import (
    CORE_EVENTS,
    Event,
    GatewayStarted,
    ReportSettled,
    RequestSettled,
    from_data,
    registry_of,
    to_data,
)
from gateway.core.json import JsonObject
from gateway.journal.records import NewRecord, Record
from gateway.systems.calling import commands, devices, views
from gateway.systems.calling.events import EVENTS as CALLING_EVENTS
from gateway.systems.calling.events import PrintQueued
from gateway.systems.calling.fold import apply
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.rules import Decision, decide
from gateway.systems.calling.state import CallingState
from gateway.systems.calling.timing import next_due_ms
from protocols.messages.node import Ack
from protocols.wire import AGE_MS_MAX, Stamp

Result = Literal["ok", "stale", "denied"]
Status = Literal["done", "refused"]
EVENTS = registry_of(CORE_EVENTS, CALLING_EVENTS)


@dataclass(slots=True)
class HallState:
    """Everything that is folded from the journal."""

    epoch: int = 0
    mark: ClockMark | None = None
    dedupe: Dedupe = field(default_factory=Dedupe)
    calling: CallingState = field(default_factory=CallingState)


_STATE = TypeAdapter(HallState)


@dataclass(frozen=True, slots=True)
class Report:
    """A numbered message of a node, as it came in."""

    node: Node
    message: devices.Report
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Request:
    """A REST call; `number` tells its answer apart, `key` makes it idempotent."""

    number: int
    key: str
    principal: str
    command: commands.Command


@dataclass(slots=True)
class Batch:
    """What one round decided; `records` go to the journal before anything else happens."""

    records: list[NewRecord] = field(default_factory=list)
    acks: list[tuple[str, Ack]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


class Hall:
    """See the rules at the top. `now_ms` is steady everywhere."""

    def __init__(self, config: HallConfig, clock: HallClock, make_token: Callable[[], str]) -> None:
        self.config = config
        self.clock = clock
        self.state = HallState()
        self.started_ms = 0
        # Windows whose pictures may have changed since they were last computed; None: all.
        self.changed: set[str] | None = None
        self._make_token = make_token
        self._due_ms: int | None = (
            None  # hall time of `next_due_ms`; None: something happened since
        )

    def restore(self, state: JsonObject) -> None:
        """Take over a snapshot that `snapshot` made, before any `fold`."""
        text = state["text"]
        assert isinstance(text, str), "as `snapshot` made it"
        self.state = _STATE.validate_json(text)
        self._due_ms = None

    def snapshot(self) -> JsonObject:
        """The whole committed state as JSON; equal to that of a full replay."""
        # As one text, because the order of tables (who is announced next) is part of the state and
        # the journal's canonical JSON sorts keys.
        return {"text": _STATE.dump_json(self.state).decode()}

    def fold(self, record: Record) -> None:
        """Replay one record of the journal."""
        self._apply(from_data(EVENTS, record.kind, record.data), record.at_ms)

    def _apply(self, event: Event, at_ms: int) -> None:
        self._due_ms = None
        if isinstance(event, ReportSettled):
            self.state.dedupe.note_report(event)
        elif isinstance(event, RequestSettled):
            self.state.dedupe.note_request(event)
        elif isinstance(event, GatewayStarted):
            self.state.epoch = event.epoch
            self.state.mark = ClockMark(event.boot, event.steady_ms, at_ms)
        else:
            apply(self.state.calling, event, at_ms)
            if isinstance(event, PrintQueued):
                boot = self.state.dedupe.last_boot(event.node)
                self.state.calling.prints[event.job].boot = boot
            window = getattr(event, "window", None)
            if window is None:
                self.changed = None
            elif self.changed is not None:
                self.changed.add(window)

    def start(self, now_ms: int, boot: str) -> Batch:
        """Open a new epoch; its batch must be committed before anything else."""
        batch = Batch()
        # Seconds since 1970 make epochs rise even when a lost journal is begun anew.
        epoch = max(self.state.epoch + 1, self.clock.hall_ms(now_ms) // 1000)
        self.started_ms = now_ms
        self._record(batch, [GatewayStarted(epoch, boot, now_ms)], now_ms, "start")
        return batch

    def due_ms(self, now_ms: int) -> int:
        """Hall time at which something happens though nothing arrives, or earlier."""
        if self._due_ms is None:
            self._due_ms = next_due_ms(self.config, self.state.calling, self.clock.hall_ms(now_ms))
        return self._due_ms

    def pass_time(self, batch: Batch, now_ms: int) -> None:
        """Let everything happen that is due by now."""
        hall_ms = self.clock.hall_ms(now_ms)
        if hall_ms < self.due_ms(now_ms):
            return
        # Bounded by the number of marks that can fall due at once; a rule that never ends is a bug.
        for _ in range(1000):
            events = decide(self.config, self.state.calling, commands.PassTime(), hall_ms)
            assert isinstance(events, list), "time is never refused"
            if not events:
                return
            self._record(batch, events, now_ms, "clock")
        raise AssertionError("time passes without end")

    def _record(self, batch: Batch, events: list[Event], now_ms: int, cause: str) -> None:
        at_ms = self.clock.hall_ms(now_ms)
        for event in events:
            self._apply(event, at_ms)
            batch.records.append(NewRecord(at_ms, event.KIND, event.VERSION, to_data(event), cause))

    def settle_report(
        self, batch: Batch, report: Report, now_ms: int
    ) -> Literal["ok", "dup", "stale", "denied", "undated"]:
        """Decide a report once; a repeated one is a "dup" and gets the first result again.

        An "undated" one is left: its node sends it again, with a date as soon as it has heard us.
        """
        node, stamp = report.node, report.stamp
        known = self.state.dedupe.report(node.id, stamp.boot, stamp.seq)
        if known is not None:
            self._acknowledge(batch, report, known.result, known.why, again=True)
            return "dup"
        if isinstance(report.message, devices.DATED) and stamp.epoch != self.state.epoch:
            return "undated"
        command = devices.command_of(
            self.config, node, report.message, self._age_ms(report, now_ms)
        )
        result: Result = "ok"
        why = ""
        cause = f"{node.id}:{stamp.boot}:{stamp.seq}"
        if command is None:
            result, why = "denied", "not_yours"
        else:
            decision = self._decide(command, now_ms)
            if isinstance(decision, Refusal):
                result = "stale" if decision.reason == "stale" else "denied"
                why = decision.reason
            else:
                self._record(batch, decision, now_ms, cause)
        settled = ReportSettled(node.id, stamp.boot, stamp.seq, result, why)
        self._record(batch, [settled], now_ms, cause)
        self._acknowledge(batch, report, result, why, again=False)
        return result

    def _decide(self, command: commands.Command, now_ms: int) -> Decision:
        if isinstance(command, commands.IssueTicket | commands.MergeTicket):
            command = replace(command, token=self._make_token())
        return decide(self.config, self.state.calling, command, self.clock.hall_ms(now_ms))

    def _age_ms(self, report: Report, now_ms: int) -> int:
        """The most a report can be old: its own age, and all its time on the way.

        A node says what it reckons our clock to be when it sends; what we read now is later by the
        whole way, so a press that a stalled network held back is not mistaken for a fresh one. What
        it reckons of another epoch says nothing: it may have been on its way since before we
        started. What needs an age is left then, before anybody asks here (`devices.DATED`).
        """
        stamp = report.stamp
        way_ms = now_ms - self.started_ms - stamp.heard_ms
        return min(AGE_MS_MAX, stamp.age_ms + max(0, way_ms))

    def _acknowledge(
        self, batch: Batch, report: Report, result: Result, why: str, *, again: bool
    ) -> None:
        ack = Ack(
            boot=report.stamp.boot,
            seq=report.stamp.seq,
            result="dup" if again else result,
            first=result if again else None,
            why=why,
            cumulative=False,
        )
        batch.acks.append((report.node.id, ack))

    def settle_request(self, batch: Batch, request: Request, now_ms: int) -> None:
        """Decide a call once; its key repeated gets the first answer, another call a conflict."""
        fingerprint = hashlib.sha256(repr(request.command).encode()).hexdigest()[:16]
        known = self.state.dedupe.request(request.key)
        if known is not None:
            if (known.principal, known.fingerprint) == (request.principal, fingerprint):
                answer = Answer(request.number, known.status, known.body, repeated=True)
            else:
                answer = Answer(request.number, "conflict", {}, repeated=False)
            batch.answers.append(answer)
            return
        decision = self._decide(request.command, now_ms)
        cause = f"api:{request.key}"
        status: Status
        if isinstance(decision, Refusal):
            status, body = "refused", views.refusal_body(decision)
        else:
            self._record(batch, decision, now_ms, cause)
            status, body = "done", views.done_body(self.state.calling, decision)
        # In the order the journal keeps, so that a replayed state is equal to this one to the byte.
        body = dict(sorted(body.items()))
        settled = RequestSettled(request.key, request.principal, fingerprint, status, body)
        self._record(batch, [settled], now_ms, cause)
        batch.answers.append(Answer(request.number, status, body, repeated=False))
