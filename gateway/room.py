"""Room on the journal's disk: told early, kept in reserve, and nothing begun without it.

Rules: a disk that is really full would end the gateway in the middle of a commit, and not let it
start again either. So it stands still while a little is left, and a ballast file gives that little
back to a start after somebody else took all of it at once.
"""

import os
import shutil
from pathlib import Path

from gateway.journal.errors import JournalError

BALLAST_NAME = "ballast"
BALLAST_BYTES = 8 << 20
TOLD_BYTES = 16 << 20
# A round of the write-ahead log, folded back, and a snapshot.
NEEDED_BYTES = 4 << 20
# What must be free before work goes on, so that it does not stop again at once.
AGAIN_BYTES = 6 << 20


class Room:
    """What is left on the disk of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / BALLAST_NAME

    def free_bytes(self) -> int:
        """What this user may still write."""
        return shutil.disk_usage(self.folder).free

    def keep_ballast(self) -> None:
        """Set the reserve aside where there is plenty."""
        if self._is_there() or self.free_bytes() < TOLD_BYTES + BALLAST_BYTES:
            return
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
        except OSError:
            self._ballast.unlink()  # somebody else was quicker, or the disk cannot set aside
        finally:
            os.close(descriptor)

    def _is_there(self) -> bool:
        # A kill or a power cut while it was made leaves its name and nothing behind it.
        return self._ballast.exists() and self._ballast.stat().st_size >= BALLAST_BYTES

    def drop_ballast(self) -> None:
        """Give the reserve back."""
        self._ballast.unlink(missing_ok=True)


def make_room(room: Room) -> None:
    """Room for a start in its folder, from the ballast if need be. Raises JournalError."""
    folder = room.folder
    if not folder.is_dir():
        return
    if room.free_bytes() < NEEDED_BYTES:
        room.drop_ballast()
    if room.free_bytes() < NEEDED_BYTES:
        raise JournalError(
            f"{folder}: {room.free_bytes() >> 10} KB left on its disk, a start needs "
            f"{NEEDED_BYTES >> 20} MB: make room, then start again"
        )
