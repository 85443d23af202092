"""A slot in memory, in the place of firmware/shell/slot_files.py. MicroPython subset.

`room` is what is free, in blocks of BLOCK_BYTES, before anything is written; a write beyond it, and
every operation once `broken` is set, raises OSError.
"""

from firmware.shell.slot_files import ABSENT, FOLDER, LINE_BYTES_MAX, PIECE_BYTES

BLOCK_BYTES = 4096


class MemorySlot:
    """Files by path; a file that was begun is not among them before it is finished."""

    def __init__(self, files: dict[str, bytes], room: int = 1000) -> None:
        self.files = files
        self.room = room
        self.broken = False
        self._path = ""
        self._data = b""

    def size(self, path: str) -> int:
        """As SlotFiles.size."""
        if path in self.files:
            return len(self.files[path])
        start = path + "/" if path else ""
        for name in self.files:
            if name.startswith(start):
                return FOLDER
        return ABSENT

    def names(self, folder: str) -> list[str]:
        """As SlotFiles.names."""
        start = folder + "/" if folder else ""
        found = []
        for path in self.files:
            if path.startswith(start):
                name = start + path[len(start) :].split("/")[0]
                if name not in found:
                    found.append(name)
        return sorted(found)

    def line(self, path: str, at: int) -> bytes:
        """As SlotFiles.line."""
        data = self._read(path)[at : at + LINE_BYTES_MAX]
        return data[: data.find(b"\n") + 1] if b"\n" in data else data

    def pieces(self, path: str):
        """As SlotFiles.pieces."""
        data = self._read(path)
        for at in range(0, len(data), PIECE_BYTES):
            yield data[at : at + PIECE_BYTES]

    def begin(self, path: str) -> None:
        """As SlotFiles.begin."""
        self._check()
        self.drop()
        self._path = path
        self._data = b""

    def append(self, data: bytes) -> None:
        """As SlotFiles.append."""
        self._check()
        self._data += data
        if self._used() + _blocks(self._data) > self.room:
            raise OSError("no space left")

    def finish(self) -> None:
        """As SlotFiles.finish."""
        self._check()
        self.files[self._path] = self._data
        self._path = ""

    def drop(self) -> None:
        """As SlotFiles.drop."""
        self._path = ""

    def remove(self, path: str) -> None:
        """As SlotFiles.remove; folders are there only while they hold something."""
        self._check()
        if path in self.files:
            del self.files[path]

    def rename(self, old: str, new: str) -> None:
        """As SlotFiles.rename."""
        self._check()
        self.files[new] = self.files.pop(old)

    def space(self) -> tuple[int, int]:
        """As SlotFiles.space."""
        return BLOCK_BYTES, max(0, self.room - self._used())

    def _used(self) -> int:
        return sum([_blocks(self.files[path]) for path in sorted(self.files)])

    def _read(self, path: str) -> bytes:
        if path not in self.files:
            raise OSError("no such file")
        return self.files[path]

    def _check(self) -> None:
        if self.broken:
            raise OSError("the flash is worn")


def _blocks(data: bytes) -> int:
    return -(-len(data) // BLOCK_BYTES)
