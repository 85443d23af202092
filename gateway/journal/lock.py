"""One process per journal: an flock on a file beside it.

Rules: the kernel lets go of the lock when the process ends, however it ends, so nothing has to be
cleaned up after a kill. The file holds the process number for the message and stays where it is.
"""

import fcntl
import os
from pathlib import Path

from gateway.journal.errors import JournalLocked


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


class JournalLock:
    """The right to write one journal, held until `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "JournalLock":
        """Take the lock of the journal at `path`. Raises JournalLocked, naming the holder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace") or "unknown"
            os.close(descriptor)
            raise JournalLocked(
                f"{path} is in use by process {holder}: one gateway per hall. Stop that one first"
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let go. A second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_in_use(path: Path) -> bool:
    """Whether a process has the journal at `path` open for writing now."""
    try:
        descriptor = os.open(_lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
