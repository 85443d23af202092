"""A wall clock that jumps by a minute, an hour, a day, back and forward, under a working hall (P8).

Every process sees the jumps (gateway, broker, kiosk, the nodes' hosts), at every third one the
gateway is killed first, so that it starts with a clock far behind or ahead of its journal. The hall
begins shortly before midnight. Whatever the wall clock says: hall time goes on with the steady
clock, no lease ends, no press is taken for old, epochs rise, and the day turns at midnight of hall
time, once. All else is checked as `whole_hall` does: P1, P2, P3, P4, P7.

A kernel that vouches for its clock is believed at a start: then hall time may go forward there, and
with a clock behind the journal it goes on right after the last event.
"""

import asyncio
from pathlib import Path

import httpx

from gateway.machine import wall_is_right, wall_ms
from simulator.chaos.fake_wall import FakeWall
from simulator.chaos.journal_check import check_journal
from simulator.chaos.planted import VOUCHED
from simulator.chaos.processes import Zygote
from simulator.chaos.site import Site, journal_of
from simulator.chaos.tally import Tally
from simulator.chaos.whole_hall import GATEWAY, P4_P99_S, WholeHall
from simulator.live.clock import steady_ms

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
JUMPS_S = tuple(sign * by for by in (MINUTE_S, HOUR_S, DAY_S) for sign in (1, -1))
KILL_AT = 3  # every so many jumps
EVENING_S = 15.0  # how long before midnight the hall starts
LOOK_S = 1.5
DRIFT_MS = 500  # what two readings over REST may differ
TURN_MS = 10_000  # how late the day may turn when the gateway is being killed at midnight
TURN_S = 60.0


