"""Bugs planted in the product are caught by the auditor, each within a stated number of seeds.

A promise nobody breaks proves little: here each is broken on purpose, in the product's own code.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmware.logic.jobs import Jobs
from firmware.logic.lease import Lease
from firmware.logic.voice import VoiceLogic
from gateway.core.dedupe import Dedupe
from gateway.systems.calling import devices, rules
from gateway.systems.calling.state import CallingState
from protocols.outbox import Outbox
from simulator.faults import ROUGH, FaultMix
from simulator.people.habits import Day
from simulator.virtual_gateway import VirtualGateway
from simulator.world import RunFailed, World

DAY = Day(visitors=40, open_hours_ms=20 * 60_000, pace=4)
# Only a press whose way was cut right after it is late enough to tell.
CABLES = replace(ROUGH, cable_pulls=120)

Plant = Callable[[pytest.MonkeyPatch], None]


def no_deduplication(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Dedupe, "report", lambda self, node, boot, seq: None)


def acknowledgement_before_commit(patch: pytest.MonkeyPatch) -> None:
    def write(
        self: VirtualGateway, commit_ms: int, batch: Any, records: Any, acknowledge: Any
    ) -> None:
        self._release(batch, records, acknowledge)
        process = self._process

        def commit() -> None:
            if process == self._process:
                self.journal.commit()
                self._committing = False
                for record in records:
                    self._note(record)
                self._plan_step()

        self._timeline.after(commit_ms, commit)

    patch.setattr(VirtualGateway, "_write", write)


def press_against_an_older_picture_is_taken(patch: pytest.MonkeyPatch) -> None:
    real = devices.command_of

    def command_of(*arguments: Any) -> Any:
        command = real(*arguments)
        return replace(command, seen=None) if hasattr(command, "seen") else command

    patch.setattr(devices, "command_of", command_of)


def old_press_is_executed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "_is_stale", lambda config, age_ms: False)


def lease_never_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lease, "wake", lambda self, now_ms: None)
    patch.setattr(Lease, "wake_at", lambda self: None)


def called_ticket_stays_in_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CallingState, "leave_line", lambda self, ticket: None)


def announcement_is_over_when_it_begins(patch: pytest.MonkeyPatch) -> None:
    real = VoiceLogic.step

    def step(self: VoiceLogic, now_ms: int, event: Any) -> Any:
        effects = real(self, now_ms, event)
        if any(effect[0] == "speak" for effect in effects):
            self._jobs.finish("done", "", effects)
        return effects

    patch.setattr(VoiceLogic, "step", step)


def job_is_not_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Jobs, "_state_of", lambda self, job_id: "")


def report_is_sent_only_once(patch: pytest.MonkeyPatch) -> None:
    real = Outbox.due
    sent: set[int] = set()

    def due(self: Outbox, now_ms: int) -> Any:
        entries = [entry for entry in real(self, now_ms) if id(entry.message) not in sent]
        # Kept alive by the closure, so that no id is used twice.
        kept.extend(entry.message for entry in entries)
        sent.update(id(entry.message) for entry in entries)
        return entries

    kept: list[Any] = []
    patch.setattr(Outbox, "due", due)


@pytest.mark.parametrize(
    ("plant", "promise", "mix", "seeds"),
    [
        (no_deduplication, "P3", ROUGH, 1),
        (acknowledgement_before_commit, "P1", ROUGH, 1),
        (press_against_an_older_picture_is_taken, "P3", ROUGH, 4),
        (old_press_is_executed, "P3", CABLES, 4),
        (lease_never_ends, "P5", ROUGH, 2),
        (called_ticket_stays_in_line, "P2", ROUGH, 1),
        (announcement_is_over_when_it_begins, "P15", ROUGH, 3),
        (job_is_not_remembered, "P7|P15", ROUGH, 2),
        (report_is_sent_only_once, "P3|P4|P11|P14", ROUGH, 2),
    ],
)
def test_planted_bug_is_caught(
    plant: Plant, promise: str, mix: FaultMix, seeds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    broken = next(filter(None, (broken_promise(seed, mix) for seed in range(seeds))), "none")
    assert broken in promise.split("|")


def broken_promise(seed: int, mix: FaultMix) -> str:
    """The promise this seed breaks, or ""."""
    try:
        World(seed, mix=mix, day=DAY).run()
    except RunFailed as failure:
        return failure.problem.split(":")[0]
    return ""
