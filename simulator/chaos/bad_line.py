"""A whole hall whose every line to the broker goes through a fault proxy.

One proxy for the nodes, one for the gateway; each fault lasts a while and hits many or few. What
comes late is judged by its age, what is cut is sent again, and once the lines are good the whole
hall must soon be right (P4). All else is checked as `whole_hall` does: P1, P2, P3, P7.
"""

import asyncio
from pathlib import Path

from simulator.chaos.fault_proxy import FAULTS, Fault, FaultProxy
from simulator.chaos.processes import Zygote
from simulator.chaos.site import Site
from simulator.chaos.tally import Tally
from simulator.chaos.whole_hall import WholeHall, weather
from simulator.live.brokers import HOST

LASTS_S = (0.3, 4.0)
NODES, GATEWAY = "nodes", "gateway"


class BadLineHall(WholeHall):
    """A whole hall between two proxies."""

    def __init__(
        self, site: Site, zygote: Zygote, tally: Tally, seed: int, proxies: dict[str, FaultProxy]
    ) -> None:
        super().__init__(
            site,
            zygote,
            tally,
            seed,
            hosts_dial=proxies[NODES].address,
            gateway_dials=proxies[GATEWAY].address[1],
        )
        self._proxies = proxies
        self._busy: set[str] = set()
        self._bag: list[tuple[str, str]] = []

    async def harm(self) -> None:
        """One fault of one proxy, for a while: all of them before any comes again."""
        if not self._bag:
            self._bag = [(side, kind) for side in self._proxies for kind in FAULTS]
            self._rng.shuffle(self._bag)
        side, kind = self._bag[-1]
        if side in self._busy:
            return
        self._bag.pop()
        self._busy.add(side)
        lasts_s = self._rng.uniform(*LASTS_S)
        self._proxies[side].begin(Fault(kind, self._rng.choice((0.2, 0.6, 1.0))))
        await asyncio.sleep(lasts_s)
        self._proxies[side].heal()
        self._busy.discard(side)
        self._tally.count(f"x {kind}")
        where = f"line: fault {self._tally.points + 1}, {kind} of {side} for {lasts_s:.1f} s"
        self._tally.tried(where, self.load.witness.take_problems())


async def bend_line(tally: Tally, folder: Path, seconds: int, seed: int, plant: str) -> None:
    """Faults and calm in turns for so long."""
    async with (
        Site.open(folder) as site,
        Zygote.warm("gateway", "node", "host", plant=plant) as zygote,
    ):
        target = (HOST, site.broker.port)
        proxies = {side: FaultProxy(target, seed) for side in (NODES, GATEWAY)}
        for proxy in proxies.values():
            await proxy.start(HOST)
        try:
            await weather(BadLineHall(site, zygote, tally, seed, proxies), seconds)
        finally:
            for proxy in proxies.values():
                await proxy.stop()
        tally.count("KB through the proxies", sum(p.bytes_passed for p in proxies.values()) >> 10)
