"""The cable between the windows' nodes and the hall's computer is pulled, shortly and for long.

The nodes' hosts run in a network namespace of their own, so the kernel's TCP finds out as it does
in a hall: nothing is refused or reset, packets vanish. Pulled for longer than a lease, no display
may show what it showed as if it were true (P5); plugged in again, all must soon be right (P4). All
else is checked as `whole_hall` does: P1, P2, P3, P7; the kiosk stands at the computer and goes on.
"""

import asyncio
from pathlib import Path

from firmware.logic import events
from simulator.chaos.cable import Cable, lay_cable
from simulator.chaos.fault_proxy import FaultProxy
from simulator.chaos.processes import Zygote
from simulator.chaos.site import Site
from simulator.chaos.tally import Tally
from simulator.chaos.truth import Looks, read_looks
from simulator.chaos.whole_hall import WholeHall
from simulator.live.brokers import HOST

SHORT_S = (0.2, 6.0)
LEASE_S = 10.0  # P5
GRACE_S = 1.5  # a step of the firmware, and the file it is read from
BETWEEN_S = (0.3, 2.0)
LONG_EVERY = 4


class PulledHall(WholeHall):
    """A whole hall on one cable."""

    def __init__(
        self,
        site: Site,
        zygote: Zygote,
        tally: Tally,
        seed: int,
        cable: Cable,
        hosts: Zygote,
        dial: tuple[str, int],
    ) -> None:
        super().__init__(site, zygote, tally, seed, hosts_zygote=hosts, hosts_dial=dial)
        self._cable = cable

    async def pull_about(self, pulls: int) -> None:
        """So often; the first is a long one, and each fourth."""
        for number in range(1, pulls + 1):
            touching = self._let_press()
            await asyncio.sleep(self._rng.uniform(*BETWEEN_S))
            is_long = number % LONG_EVERY == 1
            out_s = LEASE_S + GRACE_S if is_long else self._rng.uniform(*SHORT_S)
            self._cable.pull()
            await asyncio.sleep(out_s)
            problems = not_stale(read_looks(self._hosts_folder)) if is_long else []
            self._cable.plug()
            problems += self.load.witness.take_problems()
            self._tally.tried(f"link: pull {number}, out for {out_s:.1f} s", problems)
            touching.cancel()
            await asyncio.gather(touching, return_exceptions=True)
            self.load.failed()
            await self.calm()


def not_stale(looks: Looks) -> list[str]:
    """What still looks true at nodes that heard nobody for longer than a lease."""
    wrong = []
    for node, seen in sorted(looks.items()):
        _, _, kind = node.partition("-")
        # "refused" is as true: an officer pressed a key just now, and was told no.
        if events.DISPLAY in seen and seen.get(events.LIGHT, [""])[0] not in ("offline", "refused"):
            wrong.append(f"{node} has light {seen[events.LIGHT]}")
        if events.SIGN in seen and seen[events.SIGN][0] != "stale":
            wrong.append(f"{node} shows {seen[events.SIGN]}")
        if events.ROWS in seen and seen[events.ROWS][0] != "stale":
            wrong.append(f"{node} shows {seen[events.ROWS]}")
        # A face that is open may still be pressed: what it says is kept and sent later.
        if events.FACE in seen and kind == "rating" and seen[events.FACE][0] == "closed":
            wrong.append(f"{node} shows {seen[events.FACE]}")
    return [f"P5: {what} though it has heard nobody for {LEASE_S:.0f} s" for what in wrong]


async def pull_cable(tally: Tally, folder: Path, pulls: int, seed: int, plant: str) -> None:
    """So many pulls. Raises NoCableError."""
    with lay_cable() as cable:
        async with (
            Site.open(folder) as site,
            Zygote.warm("gateway", "node", plant=plant) as zygote,
            Zygote.warm("host", plant=plant, inside=cable.inside) as hosts,
        ):
            # Mosquitto listens on loopback; the proxy is the switch between it and the cable.
            switch = FaultProxy((HOST, site.broker.port), seed)
            await switch.start(cable.outside)
            try:
                hall = PulledHall(site, zygote, tally, seed, cable, hosts, switch.address)
                hall.pace(pulls * 2 * LEASE_S)
                await hall.start_all()
                await hall.calm()
                await hall.pull_about(pulls)
                await hall.settle()
                await hall.stop_all()
            finally:
                await switch.stop()
