"""Which faults one run suffers: their mix, and the schedule made of it from the seed.

A healthy system must survive all of these, in any mixture: any MQTT packet dropped, duplicated
where the protocol allows it, delayed; a gateway that dies at any point of a commit; a broker that
forgets everything; cables pulled; a printer without paper or with an open cover.
Not among them, because no design survives them: a journal that loses what it has committed.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Literal

# Where a gateway dies: while idle; between deciding and writing; while its write is not yet
# durable; after the commit and before a byte has left.
CrashPoint = Literal["idle", "decided", "writing", "committed"]
CRASH_POINTS: tuple[CrashPoint, ...] = ("idle", "decided", "writing", "committed")


@dataclass(frozen=True, slots=True)
class PacketFaults:
    """What happens to packets, each in percent of all packets; at most one befalls a packet."""

    drop_percent: float = 0
    duplicate_percent: float = 0
    delay_percent: float = 0
    delay_ms_max: int = 1500

    any: bool = field(init=False)

    def __post_init__(self) -> None:
        some = self.drop_percent + self.duplicate_percent + self.delay_percent > 0
        object.__setattr__(self, "any", some)


@dataclass(frozen=True, slots=True)
class FaultMix:
    """How much of everything; the defaults are a clean day."""

    packets: PacketFaults = field(default_factory=PacketFaults)
    gateway_crashes: int = 0
    broker_restarts: int = 0
    cable_pulls: int = 0
    connection_cuts: int = 0
    node_restarts: int = 0
    printer_faults: int = 0


CLEAN = FaultMix()
# The mix of the hundred hall-days: 10 % drops, 10 % duplicates, 5 restarts.
ROUGH = FaultMix(
    packets=PacketFaults(drop_percent=10, duplicate_percent=10, delay_percent=2),
    gateway_crashes=3,
    broker_restarts=2,
    cable_pulls=4,
    connection_cuts=4,
    node_restarts=4,
    printer_faults=2,
)
# The same breakages on a network that carries what it is given, so that the times of P4 hold.
BROKEN = replace(ROUGH, packets=PacketFaults())
MIXES = {"clean": CLEAN, "broken": BROKEN, "rough": ROUGH}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault. `target` is a node, or "" for gateway and broker."""

    at_ms: int
    kind: Literal["gateway", "broker", "cable", "cut", "restart", "paper", "cover"]
    target: str
    lasts_ms: int
    point: CrashPoint = "idle"


def schedule(
    mix: FaultMix,
    rng: random.Random,
    nodes: tuple[str, ...],
    printers: tuple[str, ...],
    from_ms: int,
    until_ms: int,
) -> list[Fault]:
    """The faults of one run, by time."""
    faults: list[Fault] = []

    def moment() -> int:
        return rng.randrange(from_ms, until_ms)

    for _ in range(mix.gateway_crashes):
        faults.append(
            Fault(moment(), "gateway", "", rng.randint(1000, 2000), rng.choice(CRASH_POINTS))
        )
    for _ in range(mix.broker_restarts):
        faults.append(Fault(moment(), "broker", "", rng.randint(300, 4000)))
    for _ in range(mix.cable_pulls):
        faults.append(Fault(moment(), "cable", rng.choice(nodes), rng.randint(1000, 120_000)))
    for _ in range(mix.connection_cuts):
        faults.append(Fault(moment(), "cut", rng.choice(nodes), 0))
    for _ in range(mix.node_restarts):
        faults.append(Fault(moment(), "restart", rng.choice(nodes), rng.randint(500, 5000)))
    for _ in range(mix.printer_faults if printers else 0):
        kind = rng.choice(("paper", "cover"))
        lasts_ms = rng.randint(20_000, 240_000)
        faults.append(
            Fault(moment(), "paper" if kind == "paper" else "cover", rng.choice(printers), lasts_ms)
        )
    return sorted(faults, key=lambda fault: (fault.at_ms, fault.kind, fault.target))
