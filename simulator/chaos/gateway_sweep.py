"""Hits every write and sync of the real gateway under load: kill -9, EIO, ENOSPC.

The broker is a real one. Each hit is followed by a start on what it left, with the next hit already
waiting in it: the people of the load live on and give again what was not answered. After each hit
`journal_check` reads the files as they lie there. A chain of hits ends with a start that is left
alone: everything must settle, and every answer ever given must be given again.

A call that fails must not be taken for one that did not: the gateway ends and says so by its exit
code and a sentence (P9), or goes on without having promised anything; and then it starts cleanly.

Three kinds of life: "first" on an empty folder, "busy" under load until long after its start,
"brief" stopped in order as soon as it can be, so that the stop is hit, too.
"""

import asyncio
import random
import signal
from collections.abc import Sequence
from pathlib import Path

import httpx

from gateway.machine import wall_ms
from simulator.chaos.journal_check import check_journal
from simulator.chaos.load import Load
from simulator.chaos.points import FAULTS, KILL, Point, choose
from simulator.chaos.processes import Child, Zygote
from simulator.chaos.site import Site, journal_of
from simulator.chaos.strace import KILL_CALLS, count_calls, count_words
from simulator.chaos.tally import Tally, say

TARGET = "gateway"
FIRST, BUSY, BRIEF = "first", "busy", "brief"
CHAIN = 20
BUSY_S = 1.2  # after its start
SETTLE_S = 15.0
READY_S = 20.0
# What a gateway may end with when its disk fails: refused at the start, or a write that failed.
PLAIN_ENDS = (3, 6, 70)
FILES = tuple(
    f"{name}{suffix}"
    for name in ("journal.sqlite", "journal.sqlite.new")
    for suffix in ("", "-wal", "-shm", "-journal", ".lock")
) + tuple(
    f"{name}{suffix}" for name in ("tokens.json", "first-tokens.json") for suffix in ("", ".part")
)
FAULTED = {
    "pwrite64": ("EIO", "ENOSPC", "ZERO"),
    "write": ("EIO", "ENOSPC"),
    "fdatasync": ("EIO",),
    "fsync": ("EIO",),
    "ftruncate": ("EIO",),
    "openat": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC"),
    "unlink": ("EIO",),
    "pread64": ("EIO",),
    "read": ("EIO",),
}


class GatewaySweep:
    """Tries points on one site."""

    def __init__(self, site: Site, zygote: Zygote, tally: Tally) -> None:
        self._site, self._zygote, self._tally = site, zygote, tally
        self._number = 0
        self._lives = 0
        self._epoch = 0  # the highest that was heard at the broker

    async def count(self, calls: Sequence[str], files: Sequence[str]) -> dict[str, dict[str, int]]:
        """How often each call comes in each kind of life, on these files or on any."""
        data = self._new_data()
        load = self._site.load(data)
        counted = {}
        paths = [data / name for name in files]
        for life in (FIRST, BUSY, BRIEF):
            child = await self._start(data, count_words(calls, paths))
            if life == BUSY:
                await load.start()
            await self._live(child, life)
            await load.rest()
            assert child.tracer is not None, "it was started with words for strace"
            counted[life] = count_calls(child.tracer.output)
        await load.stop()
        return counted

    async def run(self, points: Sequence[Point]) -> None:
        """Try them: each chain begins with one on an empty folder while there are any."""
        first = [point for point in points if point.life == FIRST]
        later = [point for point in points if point.life != FIRST]
        while first or later:
            chain = [*first[:1], *later[: CHAIN - 1]]
            tried = await self._chain(chain)
            left = chain[tried:]
            del first[:1], later[: CHAIN - 1]
            later = left + later

    async def _chain(self, points: Sequence[Point]) -> int:
        """How many were tried: what is wrong stays wrong, and the rest goes on elsewhere."""
        # Another journal at the same broker: its epoch, by the second, must be above what was said
        # there, and starts that fail at once outrun the seconds (docs/decisions/0011).
        while wall_ms() // 1000 <= self._epoch:  # noqa: ASYNC110  # a clock tells nobody
            await asyncio.sleep(0.1)
        data = self._new_data()
        load = self._site.load(data)
        await load.start()
        for tried, point in enumerate(points, 1):
            child = await self._start(data, point.words(data, FILES))
            status = await self._live(child, point.life)
            load.failed()
            await asyncio.sleep(0.05)  # what it wrote to the broker reaches the monitor
            found = check_journal(journal_of(data), self._site.config, load.witness)
            problems = found.problems + load.witness.take_problems()
            reached = self._judge(point, child, status, problems)
            if point.fault != KILL and reached:
                problems += await self._starts_cleanly(data)
            if reached or problems:
                self._tally.tried(str(point), problems)
            else:
                self._tally.count("points not reached")
            if problems:
                await load.stop()
                return tried
        await self._settle(data, load)
        return len(points)

    def _judge(self, point: Point, child: Child, status: int, problems: list[str]) -> bool:
        """Whether the point was reached; adds what is wrong with the way it ended."""
        if point.fault == KILL:
            # SIGTERM ends one that has not come so far as to listen to it; it is no worse than -9.
            if status not in (0, -signal.SIGKILL, -signal.SIGTERM):
                problems.append(f"P1: ended by {status}: {child.last_words()}")
            return status == -signal.SIGKILL
        assert child.tracer is not None, "it was started with words for strace"
        reached = child.tracer.injected()
        plain = (0, -signal.SIGTERM, *PLAIN_ENDS)
        if status not in plain or (status in PLAIN_ENDS) != child.said_why():
            problems.append(f"P9: ended by {status}: {child.last_words()}")
        if reached:
            end = "ended and said so" if status else f"lived on after {point.fault} of {point.call}"
            self._tally.count(end)
        return reached

    async def _starts_cleanly(self, data: Path) -> list[str]:
        child = await self._start(data)
        try:
            await until_ready(self._site.url)
        except TimeoutError:
            return [f"P9: no start after the fault: {child.last_words()}"]
        child.signal(signal.SIGTERM)
        status = await child.wait()
        return [f"P9: a stop in order ended by {status}: {child.last_words()}"] if status else []

    async def _start(self, data: Path, strace: Sequence[str] = ()) -> Child:
        words = self._site.gateway_words(data)
        self._lives += 1
        log = data.with_name(f"{data.name}-{self._lives}.log")
        return await self._zygote.run("gateway", words, log, strace)

    async def _live(self, child: Child, life: str) -> int:
        """Until it is hit and ends; else it is stopped in order, which may be hit as well."""
        try:
            await child.wait_for_word('"ok": true', READY_S)
            if life == BUSY:
                return await child.wait(BUSY_S)
        except TimeoutError:
            pass
        # One that has refused to start ends by itself.
        if '"ok": false' not in child.last_words():
            child.signal(signal.SIGTERM)
        return await child.wait()

    async def _settle(self, data: Path, load: Load) -> None:
        """A start that is left alone: all is settled, all is answered as before."""
        child = await self._start(data)
        problems = []
        try:
            await until_ready(self._site.url)
            await load.rest()
            problems += await settled(load)
            problems += await asked_again(load)
        except (TimeoutError, httpx.HTTPError) as error:
            problems.append(f"P1: no start after the hits: {error!r}: {child.last_words()}")
        await load.stop()
        self._epoch = max(self._epoch, *load.witness.epochs, 0)
        child.signal(signal.SIGTERM)
        status = await child.wait()
        if status != 0:
            problems.append(f"P1: a stop in order ended by {status}: {child.last_words()}")
        found = check_journal(journal_of(data), self._site.config, load.witness)
        problems += found.problems + load.witness.take_problems()
        self._tally.found(f"after a chain of hits on {data.name}", problems)
        self._tally.count("records", found.records)
        self._tally.count("acknowledgements seen", len(load.witness.acks))
        self._tally.count("answers seen", len(load.witness.answers))

    def _new_data(self) -> Path:
        self._number += 1
        return self._site.folder / f"data-{self._number}"


