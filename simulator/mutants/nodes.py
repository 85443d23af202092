"""Mutants of what runs on a node: firmware logic, runtime, store, drivers, protocols."""

from typing import Any

from firmware.drivers.pi.printer_session import PrinterSession
from firmware.logic import debounce, pad, ticket, voice
from firmware.logic.jobs import Jobs
from firmware.logic.lease import Lease
from firmware.logic.pad import PadLogic
from firmware.logic.reserve import Reserve
from firmware.logic.ticket import TicketLogic
from firmware.logic.voice import VoiceLogic
from firmware.shell import slots, store
from firmware.shell.node import Node
from protocols.outbox import Outbox
from simulator.breakage import TECHNICIAN_MS
from simulator.mutants.mutant import Mutant, replace, with_chief, with_fault
from simulator.plan import Plan


def _report_once() -> None:
    real = Outbox.due
    sent: dict[int, object] = {}  # keeps the messages alive, so that no id is used twice

    def due(self: Outbox, now_ms: int) -> Any:
        entries = [entry for entry in real(self, now_ms) if id(entry.message) not in sent]
        sent.update((id(entry.message), entry.message) for entry in entries)
        return entries

    replace(Outbox, "due", due)


def _settle_any_boot() -> None:
    real = Outbox.settle

    def settle(self: Outbox, boot: int, seq: int, cumulative: bool) -> Any:
        for entry in self.entries:
            if entry.seq == seq:
                return real(self, entry.boot, seq, cumulative)
        return real(self, boot, seq, cumulative)

    replace(Outbox, "settle", settle)


def _settle_all_before() -> None:
    real = Outbox.settle
    replace(Outbox, "settle", lambda self, boot, seq, cumulative: real(self, boot, seq, True))


def _outbox_in_memory_only() -> None:
    replace(Node, "_store_outbox", lambda self: None)


def _boot_not_counted() -> None:
    real = store.Store.count_boot

    def count_boot(self: Any, floor: int, chance: Any) -> int:
        kept = self.get(store.BOOT_KEY)
        return int(kept) if kept else int(real(self, floor, chance))

    replace(store.Store, "count_boot", count_boot)


def _store_in_place() -> None:
    """One slot instead of two: a torn write loses the old value as well."""
    real = store.Store.put

    def put(self: Any, key: str, value: bytes) -> None:
        if key in self._places:
            slot, sequence = self._places[key]
            self._places[key] = (1 - slot, sequence)
        real(self, key, value)

    replace(store.Store, "put", put)
    replace(slots, "_checksum", lambda data: b"\0\0\0\0")


def _older_picture_taken() -> None:
    def take(self: Node, now_ms: int, want: Any) -> None:
        self.want_key = (want.epoch, want.rev)
        self._step(now_ms, ("want", want))
        self._publish_shown(now_ms)

    replace(Node, "_take_want", take)


def _epoch_not_compared() -> None:
    def take(self: Node, now_ms: int, want: Any) -> None:
        if want.rev > self.want_key[1]:
            self.want_key = (want.epoch, want.rev)
            self._step(now_ms, ("want", want))
        if want.rev == self.want_key[1]:
            self._publish_shown(now_ms)

    replace(Node, "_take_want", take)


def _lease_never_ends() -> None:
    replace(Lease, "wake", lambda self, now_ms: None)
    replace(Lease, "wake_at", lambda self: None)


def _kept_beat_renews() -> None:
    real = Lease.hear
    replace(Lease, "hear", lambda self, now_ms, state, live: real(self, now_ms, state, True))


def _job_not_remembered() -> None:
    replace(Jobs, "_state_of", lambda self, job_id: "")


def _job_stored_after_it_began() -> None:
    real = Jobs.begin

    def begin(self: Jobs, effects: list[Any]) -> Any:
        return real(self, [])

    replace(Jobs, "begin", begin)


def _cut_off_job_failed() -> None:
    real = Jobs._answer

    def answer(self: Jobs, job_id: str, state: str, why: str, effects: Any) -> None:
        real(self, job_id, "failed" if why == "the node restarted" else state, why, effects)

    replace(Jobs, "_answer", answer)


def _bounce_counts() -> None:
    replace(debounce, "STABLE_MS", 0)


def _held_key_presses_at_boot() -> None:
    """The keys are read when there is a picture to act on, and what is down then went down now."""
    real = PadLogic.step

    def step(self: Any, now_ms: int, event: Any) -> Any:
        effects = real(self, now_ms, event)
        if self._picture() is not None and not hasattr(self, "_has_read_keys"):
            self._has_read_keys = True
            for index, key in enumerate(self._keys._keys):
                if key.stuck and key.raw:
                    key.stuck, key.raw, key.stable = False, 0, 0
                    self._keys.edge(now_ms, index, 1)
                    self._down[index] = self._picture()
        return effects

    replace(PadLogic, "step", step)


def _sent_for_ever() -> None:
    replace(pad, "LATE_MS", 1 << 27)


def _pad_acts_on_the_newest_picture() -> None:
    """`seen` is what the pad shows when it sends, not what the finger acted on."""
    real = PadLogic._send_command

    def send(self: PadLogic, now_ms: int, index: int, command: str, effects: Any) -> None:
        self._down[index] = self._picture()
        real(self, now_ms, index, command, effects)

    replace(PadLogic, "_send_command", send)


