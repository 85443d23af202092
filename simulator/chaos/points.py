"""Which call is hit, how, and in what kind of life; which of all such points a sweep tries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.chaos.strace import fail_words, kill_words

KILL = "KILL"
# What a call answers instead of doing anything. A disk may refuse once (EIO) or be full (ENOSPC);
# ZERO is the shortest of short writes.
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "ZERO": "retval=0"}


@dataclass(frozen=True)
class Point:
    """The `when`-th `call` of a thread in a life of this kind: killed before it, or failed."""

    target: str
    life: str
    call: str
    when: int
    fault: str = KILL

    def __str__(self) -> str:
        command = "kill" if self.fault == KILL else "errors"
        return f"{command} --point {self.target}:{self.life}:{self.call}:{self.when}:{self.fault}"

    @classmethod
    def parse(cls, text: str) -> "Point":
        """What `__str__` wrote after --point. Raises ValueError."""
        target, life, call, when, fault = text.split(":")
        if fault != KILL and fault not in FAULTS:
            raise ValueError(f"{fault}: use {KILL}, {', '.join(FAULTS)}")
        return cls(target, life, call, int(when), fault)

    def words(self, folder: Path, names: Sequence[str]) -> list[str]:
        """For strace. A fault hits only files of these names in the folder, and the folder."""
        if self.fault == KILL:
            return kill_words(self.call, self.when)
        paths = [folder, *(folder / name for name in names)]
        return fail_words(self.call, FAULTS[self.fault], self.when, paths)


def choose(
    target: str, life: str, counted: Mapping[str, int], limit: int, fault: str = KILL
) -> list[Point]:
    """At most so many, spread evenly over each call; rare calls are tried at every place.

    A start has 4 ftruncates and 600 sends: an even choice of all would miss what is rare, and the
    rare ones are where a file changes its name or its length.
    """
    chosen: list[Point] = []
    calls = sorted(counted, key=lambda call: counted[call])
    for place, call in enumerate(calls):
        share = (limit - len(chosen)) // (len(calls) - place)
        count = counted[call]
        take = min(count, max(1, share))
        chosen += [
            Point(target, life, call, 1 + index * count // take, fault) for index in range(take)
        ]
    return chosen[:limit]