async def until_ready(url: str) -> None:
    """The gateway says that it is. Raises TimeoutError."""
    async with asyncio.timeout(READY_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            await asyncio.sleep(0.02)


async def settled(load: Load) -> list[str]:
    """Wait until no pad holds an unsettled report."""
    deadline = asyncio.get_running_loop().time() + SETTLE_S
    while lights := load.unsettled():
        if asyncio.get_running_loop().time() > deadline:
            return [f"P3: pads are not settled after {SETTLE_S:.0f} s: {lights}"]
        await asyncio.sleep(0.05)
    return []


async def asked_again(load: Load) -> list[str]:
    """Every call that was answered is made again; the witness holds the answers together."""
    before = set(load.witness.answers)
    for customer in load.customers:
        await customer.ask_all_again()
    new = sorted(load.witness.answers.keys() - before)
    return [f"P3: calls were answered that nobody made: {new}"] if new else []


async def kill_gateway(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Kill it at about `limit` points, or at that one."""
    async with Site.open(folder) as site, Zygote.warm("gateway", plant=plant) as zygote:
        sweep = GatewaySweep(site, zygote, tally)
        if only is not None:
            await sweep.run([only])
            return
        counted = await sweep.count(KILL_CALLS, ())
        say(f"  gateway: calls that write or sync, by kind of life: {_sums(counted)}")
        shares = {FIRST: limit // CHAIN, BRIEF: limit // 4}
        shares[BUSY] = limit - sum(shares.values())
        points = []
        for life, share in shares.items():
            points += choose(TARGET, life, counted[life], share)
        random.Random(seed).shuffle(points)
        await sweep.run(points)


async def fail_gateway(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Let calls on its files fail at about `limit` points, or at that one."""
    async with Site.open(folder) as site, Zygote.warm("gateway", plant=plant) as zygote:
        sweep = GatewaySweep(site, zygote, tally)
        if only is not None:
            await sweep.run([only])
            return
        counted = await sweep.count(tuple(FAULTED), FILES)
        say(f"  gateway: calls on its files, by kind of life: {_sums(counted)}")
        points = []
        for fault in FAULTS:
            for life, share in ((FIRST, limit // 12), (BRIEF, limit // 12), (BUSY, limit // 6)):
                counts = {
                    call: count for call, count in counted[life].items() if fault in FAULTED[call]
                }
                points += choose(TARGET, life, counts, share, fault)
        random.Random(seed).shuffle(points)
        await sweep.run(points)


def _sums(counted: dict[str, dict[str, int]]) -> dict[str, int]:
    return {life: sum(counts.values()) for life, counts in counted.items()}