def _kiosk_says_nothing() -> None:
    replace(TicketLogic, "_refuse", lambda self, now_ms, why: None)


def _ticket_done_when_sent() -> None:
    real = PrinterSession.print

    def give(self: PrinterSession, job_id: str, data: bytes) -> None:
        real(self, job_id, data)
        self._printed(job_id)

    replace(PrinterSession, "print", give)


def _ticket_sent_again_after_power_failed() -> None:
    real = PrinterSession.disconnected

    def disconnected(self: PrinterSession) -> None:
        ticket = self._ticket
        real(self)
        self._ticket = ticket

    replace(PrinterSession, "disconnected", disconnected)


def _doubt_too_soon() -> None:
    """A ticket that waits for paper is given up for doubtful... and called failed."""
    real = TicketLogic._finish

    def finish(self: TicketLogic, state: str, why: str, effects: Any) -> None:
        real(self, "failed" if state == "unknown" else state, why, effects)

    replace(ticket.TicketLogic, "_finish", finish)


def _reserve_in_memory_only() -> None:
    replace(Reserve, "_store", lambda self, effects: None)


def _over_when_it_begins() -> None:
    real = VoiceLogic.step

    def step(self: VoiceLogic, now_ms: int, event: Any) -> Any:
        effects = real(self, now_ms, event)
        if any(effect[0] == "speak" for effect in effects):
            self._jobs.finish("done", "", effects)
        return effects

    replace(VoiceLogic, "step", step)


def _speaks_at_once_after_a_restart() -> None:
    replace(voice, "SETTLE_MS", 0)


def _held_at_a_start(plan: Plan) -> bool:
    """A key of a pad is down for so long that somebody starts the board anew meanwhile."""
    return any(
        fault.kind == "stuck" and fault.lasts_ms > TECHNICIAN_MS and fault.target.endswith("-pad")
        for fault in plan.faults
    )


NODES = (
    Mutant("a report is sent only once", "protocols", "P1 P3 P4 P6 P11 P14", _report_once),
    Mutant(
        "an ack settles any boot's report",
        "protocols",
        "P1 P3 P6 P7 P11",
        _settle_any_boot,
        with_fault("alone"),
    ),
    Mutant(
        "an ack settles all before it",
        "protocols",
        "P1 P3 P6 P7 P11",
        _settle_all_before,
        with_fault("alone"),
    ),
    Mutant(
        "the outbox is not stored",
        "firmware",
        "P1 P7 P11",
        _outbox_in_memory_only,
        with_fault("torn", "restart"),
    ),
    Mutant("a restart reuses its boot number", "firmware", "P1 P3 P4 P7", _boot_not_counted),
    Mutant(
        "a value is stored in place",
        "firmware",
        "P1 P3 P6 P7 P11 P15",
        _store_in_place,
        with_fault("torn"),
    ),
    Mutant("an older picture is shown", "firmware", "P4 P11", _older_picture_taken),
    Mutant("the epoch of a picture is ignored", "firmware", "P4 P11 P14", _epoch_not_compared),
    Mutant("the lease never ends", "firmware", "P5", _lease_never_ends),
    Mutant("a kept beat renews the lease", "firmware", "P5", _kept_beat_renews),
    Mutant(
        "a job id is not remembered",
        "firmware",
        "P7 P15",
        _job_not_remembered,
        with_fault("torn", "restart", "gateway"),
    ),
    Mutant(
        "a job is not stored as begun",
        "firmware",
        "P7 P15",
        _job_stored_after_it_began,
        with_fault("torn", "restart"),
    ),
    Mutant(
        "a job cut off is called failed",
        "firmware",
        "P7",
        _cut_off_job_failed,
        with_fault("torn", "restart"),
    ),
    Mutant("bounce counts as presses", "firmware", "P3", _bounce_counts),
    Mutant(
        "a key held at boot is a press",
        "firmware",
        "P3",
        _held_key_presses_at_boot,
        _held_at_a_start,
    ),
    Mutant(
        "a pad shows sent for ever",
        "firmware",
        "P3",
        _sent_for_ever,
        with_fault("mute", "deaf", "cable"),
    ),
    Mutant(
        "seen is the newest picture",
        "firmware",
        "P3",
        _pad_acts_on_the_newest_picture,
        with_chief,
    ),
    Mutant("the kiosk refuses silently", "firmware", "P6", _kiosk_says_nothing),
    Mutant("a ticket is printed when it is sent", "drivers", "P7", _ticket_done_when_sent),
    Mutant(
        "a begun ticket is sent again",
        "drivers",
        "P7",
        _ticket_sent_again_after_power_failed,
        with_fault("printer_off"),
    ),
    Mutant(
        "a doubtful print is called failed",
        "firmware",
        "P7",
        _doubt_too_soon,
        with_fault("silent", "jam", "printer_off"),
    ),
    Mutant(
        "the reserve is not stored",
        "firmware",
        "P2 P6 P7",
        _reserve_in_memory_only,
        with_fault("torn", "restart", "gateway"),
    ),
    Mutant("an announcement is over at once", "firmware", "P15", _over_when_it_begins),
    Mutant(
        "the voice speaks on at a restart",
        "firmware",
        "P15",
        _speaks_at_once_after_a_restart,
        with_fault("restart", "torn", "board"),
    ),
)
