"""Hits every write and sync of what nodes keep, `PiStore` and the ESP32's `Store`: kill -9, faults.

After each hit another process opens the store on what is left: every value that was said to be
kept is there, whole, or the one that was being kept next; no start has the number of another. A
process whose write fails ends, and says nothing of that value. The ESP32's files are real files
here; that littlefs keeps a file's old contents until it is closed is tested in the VM
(simulator/vm/disk.py).
"""

import random
import signal
from collections.abc import Sequence
from pathlib import Path

from simulator.chaos.points import FAULTS, KILL, Point, choose
from simulator.chaos.processes import Zygote
from simulator.chaos.store_writer import KEYS, key_of, open_esp32, open_pi, value_of
from simulator.chaos.strace import KILL_CALLS, count_calls, count_words
from simulator.chaos.tally import Tally, say

KINDS = ("pi", "esp32")
VALUES = 12
WORK = "work"
FILES = tuple(
    f"{key}{suffix}" for key in (*KEYS, "boot") for suffix in (".value", ".part", ".0", ".1")
)
FAULTED = {
    "write": ("EIO", "ENOSPC"),
    "fsync": ("EIO",),
    "rename": ("EIO", "ENOSPC"),
    "openat": ("EIO", "ENOSPC"),
}


class StoreSweep:
    """One node's folder, killed again and again."""

    def __init__(self, kind: str, zygote: Zygote, folder: Path, tally: Tally) -> None:
        self._kind, self._zygote, self._folder, self._tally = kind, zygote, folder, tally
        folder.mkdir(parents=True, exist_ok=True)
        self._kept = 0  # the last value that was said to be kept
        self._boots: list[int] = []
        self._lives = 0

    async def count(self, calls: Sequence[str], files_only: bool) -> dict[str, int]:
        """How often each call comes in one life, on the store's files or on any."""
        paths = [self._folder / self._kind / name for name in FILES] if files_only else []
        await self._live(count_words(calls, paths))
        self._look()
        return count_calls(self._trace())

    async def run(self, points: Sequence[Point]) -> None:
        """Try them, one after the other on the same files."""
        for point in points:
            status = await self._live(point.words(self._folder / self._kind, FILES))
            problems = self._look()
            if point.fault == KILL:
                reached = status == -signal.SIGKILL
            else:
                reached = "(INJECTED)" in self._trace().read_text("utf-8")
            if status not in (0, -signal.SIGKILL) and (point.fault == KILL or not reached):
                problems.append(f"P1: ended by {status}: {self._log().read_text('utf-8')[-500:]}")
            if reached or problems:
                self._tally.tried(str(point), problems)
            else:
                self._tally.count("points not reached")

    async def run_often(self, points: list[Point], limit: int, seed: int) -> None:
        """Try them all, and again in another order, until there were about `limit`."""
        rng = random.Random(seed)
        for _ in range(max(1, round(limit / max(1, len(points))))):
            rng.shuffle(points)
            await self.run(points)

    async def _live(self, strace: Sequence[str]) -> int:
        self._lives += 1
        words = [self._kind, str(self._folder / self._kind), str(self._kept + 1)]
        words.append(str(self._kept + VALUES))
        child = await self._zygote.run("store", words, self._log(), strace)
        return await child.wait()

    def _trace(self) -> Path:
        return self._log().with_name(self._log().name + ".strace")

    def _log(self) -> Path:
        return self._folder / f"{self._kind}-{self._lives}.log"

    def _look(self) -> list[str]:
        problems = []
        for line in self._log().read_text("utf-8").splitlines():
            what, _, number = line.partition(" ")
            if what == "kept":
                self._kept = int(number)
            elif what == "boot":
                if self._boots and int(number) <= self._boots[-1]:
                    problems.append(f"P3: start {number} follows {self._boots[-1]}")
                self._boots.append(int(number))
        values, damaged = self._read()
        if damaged:
            problems.append(f"P1: damaged by a kill: {damaged}")
        for place, key in enumerate(KEYS):
            last = self._kept - (self._kept - place) % len(KEYS)
            may = [value_of(last) if last > 0 else b""]
            if key_of(self._kept + 1) == key:
                may.append(value_of(self._kept + 1))
            if values.get(key, b"") not in may:
                found = values.get(key, b"")[:12]
                problems.append(f"P1: {key} holds {found!r} after value {self._kept} was kept")
        return problems

    def _read(self) -> tuple[dict[str, bytes], list[str]]:
        """The values as the next start finds them; it counts as a start."""
        if self._kind == "pi":
            pi, boot = open_pi(self._folder / self._kind)
            values, damaged = pi.values(), [p.name for p in self._folder.rglob("*.bad")]
        else:
            esp32, boot = open_esp32(self._folder / self._kind)
            values, damaged = esp32.kept(), esp32.damaged
        self._boots.append(boot)
        return values, damaged


async def kill_stores(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Kill at about `limit` points, half on each kind of store, or at that one."""
    for kind in KINDS:
        async with Zygote.warm("store", plant=plant) as zygote:
            sweep = StoreSweep(kind, zygote, folder, tally)
            if only is None:
                counted = await sweep.count(KILL_CALLS, files_only=False)
                say(f"  store of {kind}: {sum(counted.values())} calls that write or sync")
                points = choose(f"store-{kind}", WORK, counted, limit // 2)
                await sweep.run_often(points, limit // 2, seed)
            elif only.target == f"store-{kind}":
                await sweep.run([only])


async def fail_stores(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Let about `limit` calls on the files of stores fail, or that one."""
    for kind in KINDS:
        async with Zygote.warm("store", plant=plant) as zygote:
            sweep = StoreSweep(kind, zygote, folder, tally)
            if only is None:
                counted = await sweep.count(tuple(FAULTED), files_only=True)
                points = []
                for fault in FAULTS:
                    counts = {c: n for c, n in counted.items() if fault in FAULTED[c]}
                    points += choose(f"store-{kind}", WORK, counts, limit // 6, fault)
                say(f"  store of {kind}: {sum(counted.values())} calls on its files")
                await sweep.run_often(points, limit // 2, seed)
            elif only.target == f"store-{kind}":
                await sweep.run([only])
