"""kill -9 before every write and sync of a kiosk: the job is stored before the printer gets it.

The real node process (`run_pi`) between a real gateway and a virtual printer on a TCP port, which
goes on with what it has when the node dies. Tickets are asked for all the time. At the end the
node is left alone: every ticket must have come out, and none twice without the mark 补打.
"""

import asyncio
import random
import signal
from collections.abc import Sequence
from pathlib import Path

import httpx

from gateway.web.tokens import TokenStore
from simulator.chaos.gateway_sweep import until_ready
from simulator.chaos.journal_check import check_journal
from simulator.chaos.kiosk import KIOSK, MARK, Kiosk, numbers_on
from simulator.chaos.points import Point, choose
from simulator.chaos.processes import Child, Zygote
from simulator.chaos.site import Site, journal_of
from simulator.chaos.strace import count_calls, count_words
from simulator.chaos.tally import Tally, say
from simulator.chaos.witness import Witness

TARGET, WORK = "kiosk", "work"
LIFE_S = 2.5
PRINT_S = 45.0
TICKET_EVERY_S = 0.1
OPEN_MAX = 3


class KioskSweep:
    """One kiosk, one printer, one gateway."""

    def __init__(self, site: Site, zygote: Zygote, folder: Path, tally: Tally) -> None:
        self._site, self._zygote, self._folder, self._tally = site, zygote, folder, tally
        self._witness = Witness()
        self._kiosk = Kiosk(site, folder, self._witness)
        self._asked = 0
        self._lives = 0

    async def run(self, limit: int, seed: int, only: Point | None) -> None:
        """Start gateway and printer, count, try, settle."""
        data = self._folder / "data"
        words = self._site.gateway_words(data)
        gateway = await self._zygote.run("gateway", words, self._folder / "gateway.log")
        await until_ready(self._site.url)
        asking = asyncio.create_task(self._ask(TokenStore(data).first_texts()["kiosk-1"]))
        try:
            points = [only] if only is not None else await self._points(limit, seed)
            for point in points:
                await self._try(point, asking)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self._settle(data)
        finally:
            asking.cancel()
            self._kiosk.stop()
            gateway.signal(signal.SIGTERM)
            await gateway.wait()

    async def _points(self, limit: int, seed: int) -> list[Point]:
        child = await self._start(count_words())
        await self._live(child)
        assert child.tracer is not None, "it was started with words for strace"
        counted = count_calls(child.tracer.output)
        say(f"  kiosk: {sum(counted.values())} calls that write or sync")
        points = choose(TARGET, WORK, counted, limit)
        random.Random(seed).shuffle(points)
        return points

    async def _try(self, point: Point, asking: asyncio.Task[None]) -> None:
        child = await self._start(point.words(self._kiosk.store, ()))
        status = await self._live(child)
        if asking.done():
            asking.result()
        self._kiosk.collect()
        problems = self._witness.take_problems()
        found = check_journal(journal_of(self._folder / "data"), self._site.config, self._witness)
        problems += found.problems
        if status not in (0, -signal.SIGKILL):
            problems.append(f"P7: the node ended by {status}: {child.last_words()}")
        if status == -signal.SIGKILL or problems:
            self._tally.tried(str(point), problems)
        else:
            self._tally.count("points not reached")

    async def _start(self, strace: Sequence[str] = ()) -> Child:
        self._lives += 1
        log = self._folder / f"kiosk-{self._lives}.log"
        return await self._zygote.run("node", self._kiosk.words, log, strace)

    async def _live(self, child: Child) -> int:
        try:
            return await child.wait(LIFE_S)
        except TimeoutError:
            child.signal(signal.SIGTERM)
            return await child.wait()

    async def _ask(self, token: str) -> None:
        """A ticket whenever few are still to be printed."""
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self._site.url, headers=headers, trust_env=False, timeout=10
        ) as client:
            while True:
                await asyncio.sleep(TICKET_EVERY_S)
                self._kiosk.collect()
                if self._asked - len(numbers_on(self._witness)) < OPEN_MAX:
                    self._asked += 1
                    key = f"print-{self._asked}"
                    answer = await client.post(
                        "/api/v1/tickets",
                        json={"service": "filing", "kiosk": KIOSK},
                        headers={"Idempotency-Key": key},
                    )
                    self._witness.answered(f"kiosk-1:{key}", answer.status_code, answer.json())

    async def _settle(self, data: Path) -> None:
        """Left alone, the node prints everything."""
        child = await self._start()
        deadline = asyncio.get_running_loop().time() + PRINT_S
        problems: list[str] = []
        while True:
            await asyncio.sleep(0.2)
            self._kiosk.collect()
            found = check_journal(journal_of(data), self._site.config, self._witness)
            assert found.model is not None, "the journal was read"
            if not found.model.open_prints:
                break
            if asyncio.get_running_loop().time() > deadline:
                problems.append(f"P7: never settled: {sorted(found.model.open_prints)}")
                break
        child.signal(signal.SIGTERM)
        await child.wait()
        self._kiosk.collect()
        numbers = numbers_on(self._witness)
        issued = {ticket.rpartition("-")[2] for ticket in found.issued}
        missing = issued - numbers - found.abandoned
        if missing:
            problems.append(f"P7: never came out, and nobody was told: {sorted(missing)}")
        self._tally.found("after all kills of the kiosk", problems + found.problems)
        self._tally.count("papers", len(self._witness.papers))
        marked = sum(marked for _, marked in self._witness.papers)
        self._tally.count(f"papers marked {MARK}", marked)
        self._tally.count("prints given up and told", len(found.abandoned))


async def kill_kiosk(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Try about `limit` points, or that one."""
    async with Site.open(folder) as site, Zygote.warm("gateway", "node", plant=plant) as zygote:
        await KioskSweep(site, zygote, folder / "kiosk", tally).run(limit, seed, only)
