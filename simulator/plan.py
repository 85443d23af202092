"""All that one run is told: its seed, its hall, its day, its weather, its faults.

Rules: a plan is plain data, so that a failing one can be made smaller and printed as a test; with
the code at one commit it decides every byte of a run.
"""

import random
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import lru_cache
from importlib import resources

from gateway.config import HallConfig, Window
from gateway.hallfile import parse_hall
from simulator.faults import MIXES, Fault, FaultMix, schedule
from simulator.people.habits import Day
from simulator.weather import CALM, Weather

# A window that nobody uses and no person goes to, for whoever has stolen its credential.
SPARE = "spare"
SPARE_LABEL = "99"
DEFAULT_MIX = "swarm"
# The same faults on days of a few visitors: most bugs show there too, in a fraction of the time.
BRIEF_MIX = "brief"
# These draw the hall and the day as well.
SWARMS = (DEFAULT_MIX, BRIEF_MIX)


@dataclass(frozen=True, slots=True)
class Plan:
    """`windows`: how many of the hall's; `visitors`: only these of the day's, None: all of them.

    `mix`: the name it was made by, for the line that replays it; "" for one made by hand.
    """

    seed: int
    mix: str = ""
    day: Day = field(default_factory=Day)
    windows: int = 8
    spare: bool = False
    weather: Weather = CALM
    faults: tuple[Fault, ...] = ()
    visitors: tuple[int, ...] | None = None

    @property
    def is_clean(self) -> bool:
        """Nothing at all is broken or lost."""
        return not self.faults and self.weather == CALM

    def replay(self) -> str:
        """The one line that runs it again; whatever is not the default stands in ARGS."""
        day, default = self.day, Day()
        told = Day(visitors=day.visitors, open_hours_ms=day.open_hours_ms, pace=day.pace)
        if not self.mix or (self.mix not in SWARMS and day != told):
            return f"replay with: World({self.source()}).run()"
        words = [] if self.mix == DEFAULT_MIX else [f"--faults {self.mix}"]
        if self.mix not in SWARMS:
            if self.day.visitors != default.visitors:
                words.append(f"--visitors {self.day.visitors}")
            if self.day.open_hours_ms != default.open_hours_ms:
                words.append(f"--minutes {self.day.open_hours_ms // 60_000}")
            if self.day.pace != default.pace:
                words.append(f"--pace {self.day.pace}")
        line = f"replay with: make sim SEED={self.seed}"
        return f'{line} ARGS="{" ".join(words)}"' if words else line

    def source(self) -> str:
        """The plan as Python, what is the default left out."""
        return source(self)


def source(value: object) -> str:
    """A plan, or a part of one, as Python; what is the default left out."""
    if isinstance(value, tuple):
        inside = ", ".join(source(each) for each in value)
        return f"({inside},)" if value else "()"
    if not is_dataclass(value):
        return repr(value)
    words = []
    for each in fields(value):
        now = getattr(value, each.name)
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if each.init and now != default:
            words.append(f"{each.name}={source(now)}")
    return f"{type(value).__name__}({', '.join(words)})"


def named(seed: int, mix: str, day: Day | None = None) -> Plan:
    """The plan of a named mix, in the whole hall."""
    return of_mix(seed, MIXES[mix], day or Day(), mix)


def of_mix(seed: int, mix: FaultMix, day: Day, name: str = "") -> Plan:
    """The plan of any mix, in the whole hall."""
    config = hall_of(8)
    nodes = tuple(node.id for node in config.nodes)
    kiosks = tuple(node.id for node in config.nodes if node.kind == "ticket")
    rng = random.Random(f"{seed}/faults")
    faults = schedule(mix, rng, nodes, kiosks, day.opens_ms, day.closes_ms)
    return Plan(seed, name, day, weather=mix.weather, faults=faults)


@lru_cache(maxsize=32)
def hall_of(windows: int, spare: bool = False) -> HallConfig:
    """The hall that runs out of the box, with its first windows only; every service is served.

    `spare` adds one window, closed all day, with the devices an intruder may pretend to be.
    """
    text = resources.files("gateway").joinpath("halls", "langfang.toml").read_text("utf-8")
    whole = parse_hall(text, "langfang.toml")
    kept = list(whole.window[:windows])
    orphans = [
        service.code
        for service in whole.service
        if not any(service.code in window.services for window in kept)
    ]
    for place, code in enumerate(orphans):
        window = kept[place % len(kept)]
        services = (*window.services, code)
        kept[place % len(kept)] = window.model_copy(update={"services": services})
    if spare:
        devices = ("pad", "rating")
        codes = tuple(service.code for service in whole.service)
        kept.append(Window(id=SPARE, label=SPARE_LABEL, services=codes, devices=devices))
    return HallConfig.model_validate(
        whole.model_dump() | {"window": [window.model_dump() for window in kept]}
    )
