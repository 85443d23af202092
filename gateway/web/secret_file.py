"""A small JSON file that only its owner may read, replaced whole and durably.

Rules: a file that others can read is refused, with the command that mends it; a cut of power leaves
the old file or the new one; `changed` tells when somebody else has replaced it.
"""

import json
import stat
from pathlib import Path
from typing import Any

from gateway.durable import replace_file


class SecretFileError(Exception):
    """The file cannot be used; the message names it and the fix."""


class SecretFile:
    """One such file."""

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self._version = version
        self._read_ns = -1

    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.exists()

    def changed(self) -> bool:
        """Whether it was replaced since `load`. Raises SecretFileError when there is none."""
        try:
            return self.path.stat().st_mtime_ns != self._read_ns
        except FileNotFoundError as error:
            raise SecretFileError(f"{self.path} does not exist") from error

    def load(self) -> dict[str, Any]:
        """The object in it. Raises SecretFileError."""
        try:
            status = self.path.stat()
            if stat.S_IMODE(status.st_mode) & 0o077:
                raise SecretFileError(
                    f"{self.path} can be read by others: run `chmod 600 {self.path}`, and replace "
                    f"what is in it if somebody may have read it"
                )
            body: dict[str, Any] = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SecretFileError(f"{self.path} cannot be read: {error}") from error
        found = body.pop("version", self._version)
        if found != self._version:
            raise SecretFileError(f"{self.path} is of version {found!r}, not {self._version}")
        self._read_ns = status.st_mtime_ns
        return body

    def save(self, body: dict[str, Any]) -> None:
        """Replace it by `body`, durably. Raises SecretFileError."""
        content = json.dumps({"version": self._version, **body}, indent=1, ensure_ascii=False)
        try:
            replace_file(self.path, content.encode())
        except OSError as error:
            raise SecretFileError(f"{self.path} cannot be written: {error.strerror}") from error
        self._read_ns = -1

    def delete(self) -> bool:
        """Remove it; False when it is gone already."""
        existed = self.path.exists()
        self.path.unlink(missing_ok=True)
        return existed
