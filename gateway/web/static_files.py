"""The few files pages are made of, read once; each has a version, so that browsers may keep it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER = Path(__file__).with_name("static")
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`version` changes with the content."""

    data: bytes
    media_type: str
    version: str


def _read(path: Path) -> StaticFile:
    data = path.read_bytes()
    return StaticFile(data, _TYPES[path.suffix], hashlib.sha256(data).hexdigest()[:12])


FILES: Final = {
    path.name: _read(path) for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES
}
VERSIONS: Final = {name: file.version for name, file in FILES.items()}
