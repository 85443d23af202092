"""The swarm mixes: a seed draws the hall, the day, the weather, and which faults there are at all.

Most seeds have few kinds of fault, and each has them in another strength, so that rare faults are
not drowned by common ones: no seed has everything, all seeds together have (swarm testing: Groce
and others, ISSTA 2012). `brief` has the same faults on days of few visitors. Rules: all is drawn
from the seed alone, in one order.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from gateway.config import HallConfig
from protocols.topics import GATEWAY
from simulator.faults import CRASH_STEPS, Fault, in_order
from simulator.people.habits import Day
from simulator.plan import BRIEF_MIX, DEFAULT_MIX, Plan, hall_of
from simulator.weather import CALM, Weather

VISITORS_MIN = 10
# Minutes a visitor keeps a window busy: those of the service, and those nobody can hurry.
SERVICE_MINUTES = 6.6
WALK_MINUTES = 1.0
OPEN_MINUTES_MIN, OPEN_MINUTES_MAX = 6, 600
# A share of the seeds has no weather at all, so that the times of P4 hold all day.
CALM_SHARE = 0.4
CLASS_SHARE = 0.3
CHIEF_SHARE = 0.4
PHONES_SHARE = 0.3
COUNT_MAX = 6


@dataclass(frozen=True, slots=True)
class _Size:
    """How large days are: visitors, of each window too; how many times shorter services are.

    `hurry` as in Day: else half of a brief day would be one person who waits.
    """

    visitors_max: int
    each_window_max: int
    paces: tuple[int, ...]
    hurry: int


_SIZES = {
    DEFAULT_MIX: _Size(300, 300, (2, 4, 6, 8, 12, 16), 1),
    BRIEF_MIX: _Size(40, 8, (8, 12, 16), 6),
}


@dataclass(frozen=True, slots=True)
class _Draw:
    """What the faults of one run are drawn from."""

    rng: random.Random
    nodes: tuple[str, ...]
    stores: tuple[str, ...]  # nodes that keep something in their flash
    keyed: tuple[str, ...]
    kiosks: tuple[str, ...]
    voices: tuple[str, ...]
    day: Day

    def at_ms(self) -> int:
        return self.rng.randrange(self.day.opens_ms, self.day.closes_ms)

    def lasts_ms(self, least_ms: int, most_ms: int) -> int:
        """Short ones as often as long ones: evenly on a logarithmic scale."""
        lasts_ms: float = least_ms * (most_ms / least_ms) ** self.rng.random()
        return round(lasts_ms)

    def fault(self, kind: str, target: str, least_ms: int, most_ms: int, count: int = 0) -> Fault:
        return Fault(self.at_ms(), kind, target, self.lasts_ms(least_ms, most_ms), "now", count)  # type: ignore[arg-type]  # the kinds below


def swarm(seed: int, mix: str = DEFAULT_MIX) -> Plan:
    """The plan of this seed; `mix` is one of SWARMS."""
    rng, size = random.Random(f"{seed}/{mix}"), _SIZES[mix]
    windows = rng.randint(1, 8)
    visitors = round(VISITORS_MIN * (size.visitors_max / VISITORS_MIN) ** rng.random())
    pace = rng.choice(size.paces)
    load = rng.uniform(0.4, 1.2)
    each_minutes = (SERVICE_MINUTES / pace + WALK_MINUTES) / windows / load
    # More than the longest day has room for would still be waiting when all must be over.
    most = min(size.each_window_max * windows, round(OPEN_MINUTES_MAX / each_minutes))
    visitors = min(visitors, most)
    minutes = max(OPEN_MINUTES_MIN, visitors * each_minutes)
    open_hours_ms = round(minutes) * 60_000
    day = Day(visitors=visitors, open_hours_ms=open_hours_ms, pace=pace, hurry=size.hurry)
    day = _with_callers(day, seed, mix)
    weather = _calm(seed) if rng.random() < CALM_SHARE else _weather(rng)
    classes = [draw for draw in _CLASSES[mix] if rng.random() < CLASS_SHARE]
    spare = _intruder in classes
    draw = _draw_of(rng, hall_of(windows), day)
    faults = [make(draw) for make in classes for _ in range(rng.randint(1, COUNT_MAX))]
    return Plan(seed, mix, day, windows, spare, weather, in_order(faults))


def _with_callers(day: Day, seed: int, mix: str) -> Day:
    """On some days people act over the REST API as well; drawn apart, as the rest came first."""
    rng = random.Random(f"{seed}/{mix}/callers")
    chief = rng.random() < CHIEF_SHARE
    phones_percent = rng.randint(1, 60) if rng.random() < PHONES_SHARE else 0
    return replace(day, chief=chief, phones_percent=phones_percent)


def _draw_of(rng: random.Random, config: HallConfig, day: Day) -> _Draw:
    def of(*kinds: str) -> tuple[str, ...]:
        return tuple(node.id for node in config.nodes if node.kind in kinds)

    nodes = tuple(node.id for node in config.nodes)
    stores = of("ticket", "voice", "rating")
    return _Draw(rng, nodes, stores, of("pad", "rating"), of("ticket"), of("voice"), day)


def _calm(seed: int) -> Weather:
    """Nothing is lost; on some days the broker tells wills late, which must be seen through."""
    rng = random.Random(f"{seed}/late wills")
    if rng.random() < CALM_SHARE:
        return CALM
    return replace(CALM, late_will_percent=50, late_will_ms_max=rng.choice((500, 5000, 40_000)))


def _weather(rng: random.Random) -> Weather:
    def some(most: float) -> float:
        return round(rng.uniform(0, most), 1) if rng.random() < 0.5 else 0

    return Weather(
        drop_percent=some(30),
        duplicate_percent=some(30),
        delay_percent=some(10),
        delay_ms_max=rng.choice((500, 1500, 4000)),
        overtaken_percent=some(20),
        overtaken_ms_max=rng.choice((30, 300, 2000)),
        latency_ms_mean=rng.randint(30, 100) if rng.random() < 0.4 else 0,
        late_will_percent=some(100),
        late_will_ms_max=rng.choice((500, 5000, 40_000)),
    )


# ---- one class of faults each ----


def _gateway(draw: _Draw) -> Fault:
    step = draw.rng.choice(CRASH_STEPS)
    count = draw.rng.randint(1, {"callback": 60, "send": 30, "recovery": 8}.get(step, 6))
    return Fault(draw.at_ms(), "gateway", "", draw.lasts_ms(200, 60_000), step, count)


def _upgrade(draw: _Draw) -> Fault:
    return draw.fault("upgrade", "", 500, 5_000, draw.rng.randint(1, 5))


def _machine(draw: _Draw) -> Fault:
    return draw.fault("machine", "", 5_000, 120_000)


def _clock(draw: _Draw) -> Fault:
    jump_s = draw.rng.choice((-86_400, 86_400, -3_600, 3_600, 7_200, -90, 90))
    return draw.fault("clock", "", 1_000, 1_800_000, jump_s)


def _disk(draw: _Draw) -> Fault:
    return draw.fault(draw.rng.choice(("full", "broken")), "", 200, 60_000)


def _damage(draw: _Draw) -> Fault:
    return draw.fault("damage", "", 3_000, 30_000, draw.rng.randrange(1 << 16))


def _broker(draw: _Draw) -> Fault:
    return draw.fault(draw.rng.choice(("broker", "broker", "old_broker")), "", 100, 20_000)


def _cut(draw: _Draw) -> Fault:
    return draw.fault("cut", draw.rng.choice((*draw.nodes, GATEWAY)), 1, 2)


def _cable(draw: _Draw) -> Fault:
    kind = draw.rng.choice(("cable", "deaf", "mute"))
    return draw.fault(kind, draw.rng.choice(draw.nodes), 500, 180_000)


def _switch(draw: _Draw) -> Fault:
    """Many at once, perhaps with the gateway: a switch without supply."""
    names = draw.rng.sample(draw.nodes, draw.rng.randint(2, len(draw.nodes)))
    names += [GATEWAY] if draw.rng.random() < 0.3 else []
    return draw.fault(draw.rng.choice(("cable", "deaf", "mute")), " ".join(names), 500, 60_000)


def _line(draw: _Draw) -> Fault:
    """The gateway's own line."""
    return draw.fault(draw.rng.choice(("cable", "deaf", "mute")), GATEWAY, 500, 60_000)


