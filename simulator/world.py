"""One hall-day in virtual time from one plan: real firmware, real gateway process, real MQTT bytes.

The run: the hall is switched on, people come, the planned faults happen while it is open; then
everything heals and the last visitors are served; in the end a broker that forgets everything, a
gateway crash and pulled cables must each be healed in the time promised, and a new morning must
begin as one should. The auditor watches all of it. All chance comes from the seed, one stream a
purpose, so that more faults do not change who comes. Both bounds, steps and virtual time, end a run
that does not end by itself.
"""

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from simulator.broken import PromiseBroken
from simulator.people.crowd import Crowd
from simulator.plan import Plan
from simulator.virtual_devices import Device
from simulator.virtual_hall import VirtualHall
from simulator.virtual_log import told_to
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace, clock_text

LOOK_EVERY_MS = 10_000
OVERTIME_MS_MIN = 4 * 3_600_000
NO_SHOW_MS = 4 * 60_000  # to call somebody three times who is not there
STEPS_PER_HOUR_MAX = 500_000
TICKETS_SETTLE_MS = 90_000


class RunFailed(Exception):  # noqa: N818  # carries what is needed to see it again
    """A run broke a promise or a bound: what, when, the last lines, and how to replay it."""

    def __init__(self, plan: Plan, now_ms: int, problem: str, tail: list[str]) -> None:
        lines = "\n".join(f"  {line}" for line in tail)
        text = f"seed {plan.seed} at {clock_text(now_ms)}: {problem}\n{lines}\n{plan.replay()}"
        super().__init__(text)
        self.plan = plan
        self.now_ms = now_ms
        self.problem = problem

    @property
    def promise(self) -> str:
        """P1 to P15, or the kind of error when it was none of them."""
        return self.problem.partition(":")[0]


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
    node_boots: int
    pictures_checked: int
    presses: int


class World:
    """One run. `run` once."""

    def __init__(self, plan: Plan, output: TextIO | None = None) -> None:
        self.plan = plan
        self.trace = Trace(output)
        day = plan.day
        # After a day on which hardly anybody was served, all who gave up are called in vain.
        overtime_ms = max(OVERTIME_MS_MIN, day.visitors * NO_SHOW_MS // plan.windows)
        self.deadline_ms = day.closes_ms + overtime_ms
        self.timeline = Timeline(round(self.deadline_ms / 3_600_000 * STEPS_PER_HOUR_MAX))
        self.hall = VirtualHall(plan, self.timeline, self.trace, self._rng)
        self.auditor = self.hall.auditor
        self.crowd = Crowd(
            self.hall.config,
            day,
            self.timeline,
            self.hall,
            self._rng,
            self._note_person,
            plan.visitors,
        )
        self._let_people_look()

    def _rng(self, purpose: str) -> random.Random:
        # Text seeds are hashed with SHA-512: the same in every process.
        return random.Random(f"{self.plan.seed}/{purpose}")

    def _note_person(self, who: str, what: str) -> None:
        self.trace.note(self.timeline.now_ms, who, what)

    # ---- running ----

    def run(self) -> Result:
        """The whole day. Raises RunFailed."""
        try:
            with told_to(self._log):
                self._run()
        except Exception as error:
            problem = str(error)
            if not isinstance(error, PromiseBroken):
                problem = f"{type(error).__name__}: {problem or 'assertion'} in {_place(error)}"
            raise RunFailed(self.plan, self.timeline.now_ms, problem, self.trace.tail()) from error
        finally:
            self.hall.gateway.end()
        return self._result()

    def _run(self) -> None:
        plan, breakage = self.plan, self.hall.breakage
        self.hall.switch_on()
        breakage.plan(plan.faults)
        breakage.set_weather(plan.weather)
        self.auditor.all_is_well = plan.is_clean
        self.timeline.at(plan.day.closes_ms, breakage.heal)
        while not self.crowd.finished:
            self._pass(LOOK_EVERY_MS)
            if self.timeline.now_ms > self.deadline_ms:
                raise PromiseBroken("P14", f"not over by the deadline: {self.crowd.outcomes()}")
        self._pass(max(0, plan.day.closes_ms - self.timeline.now_ms))
        self._heal_and_check()

    def _heal_and_check(self) -> None:
        """Each kind of restart, healed in the time promised, with nobody there to press a key."""
        self._pass(TICKETS_SETTLE_MS)
        self.auditor.check_end()
        self.auditor.all_is_well = False
        names = list(self.hall.nodes)[:: max(1, len(self.hall.nodes) // 5)]
        self.hall.breakage.restart_broker(500)
        self._pass(500 + 10_000)
        self.auditor.check_end()
        # Whoever starts now has nothing but what the new broker has been told.
        for name in names:
            self.hall.nodes[name].power_off()
            self.timeline.after(1000, self.hall.nodes[name].power_on)
        self._pass(1000 + 12_000)
        self.auditor.check_end()
        self.hall.gateway.doom("now", 0, 1500)
        self._pass(1500 + 10_000)
        self.auditor.check_end()
        for name in names:
            self.hall.network.block(name)
        self._pass(20_000)
        for name in names:
            self.hall.network.unblock(name)
        self._pass(12_000)
        self.auditor.check_end()

    def _pass(self, duration_ms: int) -> None:
        self.timeline.run(self.timeline.now_ms + duration_ms)

    def _log(self, level: str, event: str, details: str) -> None:
        """A line of the gateway's own log."""
        self.trace.note(self.timeline.now_ms, "log", f"{level} {event} {details}")
        if level == "critical":
            self.auditor.gateway.alarm(event)

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
        network, hall = self.hall.network, self.hall
        return Result(
            self.plan.seed,
            self.trace.digest(),
            self.trace.lines,
            self.timeline.steps,
            self.timeline.now_ms,
            self.crowd.outcomes(),
            len(hall.gateway.disk.rows),
            network.delivered,
            network.dropped,
            network.duplicated,
            network.delayed,
            hall.gateway.restarts,
            sum(node.boots for node in hall.nodes.values()),
            self.auditor.checked_pictures,
            len(self.auditor.presses.reports),
        )


def _also(device: Device, action: Callable[[], None]) -> None:
    """Let one more look at a device."""
    before = device.on_change

    def both() -> None:
        before()
        action()

    device.on_change = both


def _place(error: BaseException) -> str:
    """File and line where an error without words came up."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]} {frame.name}, line {frame.lineno}: {frame.line}"


def summary(result: Result) -> str:
    """One line of a run that went well."""
    people = " ".join(f"{word}={count}" for word, count in result.outcomes.items())
    return (
        f"seed={result.seed} {people} presses={result.presses} records={result.records} "
        f"packets={result.delivered} dropped={result.dropped} duplicated={result.duplicated} "
        f"delayed={result.delayed} restarts={result.gateway_restarts} boots={result.node_boots} "
        f"pictures={result.pictures_checked} steps={result.steps} "
        f"minutes={result.virtual_ms // 60_000} trace={result.digest[:16]}"
    )
