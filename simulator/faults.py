"""Single faults, the named mixes of them, and the schedule made of a mix from the seed.

A healthy system must survive all of these, in any mixture. Not among them, because no design
survives them: a journal that loses what it has committed, flash that forgets what was durable.
`simulator.breakage` carries them out.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Literal

from simulator.weather import CALM, Weather

# Where a gateway dies: now; after the n-th callback of its loop from now; after the n-th packet it
# sends; in the n-th call of its journal (odd: before it is done, even: done, but not yet returned);
# or now, and again in the n-th journal call of the start that follows.
CrashStep = Literal["now", "callback", "send", "journal", "recovery"]
CRASH_STEPS: tuple[CrashStep, ...] = ("now", "callback", "send", "journal", "recovery")

FaultKind = Literal[
    # the gateway's computer: killed, ended in order and started as another version, switched off,
    # its wall clock set, its disk full or broken, a record of its journal damaged
    "gateway",
    "upgrade",
    "machine",
    "clock",
    "full",
    "broken",
    "damage",
    # the network: the broker restarts and knows nothing, or old news; a connection is cut; no
    # bytes pass, in both directions or one; they pass late; the broker thinks a client is gone
    "broker",
    "old_broker",
    "cut",
    "cable",
    "deaf",
    "mute",
    "clog",
    "ghost",
    # a node: its supply fails, in the middle of a write, for good (a new board under its name), or
    # again and again while its cable is out; keys held down for long, or hit by a spike
    "restart",
    "torn",
    "board",
    "alone",
    "stuck",
    "spike",
    # parts: the roll ends, cover open, cutter jammed, printer silent, its supply fails, speaker
    "paper",
    "cover",
    "jam",
    "silent",
    "printer_off",
    "speaker",
    # somebody has stolen the credential of a node that nobody uses
    "intruder",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned fault. `target`: nodes, or `gw`, separated by blanks; `count` by its kind."""

    at_ms: int
    kind: FaultKind
    target: str = ""
    lasts_ms: int = 0
    step: CrashStep = "now"
    count: int = 0

    def __str__(self) -> str:
        words: list[str] = [self.kind]
        words += [self.target] if self.target else []
        words += [f"{self.step} {self.count}"] if self.kind in ("gateway", "machine") else []
        words += [f"count {self.count}"] if self.count and self.kind not in ("gateway",) else []
        return f"{' '.join(words)} for {self.lasts_ms} ms"


@dataclass(frozen=True, slots=True)
class FaultMix:
    """How much of everything; the defaults are a clean day."""

    weather: Weather = field(default_factory=Weather)
    gateway_crashes: int = 0
    broker_restarts: int = 0
    cable_pulls: int = 0
    connection_cuts: int = 0
    node_restarts: int = 0
    printer_faults: int = 0


CLEAN = FaultMix()
# Ten percent of all packets lost, ten doubled, and five restarts.
ROUGH = FaultMix(
    weather=Weather(drop_percent=10, duplicate_percent=10, delay_percent=2),
    gateway_crashes=3,
    broker_restarts=2,
    cable_pulls=4,
    connection_cuts=4,
    node_restarts=4,
    printer_faults=2,
)
# The same breakages on a network that carries what it is given, so that the times of P4 hold.
BROKEN = replace(ROUGH, weather=CALM)
MIXES = {"clean": CLEAN, "broken": BROKEN, "rough": ROUGH}


def schedule(
    mix: FaultMix,
    rng: random.Random,
    nodes: tuple[str, ...],
    printers: tuple[str, ...],
    from_ms: int,
    until_ms: int,
) -> tuple[Fault, ...]:
    """The faults of one run, by time."""
    faults: list[Fault] = []

    def add(kind: FaultKind, target: str, lasts_ms: int) -> None:
        faults.append(Fault(rng.randrange(from_ms, until_ms), kind, target, lasts_ms))

    for _ in range(mix.gateway_crashes):
        step = rng.choice(CRASH_STEPS)
        at_ms, lasts_ms = rng.randrange(from_ms, until_ms), rng.randint(1000, 2000)
        faults.append(Fault(at_ms, "gateway", "", lasts_ms, step, rng.randint(1, 6)))
    for _ in range(mix.broker_restarts):
        add("broker", "", rng.randint(300, 4000))
    for _ in range(mix.cable_pulls):
        add("cable", rng.choice(nodes), rng.randint(1000, 120_000))
    for _ in range(mix.connection_cuts):
        add("cut", rng.choice(nodes), 0)
    for _ in range(mix.node_restarts):
        add("restart", rng.choice(nodes), rng.randint(500, 5000))
    for _ in range(mix.printer_faults if printers else 0):
        add(rng.choice(("paper", "cover")), rng.choice(printers), rng.randint(20_000, 240_000))
    return in_order(faults)


def in_order(faults: list[Fault]) -> tuple[Fault, ...]:
    """By time; those of one instant always in the same order."""
    return tuple(sorted(faults, key=lambda each: (each.at_ms, each.kind, each.target)))
