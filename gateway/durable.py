"""A file is replaced whole and for certain: after any cut its old or its new contents are there."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write `data` beside `path`, sync it, and put it in its place. Raises OSError.

    A folder that is missing is made, closed to others.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were added, moved or removed in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
