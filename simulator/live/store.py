"""What a virtual node keeps over a restart, as a real one keeps it in flash: one file per node.

Rules: a file is replaced whole, never changed in place, so a node finds its old values or its new
ones. It is not forced to the disk: these nodes have to survive their process, not their machine.
"""

import base64
import json
from pathlib import Path


class NodeStore:
    """The flash of one node: a start counter and named values."""

    def __init__(self, folder: Path, node_id: str) -> None:
        self._path = folder / f"{node_id}.json"
        self.boot = 0
        self.values: dict[str, bytes] = {}
        if self._path.exists():
            self._load()

    def _load(self) -> None:
        try:
            kept = json.loads(self._path.read_text(encoding="ascii"))
            self.boot = int(kept["boot"])
            self.values = {key: base64.b64decode(text) for key, text in kept["values"].items()}
        except (ValueError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{self._path} is not what a node stored ({error}); delete it to begin anew"
            ) from error

    def start(self) -> int:
        """Count one more start and return its number."""
        self.boot += 1
        self._save()
        return self.boot

    def put(self, key: str, value: bytes) -> None:
        """Keep a value."""
        self.values[key] = value
        self._save()

    def _save(self) -> None:
        values = {key: base64.b64encode(value).decode() for key, value in self.values.items()}
        partial = self._path.with_suffix(".part")
        partial.write_text(json.dumps({"boot": self.boot, "values": values}), encoding="ascii")
        partial.replace(self._path)
