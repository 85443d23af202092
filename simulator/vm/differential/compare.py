"""Run a subject on both runtimes and find the first line that differs. CPython only.

The VM has it as a board would: compiled as a release is.

python -m simulator.vm.differential.compare SUBJECT SEED [STEPS]
"""

import sys
from dataclasses import dataclass

from gateway.releases.compile import compiled
from gateway.releases.contents import OWN, closure
from simulator.vm.differential.run import SUBJECTS, run
from simulator.vm.disk import Disk
from simulator.vm.vm import Vm

# Room for product and drivers; the heaps of boards are the business of simulator.vm.size.
HEAP_KIB = 512
DRIVERS = "simulator.vm.differential.run"
# From the bottom up: the stack of the VM, like a board's, does not hold a long chain of imports.
_PROGRAM = f"""
import protocols.wire
import protocols.topics
from {DRIVERS} import run
"""


@dataclass(frozen=True)
class Difference:
    """The first line that is not the same."""

    subject: str
    seed: int
    steps: int
    line: int
    cpython: str
    micropython: str

    def __str__(self) -> str:
        return (
            f"{self.subject} seed {self.seed}, line {self.line}:\n"
            f"  CPython      {self.cpython}\n"
            f"  MicroPython  {self.micropython}\n"
            f"again with: python -m simulator.vm.differential.compare "
            f"{self.subject} {self.seed} {self.steps}"
        )


def compare(subject: str, seeds: range, steps: int) -> tuple[int, Difference | None]:
    """(effects that were the same, the first difference). One VM runs all seeds.

    Lines that begin with ~ are compared, but are no effects.
    """
    disk = Disk(compiled(closure((DRIVERS,), packages=(*OWN, "simulator"))))
    vm = Vm(disk=disk, heap_kib=HEAP_KIB)
    calls = [
        f"print('~ seed {seed}')\nrun({subject!r}, {seed}, {steps}, print)\n" for seed in seeds
    ]
    exit_code = vm.run("-c", _PROGRAM + "".join(calls) + "print('end')")
    there = vm.stdout.decode().split("\n")
    here: list[str] = []
    at = 0
    effects = 0
    for seed in seeds:
        here = [f"~ seed {seed}"]
        run(subject, seed, steps, here.append)
        for index, line in enumerate(here):
            other = there[at + index] if at + index < len(there) - 1 else ""
            if line != other:
                if at + index >= len(there) - 1:
                    other = f"exit code {exit_code}: {vm.stderr.decode()}"
                return effects, Difference(subject, seed, steps, index, line, other)
        at += len(here)
        effects += sum(not line.startswith("~") for line in here)
    if there[at:] != ["end", ""]:
        return effects, Difference(subject, seeds[-1], steps, len(here), "end", there[at])
    return effects, None


def main() -> None:
    """Compare what the command line names."""
    subject = sys.argv[1]
    if subject not in SUBJECTS:
        sys.exit(f"hallkit: {subject}: no such subject, one of {' '.join(SUBJECTS)}")
    seed = int(sys.argv[2])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    count, difference = compare(subject, range(seed, seed + 1), steps)
    sys.exit(str(difference) if difference else f"{count} effects are the same")


if __name__ == "__main__":
    main()
