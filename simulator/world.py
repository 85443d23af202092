"""One hall-day in virtual time from one seed: real firmware, real gateway engine, real MQTT bytes.

    python -m simulator.world --seed 7 [--days N] [--faults rough] [--visitors 300] [--minutes 480]

The run: the hall is switched on, people come, the planned faults happen while it is open; then the
network heals and the last visitors are served; in the end a broker that forgets everything, a
gateway crash and a pulled cable must each be healed in the time promised. The auditor watches all
of it. All chance comes from the seed, one stream a purpose, so that more faults do not change who
comes. Both bounds, steps and virtual time, end a run that does not end by itself.
"""

import argparse
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import TextIO

from firmware.shell.node import Node
from gateway.config import HallConfig
from gateway.engine import Engine
from gateway.hallfile import parse_hall
from simulator.auditor import Auditor
from simulator.auditor_model import PromiseBroken
from simulator.faults import CLEAN, MIXES, Fault, FaultMix, PacketFaults, schedule
from simulator.people.crowd import Crowd
from simulator.people.habits import Day
from simulator.virtual_devices import Device
from simulator.virtual_gateway import MakeEngine
from simulator.virtual_hall import VirtualHall
from simulator.virtual_node import MakeNode
from simulator.virtual_time import RunawayError, Timeline
from simulator.virtual_trace import Trace, clock_text

LOOK_EVERY_MS = 10_000
OVERTIME_MS_MAX = 4 * 3_600_000
STEPS_PER_HOUR_MAX = 500_000
TICKETS_SETTLE_MS = 90_000
DEFAULT_MIX = "rough"


class RunFailed(Exception):  # noqa: N818  # carries what is needed to see it again
    """A run broke a promise or a bound: what, when, the last lines, and how to replay it."""

    def __init__(self, seed: int, now_ms: int, problem: str, tail: list[str], replay: str) -> None:
        lines = "\n".join(f"  {line}" for line in tail)
        super().__init__(f"seed {seed} at {clock_text(now_ms)}: {problem}\n{lines}\n{replay}")
        self.seed = seed
        self.now_ms = now_ms
        self.problem = problem
        self.replay = replay


@dataclass(frozen=True, slots=True)
class Result:
    """How a day went."""

    seed: int
    digest: str
    lines: int
    steps: int
    virtual_ms: int
    outcomes: dict[str, int]
    records: int
    delivered: int
    dropped: int
    duplicated: int
    delayed: int
    gateway_restarts: int
    pictures_checked: int
    presses: int


def langfang() -> HallConfig:
    """The hall that runs out of the box."""
    text = resources.files("gateway").joinpath("halls", "langfang.toml").read_text("utf-8")
    return parse_hall(text, "langfang.toml")


