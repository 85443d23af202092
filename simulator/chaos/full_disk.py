"""A disk that really fills under a gateway: slowly, at once, and while it stops.

Somebody else takes the room, as a log or a video would. When little is left the hall must stand
still within a second and say so (/readyz 503, calls refused with 503, displays told), nothing may
be acknowledged that is not in the journal, and after the room is given back it goes on by itself.
When all of it is taken at once a gateway may end, with code 70; the next one has its ballast.
"""

import asyncio
import random
import signal
from pathlib import Path

import httpx

from simulator.chaos.gateway_sweep import PLAIN_ENDS, asked_again, settled, until_ready
from simulator.chaos.journal_check import check_journal
from simulator.chaos.load import Load
from simulator.chaos.processes import Child, Zygote
from simulator.chaos.site import Site, journal_of
from simulator.chaos.small_disk import Filler, small_disk
from simulator.chaos.tally import Tally

DISK_MB = 48
SLOWLY, AT_ONCE, AT_STOP = "slowly", "at once", "while it stops"
WAYS = (SLOWLY, AT_ONCE, AT_STOP)
STEP_BYTES = 1 << 20
SAY_SO_S = 1.0
GO_ON_S = 5.0
NEEDED_BYTES = 4 << 20  # below this it must stand still; the product's own limit is not asked


class FullDisk:
    """One gateway on one small disk."""

    def __init__(self, site: Site, zygote: Zygote, disk: Path, tally: Tally, seed: int) -> None:
        self._site, self._zygote, self._tally = site, zygote, tally
        self._filler = Filler(disk)
        self._data = disk / "data"
        self._load: Load = site.load(self._data, people=site.folder / "people")
        self._rng = random.Random(seed)
        self._lives = 0

    async def run(self, rounds: int) -> None:
        """Fill it so many times."""
        child = await self._start()
        await self._load.start()
        for number in range(rounds):
            await until_ready(self._site.url)
            await asyncio.sleep(self._rng.uniform(0.3, 1.5))
            way = WAYS[number % len(WAYS)]
            problems: list[str] = []
            child = await self._fill(way, child, problems)
            self._load.failed()
            found = check_journal(journal_of(self._data), self._site.config, self._load.witness)
            problems += found.problems + self._load.witness.take_problems()
            self._tally.tried(f"full: round {number + 1}, {way}", problems)
        await until_ready(self._site.url)
        await self._load.rest()
        problems = await settled(self._load) + await asked_again(self._load)
        await self._load.stop()
        child.signal(signal.SIGTERM)
        await child.wait()
        found = check_journal(journal_of(self._data), self._site.config, self._load.witness)
        self._tally.found("full: at the end", problems + found.problems)
        self._tally.count("records", found.records)

    async def _fill(self, way: str, child: Child, problems: list[str]) -> Child:
        if way == SLOWLY:
            while self._filler.free_bytes() >= NEEDED_BYTES:
                self._filler.take(STEP_BYTES)
                await asyncio.sleep(0.02)
            problems += await self._stands_still()
        elif way == AT_ONCE:
            self._filler.take_all()
            await asyncio.sleep(SAY_SO_S)
            if not child.running:
                self._judge_end(await child.wait(), child, problems)
                child = await self._start()
                await child.wait_for_word('"ok": ', GO_ON_S)
            if child.running:
                problems += await self._stands_still()
        else:
            self._filler.take_all()
            child.signal(signal.SIGTERM)
            self._judge_end(await child.wait(), child, problems)
            child = await self._start()
            await child.wait_for_word('"ok": ', GO_ON_S)
        self._filler.give_back()
        if not child.running:
            # Even the ballast was gone; a service manager tries again.
            self._judge_end(await child.wait(), child, problems)
            child = await self._start()
        problems += await self._goes_on()
        return child

    def _judge_end(self, status: int, child: Child, problems: list[str]) -> None:
        if status not in (0, *PLAIN_ENDS) or (status != 0 and not child.said_why()):
            problems.append(f"P9: ended by {status}: {child.last_words()}")
        self._tally.count(f"ends with code {status}")

    async def _stands_still(self) -> list[str]:
        """Within a second /readyz says so, and a call is refused with 503."""
        answers: list[httpx.Response] = []
        async with httpx.AsyncClient(base_url=self._site.url, trust_env=False) as client:
            deadline = asyncio.get_running_loop().time() + SAY_SO_S
            while not any("stands still" in answer.text for answer in answers):
                if asyncio.get_running_loop().time() > deadline:
                    said = answers[-1].text if answers else "nothing"
                    return [f"P9: no word of the full disk after {SAY_SO_S} s: {said}"]
                await asyncio.sleep(0.02)
                try:
                    answers.append(await client.get("/readyz"))
                except httpx.TransportError as error:
                    return [f"P9: /readyz does not answer on a full disk: {error!r}"]
        acknowledged = len(self._load.witness.acks)
        answered = len(self._load.witness.answers)
        await asyncio.sleep(0.3)
        grown = (
            len(self._load.witness.acks) - acknowledged,
            len(self._load.witness.answers) - answered,
        )
        self._tally.count("times it stood still")
        return [f"P9: {grown} acknowledged while it stands still"] if any(grown) else []

    async def _goes_on(self) -> list[str]:
        """Soon after the room is back, calls are answered again."""
        answered = len(self._load.witness.answers)
        deadline = asyncio.get_running_loop().time() + GO_ON_S
        while len(self._load.witness.answers) == answered:
            if asyncio.get_running_loop().time() > deadline:
                return [f"P9: it does not go on within {GO_ON_S} s after there is room"]
            await asyncio.sleep(0.02)
        return []

    async def _start(self) -> Child:
        self._lives += 1
        log = self._site.folder / f"gateway-{self._lives}.log"  # not on the disk that fills
        return await self._zygote.run("gateway", self._site.gateway_words(self._data), log)


async def fill_disk(tally: Tally, folder: Path, rounds: int, seed: int, plant: str) -> None:
    """Fill a real disk `rounds` times. Raises NoDiskError."""
    with small_disk(folder / "small", DISK_MB) as disk:
        async with Site.open(folder) as site, Zygote.warm("gateway", plant=plant) as zygote:
            await FullDisk(site, zygote, disk, tally, seed).run(rounds)
