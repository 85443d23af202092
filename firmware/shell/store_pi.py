"""What a Pi node keeps over a power cut: a start counter and named values, one file each.

Rules: a value is written beside its file, synced, moved into place, and the folder is synced; so
after a cut at any moment a file holds the old value or the new one, whole. `put` returns when it
is durable. A file that holds anything else (a damaged card) is put aside and named in the log: a
node that can still print must not stay off because of it.
"""

import binascii
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,30}$")
_BOOT = "boot"
BOOT_MAX = 0x7FFFFFFF
_FIRST_BOOT_MAX = 1 << 30

log = logging.getLogger(__name__)


class PiStore:
    """One folder of one node, made when it is missing. Only one process may use it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.damaged: list[str] = []  # keys whose values were lost
        for partial in folder.glob("*.part"):
            partial.unlink()  # a cut came before it was moved into place

    def start(self, chance: Callable[[int], int]) -> int:
        """Count one more start, durably, and return its number, 1 to BOOT_MAX.

        The first one is by chance (`chance(limit)` is 0..limit-1): the gateway remembers (boot,
        seq) of what this node told it before its card was replaced, and would take a new report
        with the same numbers for an old one.
        """
        kept = self.get(_BOOT)
        boot = int(kept) % BOOT_MAX + 1 if kept.isdigit() else 1 + chance(_FIRST_BOOT_MAX)
        self.put(_BOOT, str(boot).encode())
        return boot

    def get(self, key: str) -> bytes:
        """What was put, b"" when nothing was."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return b""
        check, value = content[:8], content[8:]
        if check == _check(value):
            return value
        aside = path.with_suffix(".bad")
        path.replace(aside)
        self.damaged.append(key)
        log.error("%s: damaged, put aside as %s; its value is lost", path, aside.name)
        return b""

    def values(self) -> dict[str, bytes]:
        """All that was put, for ("restore", values, reports)."""
        names = sorted(path.stem for path in self._folder.glob("*.value"))
        found = {name: self.get(name) for name in names if name != _BOOT}
        return {name: value for name, value in found.items() if value}

    def put(self, key: str, value: bytes) -> None:
        """Keep a value; durable on return."""
        path = self._path(key)
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            file.write(_check(value) + value)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, key: str) -> Path:
        if not _NAME.match(key):
            raise ValueError(f"key {key!r}: small letters, digits, - and _ only")
        return self._folder / f"{key}.value"


def _check(value: bytes) -> bytes:
    return b"%08x" % binascii.crc32(value)
