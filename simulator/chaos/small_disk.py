"""A real small disk: ext4 in a file on a loop device, or a tmpfs with a size. Needs root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILLER = "filler"
TIMEOUT_S = 30


class NoDiskError(Exception):
    """This machine lets nobody mount a disk; the text says what it said."""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """The root of an empty disk of that size, unmounted at the end. Raises NoDiskError."""
    mount = folder / "disk"
    mount.mkdir(parents=True)
    image = folder / "disk.img"
    complaints = []
    try:
        _run("truncate", "-s", f"{megabytes}M", str(image))
        # No blocks for root: what is full for one is full for all.
        _run("mkfs.ext4", "-q", "-m", "0", str(image))
        _run("mount", "-o", "loop", str(image), str(mount))
    except NoDiskError as error:
        complaints.append(str(error))
        try:
            _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(mount))
        except NoDiskError as second:
            raise NoDiskError("; ".join([*complaints, str(second)])) from second
    try:
        yield mount
    finally:
        _run("umount", str(mount))


def _run(*words: str) -> None:
    # Debian keeps mkfs where an ordinary user's PATH does not look.
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    binary = shutil.which(words[0], path=path)
    if binary is None:
        raise NoDiskError(f"{words[0]} is missing")
    done = subprocess.run(  # noqa: S603  # words of our own
        [binary, *words[1:]], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise NoDiskError(f"{words[0]}: {done.stderr.strip() or done.returncode}")


class Filler:
    """Somebody else who takes room on a disk."""

    def __init__(self, disk: Path) -> None:
        self._disk, self._path = disk, disk / FILLER

    def free_bytes(self) -> int:
        """What is left."""
        return shutil.disk_usage(self._disk).free

    def take(self, count: int) -> None:
        """Take so many bytes more, or all there is."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            left = count
            while left > 0:
                left -= os.write(descriptor, bytes(min(left, 1 << 16)))
        except OSError:
            pass  # it is full, as it was meant
        finally:
            os.close(descriptor)

    def take_all(self) -> None:
        """Leave nothing, down to the last block."""
        while (before := self.free_bytes()) > 0:
            self.take(before)
            if self.free_bytes() == before:
                return

    def give_back(self) -> None:
        """Take it all away again."""
        self._path.unlink(missing_ok=True)
