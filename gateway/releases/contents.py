"""Which files of the source tree a board's application and its boot code are made of.

An application is what `firmware.shell.run_esp32` imports, directly or not, wherever in a module the
import stands; logics and messages of kinds that no ESP32 board is are left out. One release serves
all ESP32 boards: the driver and the logic a board does not have cost it flash, but no heap.
"""

import ast
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from boards.chips import ESP32
from boards.loader import board_names, load_board
from protocols.messages.node import NODE_KINDS

ROOT = Path(__file__).resolve().parents[2]
OWN = ("protocols", "firmware")
APPLICATION = ("firmware.shell.run_esp32",)
# On a board's root: name there -> module. Never updated over the air.
BOOT_SOURCES = {"boot.py": "firmware.boot.boot", "main.py": "firmware.boot.main"}
BOOTSTRAP = "firmware.boot.bootstrap"
# Brought by the technician for a while, and no part of a release.
SELF_TEST = "firmware.shell.selftest"
# Module -> the one that a board has in its place.
BUILT_IN = {"protocols.json_reader": "protocols.json_builtin"}
BOOT_FOLDER = "boot"


@functools.cache
def esp32_kinds() -> tuple[str, ...]:
    """The kinds of node that some ESP32 board can be."""
    found = {
        kind
        for name in board_names()
        if load_board(name).chip == ESP32
        for kind in load_board(name).kinds
    }
    return tuple(sorted(found))


def modules_of_kinds(kinds: tuple[str, ...]) -> set[str]:
    """The modules that only nodes of these kinds have."""
    found = set()
    for kind in kinds:
        found |= {f"firmware.logic.{kind}", f"protocols.messages.{kind}"}
    return found


def application() -> dict[str, bytes]:
    """Path -> source of the application of every ESP32 board."""
    foreign = tuple(kind for kind in NODE_KINDS if kind not in esp32_kinds())
    return closure(APPLICATION, modules_of_kinds(foreign), instead=BUILT_IN)


def boot_copy() -> dict[str, bytes]:
    """Path below `/boot` -> source of what the bootstrap imports before it chooses a slot."""
    found = closure((BOOTSTRAP,), APPLICATION)
    return {path: text for path, text in found.items() if path != _path(BOOTSTRAP)}


def source(module: str) -> bytes:
    """The text of one module."""
    return (ROOT / _path(module)).read_bytes()


def closure(
    entries: Iterable[str],
    left_out: Iterable[str] = (),
    packages: tuple[str, ...] = OWN,
    instead: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Path -> source of these modules and of all in `packages` that they import.

    `instead`: module -> the one whose source stands in its place.
    """
    found: dict[str, bytes] = {}
    waiting = list(entries)
    seen = set(left_out)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        text = source(instead.get(module, module))
        found[_path(module)] = text
        parent = module.rpartition(".")[0]
        waiting += [parent] if parent else []
        waiting += imported_by(text, packages)
    return dict(sorted(found.items()))


def imported_by(text: bytes, packages: tuple[str, ...] = OWN) -> list[str]:
    """The modules of `packages` that a source imports, wherever in it."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    ours = [name for name in found if name.split(".")[0] in packages]
    return [name for name in ours if (ROOT / _path(name)).is_file()]  # else a name in a module


def _path(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"