class World:
    """One run. `run` once."""

    def __init__(
        self,
        seed: int,
        *,
        mix: FaultMix = CLEAN,
        day: Day | None = None,
        config: HallConfig | None = None,
        output: TextIO | None = None,
        make_engine: MakeEngine = Engine,
        make_node: MakeNode = Node,
    ) -> None:
        self.seed = seed
        self.mix = mix
        self.day = day or Day()
        self.config = config or langfang()
        self.trace = Trace(output)
        hours = (self.day.closes_ms + OVERTIME_MS_MAX) / 3_600_000
        self.timeline = Timeline(round(hours * STEPS_PER_HOUR_MAX))
        self.deadline_ms = self.day.closes_ms + OVERTIME_MS_MAX
        self.auditor = Auditor(self.config, self.timeline)
        self.hall = VirtualHall(
            self.config,
            self.timeline,
            self.trace,
            self._rng,
            self.auditor,
            make_engine,
            make_node,
        )
        self.crowd = Crowd(
            self.config, self.day, self.timeline, self.hall, self._rng, self._note_person
        )
        self._let_people_look()

    def _rng(self, purpose: str) -> random.Random:
        # Text seeds are hashed with SHA-512: the same in every process.
        return random.Random(f"{self.seed}/{purpose}")

    def _note_person(self, who: str, what: str) -> None:
        self.trace.note(self.timeline.now_ms, who, what)

    # ---- running ----

    def run(self) -> Result:
        """The whole day. Raises RunFailed."""
        try:
            self._run()
        except (PromiseBroken, RunawayError, AssertionError) as error:
            problem = str(error) or f"assertion in {_place(error)}"
            raise RunFailed(
                self.seed, self.timeline.now_ms, problem, self.trace.tail(), self._replay()
            ) from error
        return self._result()

    def _run(self) -> None:
        self.hall.switch_on()
        for fault in self._faults():
            self.timeline.at(fault.at_ms, self.hall.suffer, fault)
        self.auditor.all_is_well = self.mix == CLEAN
        self._set_packet_faults(self.mix.packets)
        self.timeline.at(self.day.closes_ms, self._set_packet_faults, PacketFaults())
        while not self.crowd.finished:
            self.timeline.run(self.timeline.now_ms + LOOK_EVERY_MS)
            if self.timeline.now_ms > self.deadline_ms:
                raise PromiseBroken("P14", f"not over by the deadline: {self.crowd.outcomes()}")
        self._set_packet_faults(PacketFaults())
        self._heal_and_check()

    def _faults(self) -> list[Fault]:
        nodes = tuple(self.hall.nodes)
        kiosks = tuple(node.id for node in self.config.nodes if node.kind == "ticket")
        return schedule(
            self.mix,
            self._rng("faults"),
            nodes,
            kiosks,
            self.day.opens_ms,
            self.day.closes_ms,
        )

    def _set_packet_faults(self, faults: PacketFaults) -> None:
        if faults.any != self.hall.network.faults.any:
            self.auditor.packets_get_lost(faults.any)
        self.hall.network.faults = faults

    def _heal_and_check(self) -> None:
        """Each kind of restart, healed in the time promised, with nobody there to press a key."""
        self._pass(TICKETS_SETTLE_MS)
        self.auditor.check_end()
        self.auditor.all_is_well = False
        self.hall.restart_broker(500)
        self._pass(500 + 10_000)
        self.auditor.check_end()
        self.hall.gateway.doom("idle", 1500)
        self._pass(1500 + 10_000)
        self.auditor.check_end()
        for node in list(self.hall.nodes)[:: max(1, len(self.hall.nodes) // 5)]:
            self.hall.network.pull_cable(node)
        self._pass(20_000)
        for node in self.hall.nodes:
            self.hall.network.plug_cable(node)
        self._pass(12_000)
        self.auditor.check_end()

    def _pass(self, duration_ms: int) -> None:
        self.timeline.run(self.timeline.now_ms + duration_ms)

    # ---- wiring ----

    def _let_people_look(self) -> None:
        hall, crowd = self.hall, self.crowd
        hall.on_named = crowd.lobby.named
        for window in hall.windows:
            self._let_window_be_seen(window)
        kiosk = hall.kiosk_device()
        _also(kiosk, crowd.lobby.kiosk_changed)
        kiosk.on_paper = self._paper

    def _let_window_be_seen(self, window: str) -> None:
        hall, crowd = self.hall, self.crowd
        name = hall.window_id(window)
        _also(hall.nodes[f"{name}-pad"].device, lambda: crowd.window_changed(window))
        _also(hall.nodes[f"{name}-sign"].device, lambda: crowd.sign_changed(window))
        face = hall.face(window)
        _also(hall.nodes[f"{name}-rating"].device, lambda: crowd.lobby.named(face.number))

    def _paper(self, number: str, marked: bool) -> None:
        self.trace.note(self.timeline.now_ms, "paper", f"{number} {'copy' if marked else 'ticket'}")
        self.auditor.paper_out(number, marked)
        self.crowd.lobby.paper_came_out(number)

    def _result(self) -> Result:
        network = self.hall.network
        return Result(
            self.seed,
            self.trace.digest(),
            self.trace.lines,
            self.timeline.steps,
            self.timeline.now_ms,
            self.crowd.outcomes(),
            self.hall.gateway.journal.last_seq,
            network.delivered,
            network.dropped,
            network.duplicated,
            network.delayed,
            self.hall.gateway.restarts,
            self.auditor.checked_pictures,
            len(self.auditor.presses.reports),
        )

    def _replay(self) -> str:
        """The one line; whatever is not the default stands in ARGS."""
        words = []
        if self.mix != MIXES[DEFAULT_MIX]:
            words += [f"--faults {name}" for name, mix in MIXES.items() if mix == self.mix]
        if self.day.visitors != Day().visitors:
            words.append(f"--visitors {self.day.visitors}")
        if self.day.open_hours_ms != Day().open_hours_ms:
            words.append(f"--minutes {self.day.open_hours_ms // 60_000}")
        if self.day.pace != Day().pace:
            words.append(f"--pace {self.day.pace}")
        line = f"replay with: make sim SEED={self.seed}"
        return f'{line} ARGS="{" ".join(words)}"' if words else line


def _also(device: Device, action: Callable[[], None]) -> None:
    """Let one more look at a device."""
    before = device.on_change

    def both() -> None:
        before()
        action()

    device.on_change = both


def _place(error: BaseException) -> str:
    """File and line where an assertion without words failed."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.name}, line {frame.lineno}: {frame.line}"


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m simulator.world")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--days", type=int, default=1, help="this many seeds, one day each")
    parser.add_argument("--faults", choices=sorted(MIXES), default=DEFAULT_MIX)
    parser.add_argument("--visitors", type=int, default=Day().visitors)
    parser.add_argument("--minutes", type=int, default=8 * 60, help="how long the doors are open")
    parser.add_argument("--pace", type=int, default=1, help="services so many times shorter")
    parser.add_argument("--trace", action="store_true", help="print every line of the trace")
    given = parser.parse_args(arguments)
    open_ms = given.minutes * 60_000
    day = Day(visitors=given.visitors, open_hours_ms=open_ms, pace=given.pace)
    for seed in range(given.seed, given.seed + given.days):
        output = sys.stdout if given.trace else None
        world = World(seed, mix=MIXES[given.faults], day=day, output=output)
        began = time.process_time()
        try:
            result = world.run()
        except RunFailed as failure:
            sys.stdout.write(f"{failure}\n")
            return 1
        took = time.process_time() - began
        sys.stdout.write(f"{summary(result)} took={took:.2f}s\n")
    return 0


def summary(result: Result) -> str:
    """One line of a run that went well."""
    people = " ".join(f"{word}={count}" for word, count in result.outcomes.items())
    return (
        f"seed={result.seed} {people} presses={result.presses} records={result.records} "
        f"packets={result.delivered} dropped={result.dropped} duplicated={result.duplicated} "
        f"delayed={result.delayed} restarts={result.gateway_restarts} "
        f"pictures={result.pictures_checked} steps={result.steps} "
        f"trace={result.digest[:16]}"
    )


if __name__ == "__main__":
    sys.exit(main())
