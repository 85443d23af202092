"""The files of one application slot in the ESP32's flash. MicroPython.

Nothing outside the slot's folder can be named. What is written is durable once `finish` returns,
removed and renamed at once (littlefs). Raises OSError.
"""

import os

PIECE_BYTES = 512
LINE_BYTES_MAX = 256
_FOLDER_BIT = 0x4000
ABSENT = -1
FOLDER = -2


class SlotFiles:
    """`root` is the slot's folder, such as "b"; it need not exist yet."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._open: list = []  # the file that is being written

    def size(self, path: str) -> int:
        """Bytes of a file, or FOLDER, or ABSENT."""
        try:
            stat = os.stat(self._at(path))
        except OSError:
            return ABSENT
        return FOLDER if stat[0] & _FOLDER_BIT else stat[6]

    def names(self, folder: str) -> list[str]:
        """The paths of what is right in a folder; "" is the slot itself."""
        if self.size(folder) != FOLDER:
            return []
        start = folder + "/" if folder else ""
        return [start + name for name in sorted(os.listdir(self._at(folder)))]

    def line(self, path: str, at: int) -> bytes:
        """The line that begins at a byte, with its end; at most LINE_BYTES_MAX of it."""
        with open(self._at(path), "rb") as file:
            file.seek(at)
            data: bytes = file.read(LINE_BYTES_MAX)  # `readline` would read byte by byte
        return data[: data.find(b"\n") + 1] if b"\n" in data else data

    def pieces(self, path: str):  # type: ignore[no-untyped-def]  # the subset has no Iterator
        """The contents, PIECE_BYTES at a time."""
        with open(self._at(path), "rb") as file:
            piece = file.read(PIECE_BYTES)
            while piece:
                yield piece
                piece = file.read(PIECE_BYTES)

    def begin(self, path: str) -> None:
        """Open a new file, in the place of one that is there, and make its folders."""
        self.drop()
        parts = self._at(path).split("/")
        for count in range(1, len(parts)):
            folder = "/".join(parts[:count])
            if folder:
                try:
                    os.mkdir(folder)
                except OSError:
                    os.listdir(folder)  # there already, or this says what is wrong
        self._open.append(open(self._at(path), "wb"))  # noqa: SIM115  # closed by finish or drop

    def append(self, data: bytes) -> None:
        """Go on in the file that was begun."""
        self._open[0].write(data)

    def finish(self) -> None:
        """Close the file that was begun; it is durable."""
        self._open.pop().close()

    def drop(self) -> None:
        """Close what was begun and not finished; nobody relies on it."""
        if self._open:
            self.finish()

    def remove(self, path: str) -> None:
        """Delete a file or an empty folder."""
        if self.size(path) == FOLDER:
            os.rmdir(self._at(path))
        else:
            os.remove(self._at(path))

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of one that has it."""
        os.rename(self._at(old), self._at(new))

    def space(self) -> tuple[int, int]:
        """(bytes of a block, blocks that are free) of the whole flash."""
        stat = os.statvfs(".")
        return stat[0], stat[3]

    def _at(self, path: str) -> str:
        return self._root + "/" + path if path else self._root
