"""Modules for MicroPython in the VM, in the folder `lib` beside this file.

LIBRARY stands on every VM's disk under /lib: it takes the place of parts of the build that do not
fit virtual time, and adds the way out to the hardware. BOARD_LIBRARY is what a whole board has
built in beside that; it lies in ROM, where a board's technician does not see it.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent / "lib"
MODULES = (
    "simulator.vm.lib.hardware",
    "simulator.vm.lib.rom",
    "simulator.vm.lib.select",
    "simulator.vm.lib.time",
)
BOARD_MODULES = (
    *MODULES,
    "simulator.vm.lib.console",
    "simulator.vm.lib.machine",
    "simulator.vm.lib.network",
    "simulator.vm.lib.os",
    "simulator.vm.lib.socket",
    "simulator.vm.lib.ssl",
    "simulator.vm.lib.stream",
)


def _read(modules: tuple[str, ...], folder: str) -> dict[str, bytes]:
    files = [f"{module.rpartition('.')[2]}.py" for module in modules]
    return {f"{folder}{file}": (_FOLDER / file).read_bytes() for file in files}


LIBRARY = _read(MODULES, "lib/")  # path on the disk -> source
BOARD_LIBRARY = _read(BOARD_MODULES, "")
