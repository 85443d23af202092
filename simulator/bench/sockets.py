"""Press to wall over real sockets: nothing between, an echo, and the gateway on its disk.

Rules: all three run side by side on one broker and are measured in turns, round by round, so that
whatever else the machine does falls on all of them; a ratio within one run counts, not a time.
Between rounds the disk alone is measured: no gateway can answer sooner than echo and commit.
"""

import random
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config import HallConfig
from simulator.bench import processes
from simulator.bench.disk import commit_ns
from simulator.bench.figures import NS_PER_US, number, percentile, table
from simulator.bench.hall import TICKETS, fill_journal, hall_config, hall_text
from simulator.bench.hall_pads import open_hall
from simulator.bench.load import Outcome, closed_loop, open_loop
from simulator.bench.pads import Pad, open_direct, open_echo

SYSTEMS = ("no responder", "echo", "gateway")
RATES = (50, 500)
MB_STEPS = 5

MakeBroker = Callable[[Path], AbstractAsyncContextManager[int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int = 4
    seconds: float = 2.5
    closed_presses: int = 1500
    memory_presses: int = 10_000
    commits: int = 40


QUICK = Plan(rounds=1, seconds=0.4, closed_presses=100, memory_presses=100, commits=5)


@dataclass(slots=True)
class Measured:
    """One system on one broker."""

    open: dict[int, Outcome] = field(default_factory=lambda: {rate: Outcome() for rate in RATES})
    closed: list[Outcome] = field(default_factory=list)
    cpu_s: dict[str, float] = field(default_factory=dict)
    resident_mb: list[float] = field(default_factory=list)

    @property
    def sustained(self) -> float:
        """Presses a second with every pad busy, the median of the rounds."""
        return statistics.median(each.presses / each.seconds for each in self.closed)

    @property
    def closed_presses(self) -> int:
        """All that were pressed to find `sustained`."""
        return sum(each.presses for each in self.closed)


class _Bench:
    def __init__(
        self, plan: Plan, folder: Path, pids: dict[str, int], pads: dict[str, list[Pad]]
    ) -> None:
        self._plan, self._folder, self._pids, self._pads = plan, folder, pids, pads
        self.commits_ns: list[int] = []
        self.measured = {system: Measured() for system in SYSTEMS}

    async def run(self, seed: int) -> None:
        for system in SYSTEMS:  # what is slow only once is over after this
            await closed_loop(self._pads[system], self._plan.closed_presses // 5, random.Random(1))
        self._note_memory()
        for turn in range(self._plan.rounds):
            self.commits_ns += commit_ns(self._folder, self._plan.commits)
            for rate in RATES:
                for system in SYSTEMS:
                    rng = random.Random(f"{seed}/{turn}/{rate}")
                    with self._cpu(system, str(rate)):
                        outcome = await open_loop(self._pads[system], rate, self._plan.seconds, rng)
                    self.measured[system].open[rate].add(outcome)
            for system in SYSTEMS:
                await self._closed(system, random.Random(f"{seed}/{turn}"))
        for step in range(MB_STEPS):
            presses = self._plan.memory_presses // MB_STEPS
            await closed_loop(self._pads["gateway"], presses, random.Random(step))
            self._note_memory()

    async def _closed(self, system: str, rng: random.Random) -> None:
        with self._cpu(system, "closed"):
            outcome = await closed_loop(self._pads[system], self._plan.closed_presses, rng)
        self.measured[system].closed.append(outcome)

    def _cpu(self, system: str, load: str) -> "_CpuMeter":
        return _CpuMeter(self.measured[system].cpu_s, load, self._pids.get(system))

    def _note_memory(self) -> None:
        for system, pid in self._pids.items():
            self.measured[system].resident_mb.append(processes.resident_mb(pid))


class _CpuMeter:
    """Adds what a process used inside a `with` to a total."""

    def __init__(self, totals: dict[str, float], load: str, pid: int | None) -> None:
        self._totals, self._load, self._pid = totals, load, pid
        self._began = 0.0

    def __enter__(self) -> None:
        if self._pid is not None:
            self._began = processes.cpu_seconds(self._pid)

    def __exit__(self, *_: object) -> None:
        if self._pid is not None:
            used = processes.cpu_seconds(self._pid) - self._began
            self._totals[self._load] = self._totals.get(self._load, 0.0) + used


@asynccontextmanager
async def _set_up(
    folder: Path, make_broker: MakeBroker, config: HallConfig
) -> AsyncIterator[tuple[dict[str, int], dict[str, list[Pad]]]]:
    hall = folder / "hall.toml"
    hall.write_text(hall_text(), "utf-8")
    fill_journal(config, folder, TICKETS)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(make_broker(folder))
        pids = {
            "echo": await stack.enter_async_context(processes.echo(folder, port)),
            "gateway": await stack.enter_async_context(processes.gateway(folder, hall, port)),
        }
        opened = (open_direct, open_echo, open_hall)
        pads = {
            system: await open_pads(port, config)
            for system, open_pads in zip(SYSTEMS, opened, strict=True)
        }
        yield pids, pads
        for pad in (pad for group in pads.values() for pad in group):
            pad.line.close()


async def measure(broker: str, make_broker: MakeBroker, plan: Plan, seed: int) -> str:
    """The tables of all systems on one broker: delay, and what it costs."""
    with tempfile.TemporaryDirectory(prefix="hallkit-bench-") as name:
        async with _set_up(Path(name), make_broker, hall_config()) as (pids, pads):
            bench = _Bench(plan, Path(name), pids, pads)
            await bench.run(seed)
    delays = _delays(broker, bench.measured, bench.commits_ns)
    return delays + "\n" + _costs(broker, bench.measured)


def _delays(broker: str, measured: dict[str, Measured], commits_ns: list[int]) -> str:
    half, most = (number(percentile(commits_ns, percent) / NS_PER_US) for percent in (50, 99))
    rows: list[tuple[str, ...]]
    rows = [("the disk alone, one commit", half, most, "-", str(len(commits_ns)), "-")]
    for rate in RATES:
        floor = percentile(measured["echo"].open[rate].took_ns, 50)
        for system in SYSTEMS:
            outcome = measured[system].open[rate]
            p50, p99 = (percentile(outcome.took_ns, percent) for percent in (50, 99))
            figures = (p50 / NS_PER_US, p99 / NS_PER_US, p50 / floor, len(outcome.took_ns))
            refused = str(outcome.refused)
            rows.append((f"{system}, {rate}/s", *(number(figure) for figure in figures), refused))
    head = ("press to wall", "p50 µs", "p99 µs", "p50 / echo", "timed", "refused")
    return table(f"{broker}: delay of a press, 10 pads", head, rows)


def _costs(broker: str, measured: dict[str, Measured]) -> str:
    floor = measured["echo"].sustained
    rows = []
    for system in SYSTEMS:
        of = measured[system]
        cpu = [_cpu_us(of, load, presses) for load, presses in _loads(of)]
        memory = [number(mb) for mb in (of.resident_mb[:1] + of.resident_mb[-1:])] or ["-", "-"]
        rows.append((system, number(of.sustained), number(of.sustained / floor), *cpu, *memory))
    head = ("cost", "presses/s", "/ echo", "CPU µs 50/s", "500/s", "busy", "MB before", "after")
    text = table(f"{broker}: presses a second with all pads busy, cost of each", head, rows)
    course = ", ".join(number(mb) for mb in measured["gateway"].resident_mb)
    return f"{text}\nMB of the gateway in the course of the presses: {course}\n"


def _loads(of: Measured) -> list[tuple[str, int]]:
    open_loads = [(str(rate), outcome.presses) for rate, outcome in of.open.items()]
    return [*open_loads, ("closed", of.closed_presses)]


def _cpu_us(of: Measured, load: str, presses: int) -> str:
    return number(of.cpu_s[load] / presses * 1e6) if load in of.cpu_s else "-"