class JumpingHall(WholeHall):
    """A whole hall and the hand at its clock."""

    def __init__(
        self,
        site: Site,
        zygote: Zygote,
        tally: Tally,
        seed: int,
        wall: FakeWall,
        evening_ms: int,
        *,
        is_vouched: bool,
    ) -> None:
        """`is_vouched`: the kernel says that the wall clock is right, so a start believes it."""
        super().__init__(site, zygote, tally, seed)
        self._wall = wall
        self._evening_ms = evening_ms
        self._is_vouched = is_vouched

    async def jump_about(self, count: int) -> bool:
        """So many jumps: each of the six comes as often as any other, in an order by chance.

        False when the gateway did not live through them.
        """
        touching = self._let_press()
        bag: list[int] = []
        for number in range(1, count + 1):
            if not bag:
                bag = list(JUMPS_S)
                self._rng.shuffle(bag)
            by_s, killed = bag.pop(), number % KILL_AT == 0
            try:
                problems = await (self._start_behind(by_s) if killed else self._jump(by_s))
            except httpx.HTTPError as error:
                words = self._children[GATEWAY].last_words()
                problems = [f"P8: the gateway does not answer: {error!r}: {words}"]
            how = ", gateway killed" if killed else ""
            problems += self.load.witness.take_problems()
            self._tally.tried(f"clock: jump {number}, {by_s:+d} s{how}", problems)
            if not self._children[GATEWAY].running:
                break
        touching.cancel()
        await asyncio.gather(touching, return_exceptions=True)
        self.load.failed()
        return self._children[GATEWAY].running

    async def _jump(self, by_s: int) -> list[str]:
        """While it runs: nobody notices anything."""
        steady, hall = steady_ms(), await self._hall_ms()
        witness = self.load.witness
        reported, acknowledged = set(witness.reports), set(witness.acks)
        self._wall.jump(by_s)
        await asyncio.sleep(LOOK_S)
        problems = self._not_steady(steady, hall, steady_ms(), await self._hall_ms())
        fresh = witness.acks.keys() - acknowledged
        told = [result for name in fresh - reported for result in witness.acks[name]]
        if "ok" not in told:
            problems.append(f"P8: {len(fresh)} acknowledgements after the jump, none is ok")
        if "stale" in told:
            problems.append("P8: a press was stale that was just made")
        return problems + await self._unheard()

    async def _start_behind(self, by_s: int) -> list[str]:
        """Killed, and started with another clock: it goes on where the journal ends."""
        steady, hall = steady_ms(), await self._hall_ms()
        epoch = max(self.load.witness.epochs)
        await self._kill(GATEWAY, lambda: self._wall.jump(by_s))
        deadline = asyncio.get_running_loop().time() + P4_P99_S
        problems = ["not looked yet"]
        while problems and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            try:
                problems = await self._unheard()
                if max(self.load.witness.epochs) <= epoch:
                    problems.append(f"P8: the epoch did not rise from {epoch}")
            except (httpx.HTTPError, KeyError) as error:
                problems = [f"P8: no start after the jump: {error!r}"]
        if problems:
            return problems
        now = await self._hall_ms()
        if self._is_vouched and now >= hall:
            return []
        return self._not_steady(steady, hall, steady_ms(), now)

    def _not_steady(self, steady: int, hall: int, steady_now: int, hall_now: int) -> list[str]:
        drift_ms = (hall_now - hall) - (steady_now - steady)
        if abs(drift_ms) <= DRIFT_MS:
            return []
        return [f"P8: hall time went {drift_ms:+d} ms off the steady clock"]

    async def _hall_ms(self) -> int:
        return int((await self.ask("/api/v1/queue"))["at_ms"])

    async def _unheard(self) -> list[str]:
        """Who is not on the network, or does not trust its picture."""
        return [
            f"P8: {node['id']} is {node['state']} after the jump"
            for node in await self._nodes()
            if not node["online"] or (node["want_rev"] is not None and not node["fresh"])
        ]

    async def turn_of_day(self) -> None:
        """The day turned once, at midnight; wait for it when it is not yet over."""
        midnight_ms = self._evening_ms + int(EVENING_S * 1000)
        async with asyncio.timeout(TURN_S):
            while await self._hall_ms() < midnight_ms + DRIFT_MS:  # noqa: ASYNC110  # REST tells nobody
                await asyncio.sleep(0.2)
        days = check_journal(
            journal_of(self._data), self._site.config, self.load.witness, live=True
        ).days
        late_ms = days[1][0] - midnight_ms if len(days) > 1 else -1
        problems = []
        if len(days) < 2 or (len(days) > 2 and not self._is_vouched):
            problems.append(f"P8: the days are {[date for _, date in days]}")
        elif not 0 <= late_ms <= TURN_MS and not self._is_vouched:
            problems.append(f"P8: the day turned {late_ms} ms after midnight")
        self._tally.found("clock: the turn of the day", problems)


def _evening(site: Site) -> int:
    """The last moments of today, in milliseconds since 1970."""
    day_ms, zone_ms = DAY_S * 1000, site.config.hall.utc_offset_ms
    midnight = ((wall_ms() + zone_ms) // day_ms + 1) * day_ms - zone_ms
    return midnight - int(EVENING_S * 1000)


async def jump_clock(tally: Tally, folder: Path, jumps: int, seed: int, plant: str) -> None:
    """So many jumps. Raises NoFakeClockError."""
    wall = FakeWall(folder / "wall")
    async with (
        Site.open(folder, env=wall.env) as site,
        Zygote.warm("gateway", "node", "host", plant=plant, env=wall.env) as zygote,
    ):
        evening_ms = _evening(site)
        is_vouched = plant == VOUCHED or wall_is_right()
        hall = JumpingHall(site, zygote, tally, seed, wall, evening_ms, is_vouched=is_vouched)
        wall.set((evening_ms - wall_ms()) / 1000)
        hall.pace(jumps * 2 * LOOK_S)
        await hall.start_all()
        await hall.calm()
        if not await hall.jump_about(jumps):
            await hall.leave()
            return
        await hall.turn_of_day()
        await hall.calm()
        await hall.settle()
        await hall.stop_all()
