"""One name for the code that runs: the digest of everything a run is made of.

Used to keep what was compiled, and which days were run, apart from those of other code.
"""

import hashlib
from pathlib import Path

PACKAGES = ("boards", "firmware", "gateway", "protocols", "simulator")
ENDINGS = (".py", ".pyi", ".toml")
ROOT = Path(__file__).resolve().parents[1]


def sources(root: Path = ROOT) -> list[Path]:
    """Every file of the packages that code or data is read from, in order."""
    return sorted(
        path
        for package in PACKAGES
        for path in (root / package).rglob("*")
        if path.suffix in ENDINGS and path.is_file()
    )


def digest(root: Path = ROOT) -> str:
    """Twelve hexadecimal digits for the whole code under `root`."""
    total = hashlib.sha256()
    for path in sources(root):
        total.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:12]
