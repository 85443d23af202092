"""Files in the ESP32's flash (littlefs) for `Store`, and reading of configuration. MicroPython.

littlefs keeps a file's old contents until it is closed, and has the new ones for certain then. A
file that reads back otherwise is a worn flash: OSError, and nothing is said to be stored.
"""

import os


class Flash:
    """The files of one folder, made when it is missing."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            os.listdir(folder)  # there already, or this says what is wrong

    def names(self) -> list[str]:
        """The files there are."""
        return sorted(os.listdir(self._folder))

    def read(self, name: str) -> bytes | None:
        """The contents of a file, None when there is none."""
        if name not in os.listdir(self._folder):
            return None
        return read_file(f"{self._folder}/{name}")

    def write(self, name: str, data: bytes) -> None:
        """Write a file; durable when it returns."""
        path = f"{self._folder}/{name}"
        with open(path, "wb") as file:
            file.write(data)
        if read_file(path) != data:
            raise OSError(f"{path}: reads back otherwise; the flash is worn: replace the board")


def read_file(path: str) -> bytes:
    """A whole file. Raises OSError."""
    with open(path, "rb") as file:
        return file.read()
