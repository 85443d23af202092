"""What stands on every VM's disk under /lib: modules for MicroPython, in the folder of that name.

They take the place of parts of the build that do not fit virtual time, and add the way out to the
hardware.
"""

from pathlib import Path

_FOLDER = Path(__file__).parent / "lib"
MODULES = (
    "simulator.vm.lib.hardware",
    "simulator.vm.lib.rom",
    "simulator.vm.lib.select",
    "simulator.vm.lib.time",
)


def _read() -> dict[str, bytes]:
    files = [f"{module.rpartition('.')[2]}.py" for module in MODULES]
    return {f"lib/{file}": (_FOLDER / file).read_bytes() for file in files}


LIBRARY = _read()  # path on the disk -> source
