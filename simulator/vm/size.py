"""How much flash and heap each kind of node takes on a board, against budgets: `make size`.

With `--boards` the whole program of each board lives in its hall as well, see size_board.py.

A node of each kind starts in the real MicroPython under a hard heap limit and lives through an hour
of virtual time: a beat every 3 s, and every 30 s a new picture or job, a key or what its device
says, and an acknowledgement. Measured after a collection: what is kept, not what was used. The
driver, `size_node.py`, lies on the heap too: in a board's place for sockets and pins. A budget is
what was measured and a little room; who breaks one cuts, or raises it here and says why.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from gateway.releases.compile import compiled
from gateway.releases.contents import OWN, application, closure
from simulator.vm.disk import Disk
from simulator.vm.mount import rom_file_system
from simulator.vm.vm import Vm

# What an ESP32 begins with, and what it can grow to beside Wi-Fi.
START_HEAP_KIB, HEAP_KIB = 64, 110
HOUR_S = 3600
APPLICATION_BUDGET = 90_000  # bytes of flash in a slot, all .mpy files
# Kind -> bytes of heap in use after an hour: from .mpy files under HEAP_KIB, and from a ROM file
# system (which no stock firmware of an ESP32 has yet) under START_HEAP_KIB.
HEAP_BUDGETS = {
    "pad": (83_000, 50_500),
    "sign": (76_000, 47_500),
    "lamp": (74_500, 46_000),
    "rating": (77_500, 48_000),
}
# Of the whole program of a board, drivers, loop, link and store with it.
BOARD_BUDGETS_KIB = (("mpy", 108), ("rom", 76))
DRIVER = "simulator.vm.size_node"


@dataclass(frozen=True)
class Size:
    """Bytes of heap in use; `failed` is the error of a node that did not fit.

    `modules` are those of ours that it has imported.
    """

    kind: str
    heap_kib: int
    imported: int
    started: int
    ended: int
    modules: tuple[str, ...]
    failed: str

    @property
    def is_flat(self) -> bool:
        """Whether the hour left nothing behind that grows: no more than a few pictures."""
        return not self.failed and self.ended - self.started < 2048


def files(form: str) -> dict[str, bytes]:
    """The application and the driver, as .py or .mpy files."""
    found = closure((DRIVER,), packages=(*OWN, "simulator"))
    return found if form == "py" else compiled(found)


def measure(kind: str, heap_kib: int, form: str = "mpy", duration_s: int = HOUR_S) -> Size:
    """Run a node for that long; `form`: py, mpy, or rom (.mpy files run where they lie)."""
    program = f"from {DRIVER} import live\nlive({kind!r}, {duration_s})"
    program += "\nimport sys\nprint(' '.join(sys.modules))"
    if form == "rom":
        vm = Vm(rom=rom_file_system(files(form)), heap_kib=heap_kib)
        program = "import rom\n" + program
    else:
        vm = Vm(disk=Disk(files(form)), heap_kib=heap_kib)
    exit_code = vm.run("-c", program)
    words = vm.stdout.decode().split()
    modules = tuple(sorted(word for word in words if word.split(".")[0] in OWN))
    numbers = [int(word) for word in words if word.isdecimal()]
    failed = vm.stderr.decode().strip().split("\n")[-1] if exit_code else ""
    imported, started, ended = numbers + [0] * (3 - len(numbers))
    return Size(kind, heap_kib, imported, started, ended, modules, failed)


def over_budget(say: Callable[[str], object]) -> list[str]:
    """Measure everything; what is over its budget, or does not fit at all."""
    flash = compiled(application())
    total = sum(len(content) for content in flash.values())
    say(f"application: {len(flash)} files, {total} bytes of .mpy, budget {APPLICATION_BUDGET}\n")
    broken = ["application"] if total > APPLICATION_BUDGET else []
    say(f"{'kind':8}{'from':>5}{'KiB':>5}{'imported':>10}{'started':>9}{'hour':>8}{'budget':>8}\n")
    for kind, budgets in HEAP_BUDGETS.items():
        for form, heap_kib, budget in (
            ("mpy", HEAP_KIB, budgets[0]),
            ("rom", START_HEAP_KIB, budgets[1]),
        ):
            size = measure(kind, heap_kib, form)
            say(f"{kind:8}{form:>5}{heap_kib:>5}{size.imported:>10}{size.started:>9}")
            say(f"{size.ended:>8}{budget:>8}  {size.failed}\n")
            if size.failed or not size.is_flat or size.ended > budget:
                broken.append(f"{kind} from {form}")
        say(f"{'':8}imports {_listed(size.modules, flash)}\n")
    return broken


def _listed(modules: tuple[str, ...], flash: dict[str, bytes]) -> str:
    paths = {f"{name.replace('.', '/')}.mpy" for name in modules}
    paths |= {f"{name.replace('.', '/')}/__init__.mpy" for name in modules}
    count = len(paths & set(flash))
    total = sum(len(flash[path]) for path in paths & set(flash))
    kinds = " ".join(sorted(name.rpartition(".")[2] for name in modules if ".logic." in name))
    return f"{count} modules of it, {total} bytes; of its logic: {kinds}"


def boards_too_large(say: Callable[[str], object]) -> list[str]:
    """Let the whole program of every board live in its hall; those over their budget."""
    # Only here: it brings a whole hall along.
    from simulator.vm import size_board

    broken = []
    say(f"{'board':20}{'from':5}{'flash':>8}{'kept':>8}{'needs KiB':>10}{'budget':>8}\n")
    for board in size_board.boards():
        for form, budget_kib in BOARD_BUDGETS_KIB:
            needs = size_board.smallest_board_heap_kib(board, form)
            size = size_board.measure_board(board, needs, form)
            flash = size_board.flash_bytes(form)
            say(f"{board:20}{form:5}{flash:>8}{size.kept:>8}{needs:>10}{budget_kib:>8}\n")
            if size.failed or needs > budget_kib:
                broken.append(f"{board} from {form}")
    return broken


def main() -> None:
    """Print the table; exit code 1 when a budget is broken."""
    broken = over_budget(sys.stdout.write)
    if "--boards" in sys.argv[1:]:
        broken += boards_too_large(sys.stdout.write)
    if broken:
        sys.exit(f"hallkit: over budget (simulator/vm/size.py): {', '.join(broken)}")


if __name__ == "__main__":
    main()