def _clog(draw: _Draw) -> Fault:
    return draw.fault("clog", draw.rng.choice((*draw.nodes, GATEWAY)), 100, 5_000)


def _ghost(draw: _Draw) -> Fault:
    return draw.fault("ghost", draw.rng.choice((*draw.nodes, GATEWAY)), 1, 2)


def _restart(draw: _Draw) -> Fault:
    return draw.fault("restart", draw.rng.choice(draw.nodes), 300, 60_000)


def _torn(draw: _Draw) -> Fault:
    return draw.fault("torn", draw.rng.choice(draw.stores), 300, 10_000, draw.rng.randint(1, 9))


def _board(draw: _Draw) -> Fault:
    return draw.fault("board", draw.rng.choice(draw.nodes), 5_000, 60_000)


def _stuck(draw: _Draw) -> Fault:
    key = draw.rng.randrange(9)
    return draw.fault("stuck", draw.rng.choice(draw.keyed), 1_000, 120_000, key)


def _spike(draw: _Draw) -> Fault:
    return draw.fault("spike", draw.rng.choice(draw.keyed), 1, 2, draw.rng.randrange(9))


def _paper(draw: _Draw) -> Fault:
    kind = draw.rng.choice(("paper", "cover", "jam", "silent", "printer_off"))
    return draw.fault(kind, draw.rng.choice(draw.kiosks), 2_000, 240_000)


def _speaker(draw: _Draw) -> Fault:
    return draw.fault("speaker", draw.rng.choice(draw.voices), 2_000, 120_000)


def _kiosk(draw: _Draw) -> Fault:
    """The kiosk loses its supply, its line or a write: P6 and P7 live there."""
    kind = draw.rng.choice(("restart", "cable", "torn"))
    return draw.fault(kind, draw.rng.choice(draw.kiosks), 500, 120_000, draw.rng.randint(1, 9))


def _intruder(draw: _Draw) -> Fault:
    return draw.fault("intruder", "", 10_000, 600_000)


def _alone(draw: _Draw) -> Fault:
    """A kiosk gives out its own numbers, starts in between, and then tells all at once."""
    starts = draw.rng.randint(0, 3)
    return draw.fault("alone", draw.rng.choice(draw.kiosks), 60_000, 300_000, starts)


_WHOLE: tuple[Callable[[_Draw], Fault], ...] = (
    _gateway,
    _upgrade,
    _machine,
    _clock,
    _disk,
    _damage,
    _broker,
    _cut,
    _cable,
    _switch,
    _line,
    _clog,
    _ghost,
    _restart,
    _torn,
    _board,
    _stuck,
    _spike,
    _paper,
    _speaker,
    _kiosk,
    _intruder,
)
# What was drawn for a seed of the whole days stays as it is: found days are named by it.
_CLASSES = {DEFAULT_MIX: _WHOLE, BRIEF_MIX: (*_WHOLE, _alone)}
