"""A board's flash in memory, with faults: files by path, a count of operations, a power cut at one.

Rules:
- a path is "a/b.txt", no leading slash; "" is the root folder;
- every operation that changes something counts; number `cut_at` is where the power fails
  (`PowerCutError`). A folder, rename or unlink is then done or not by chance, never half;
- "littlefs" (the ESP32's): what is written to a file is there once the file is closed or synced; a
  cut before leaves the contents as they were at the last of these;
- "torn": bytes are there as soon as written, and of the write that is cut a part by chance.
`power_on()` after a cut: what survived is what is there.
"""

import random
from collections.abc import Mapping

LITTLEFS = "littlefs"
TORN = "torn"


class PowerCutError(BaseException):
    """The power failed. No `except Exception` of a host in between may swallow it."""


class DiskFullError(OSError):
    """No room for this write; nothing of it was done."""


class Disk:
    """The files of one board; outlives its VMs."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        capacity_bytes: int = 2 << 20,
        model: str = LITTLEFS,
        seed: int = 0,
    ) -> None:
        if model not in (LITTLEFS, TORN):
            raise ValueError(f"model {model!r}: use {LITTLEFS} or {TORN}")
        self.capacity_bytes = capacity_bytes
        self.operations = 0
        self.cut_at: int | None = None
        self._littlefs = model == LITTLEFS
        self._chance = random.Random(seed)
        self._nodes: dict[str, bytearray | None] = {"": None}  # None is a folder
        self._durable: dict[str, bytes] = {}  # of files changed since their last close or sync
        for path, content in (files or {}).items():
            self.put(path, content)

    # ---- for the host ----

    def put(self, path: str, content: bytes) -> None:
        """Lay a file there, with its folders; no operation of the board."""
        parts = path.strip("/").split("/")
        for count in range(1, len(parts)):
            self._nodes.setdefault("/".join(parts[:count]), None)
        self._nodes["/".join(parts)] = bytearray(content)

    def get(self, path: str) -> bytes:
        """The contents of a file. Raises FileNotFoundError."""
        content = self._nodes.get(path.strip("/"))
        if content is None:
            raise FileNotFoundError(path)
        return bytes(content)

    def files(self) -> dict[str, bytes]:
        """Every file, by path."""
        return {
            path: bytes(self._nodes[path] or b"")
            for path in sorted(self._nodes)
            if self._nodes[path] is not None
        }

    def wipe(self) -> None:
        """The flash was erased: no file is left."""
        self._nodes = {"": None}
        self._durable = {}

    def lose_power(self) -> None:
        """Forget what was not durable; also after a cut by fuel."""
        for path, content in self._durable.items():
            if self._nodes.get(path) is not None:
                self._nodes[path] = bytearray(content)
        self._durable = {}

    def power_on(self) -> None:
        """No cut is planned any more."""
        self.cut_at = None

    # ---- for the VM ----

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder."""
        return path in self._nodes

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder."""
        return path in self._nodes and self._nodes[path] is None

    def size(self, path: str) -> int:
        """Bytes of a file, 0 of a folder."""
        return len(self._nodes[path] or b"")

    def names(self, folder: str) -> list[str]:
        """What is directly in a folder."""
        prefix = folder + "/" if folder else ""
        inside = [path[len(prefix) :] for path in self._nodes if path and path.startswith(prefix)]
        return sorted(name for name in inside if "/" not in name)

    def read(self, path: str, at: int, size: int) -> bytes:
        """At most `size` bytes of a file."""
        return bytes((self._nodes[path] or b"")[at : at + size])

    def create(self, path: str) -> None:
        """An empty file where there was none."""
        if self._survives():
            self._nodes[path] = bytearray()
        self._fail_if_cut()

    def truncate(self, path: str) -> None:
        """Empty a file that is there."""
        self._touch(path)
        if self._survives():
            self._nodes[path] = bytearray()
        self._fail_if_cut()

    def write(self, path: str, at: int, data: bytes) -> None:
        """Put bytes into a file, filling a gap with zeros. Raises DiskFullError."""
        content = self._nodes[path]
        assert content is not None
        grown = max(0, at + len(data) - len(content))
        used = sum(len(node) for node in self._nodes.values() if node is not None)
        if used + grown > self.capacity_bytes:
            raise DiskFullError(f"{path}: {used + grown} bytes, the disk has {self.capacity_bytes}")
        self._touch(path)
        self.operations += 1
        if self._is_cut():
            data = data[: self._chance.randrange(len(data) + 1)]
        if at > len(content):
            content.extend(bytes(at - len(content)))
        content[at : at + len(data)] = data
        self._fail_if_cut()

    def sync(self, path: str) -> None:
        """A file was closed or synced: it is durable now."""
        if path in self._durable:
            if self._survives():
                del self._durable[path]
            self._fail_if_cut()

    def make_folder(self, path: str) -> None:
        """A new folder."""
        if self._survives():
            self._nodes[path] = None
        self._fail_if_cut()

    def remove(self, path: str) -> None:
        """A file, or an empty folder."""
        if self._survives():
            del self._nodes[path]
            self._durable.pop(path, None)
        self._fail_if_cut()

    def rename(self, source: str, target: str) -> None:
        """Move a file or a folder, over a file that is there."""
        if self._survives():
            for path in [path for path in self._nodes if (path + "/").startswith(source + "/")]:
                moved = target + path[len(source) :]
                self._nodes[moved] = self._nodes.pop(path)
                self._durable.pop(moved, None)
                if path in self._durable:
                    self._durable[moved] = self._durable.pop(path)
        self._fail_if_cut()

    # ---- inside ----

    def _touch(self, path: str) -> None:
        if self._littlefs and path not in self._durable:
            self._durable[path] = bytes(self._nodes[path] or b"")

    def _is_cut(self) -> bool:
        return self.cut_at is not None and self.operations >= self.cut_at

    def _survives(self) -> bool:
        """Count an operation that is done whole or not at all; whether it is done."""
        self.operations += 1
        return not self._is_cut() or self._chance.random() < 0.5

    def _fail_if_cut(self) -> None:
        if self._is_cut():
            self.lose_power()
            raise PowerCutError(f"at operation {self.operations}")
