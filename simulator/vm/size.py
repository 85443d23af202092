"""How much flash and heap each kind of node takes on a board: `python -m simulator.vm.size`.

A node of each kind starts in the real MicroPython under a hard heap limit and lives through an hour
of virtual time: a beat every 3 s, and every 30 s a new picture or job, a key or what its device
says, and an acknowledgement. Measured after a collection: what is kept, not what was used. The
driver, `size_node.py`, lies on the heap too: in a board's place for sockets and pins.
"""

import sys
from dataclasses import dataclass

from firmware.logic.registry import KINDS
from simulator.vm.disk import Disk
from simulator.vm.interpreter import ROOT
from simulator.vm.mount import application, compiled, rom_file_system
from simulator.vm.vm import Vm

# What an ESP32 begins with, what it can grow to beside Wi-Fi, and enough to see what is needed.
HEAPS_KIB = (64, 110, 256)
FORMS = ("py", "mpy", "rom")  # source, compiled, compiled and run from a ROM file system
STEP_KIB = 4
HOUR_S = 3600
DRIVER = "simulator.vm.size_node"


@dataclass(frozen=True)
class Size:
    """Bytes of heap in use; `failed` is the error of a node that did not fit."""

    kind: str
    heap_kib: int
    imported: int
    started: int
    ended: int
    failed: str

    @property
    def is_flat(self) -> bool:
        """Whether the hour left nothing behind that grows: no more than a few pictures."""
        return not self.failed and self.ended - self.started < 2048


def files(form: str) -> dict[str, bytes]:
    """The application and the driver, as .py or .mpy files."""
    driver = DRIVER.rpartition(".")[2] + ".py"
    found = application() | {driver: (ROOT / "simulator" / "vm" / driver).read_bytes()}
    return found if form == "py" else compiled(found)


def measure(kind: str, heap_kib: int, form: str = "mpy", duration_s: int = HOUR_S) -> Size:
    """Run a node for that long."""
    program = f"import size_node\nsize_node.live({kind!r}, {duration_s})"
    if form == "rom":
        vm = Vm(rom=rom_file_system(files(form)), heap_kib=heap_kib)
        program = "import rom\n" + program
    else:
        vm = Vm(disk=Disk(files(form)), heap_kib=heap_kib)
    exit_code = vm.run("-c", program)
    words = [int(word) for word in vm.stdout.split()]
    failed = vm.stderr.decode().strip().split("\n")[-1] if exit_code else ""
    imported, started, ended = words + [0] * (3 - len(words))
    return Size(kind, heap_kib, imported, started, ended, failed)


def smallest_heap_kib(kind: str, form: str) -> int:
    """The smallest limit, in steps of STEP_KIB, under which a node lives through five minutes."""
    heap_kib = 32
    while measure(kind, heap_kib, form, 300).failed:
        heap_kib += STEP_KIB
    return heap_kib


def main() -> None:
    """Print the table."""
    out = sys.stdout.write
    for form in FORMS:
        total = sum(len(content) for content in files(form).values())
        out(f"application as {form}: {total} bytes of flash\n")
        out(f"{'kind':8}{'heap KiB':>9}{'imported':>10}{'started':>9}{'after 1 h':>10}\n")
        for kind in KINDS:
            for heap_kib in HEAPS_KIB:
                size = measure(kind, heap_kib, form)
                numbers = f"{size.imported:>10}{size.started:>9}{size.ended:>10}"
                out(f"{kind:8}{heap_kib:>9}{numbers}  {size.failed}\n")
            out(f"{kind:8}needs {smallest_heap_kib(kind, form)} KiB\n")


if __name__ == "__main__":
    main()
