"""What comes from outside is what was tested: packages are pinned, files of npm have their hash.

Advisories are looked up elsewhere, with the list that `make check` writes (docs/SECURITY.md).
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = "hallkit"
# They make the environment and are not part of it.
TOOLS = ("pip", "setuptools", "wheel")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {plain(name): version for name, _, version in pairs}


def loose(installed: dict[str, str], pins: dict[str, str]) -> list[str]:
    return sorted(
        f"{name} {version}, pinned is {pins.get(name, 'nothing')}"
        for name, version in installed.items()
        if name not in (OURS, *TOOLS) and pins.get(name) != version
    )


def unproven(lock: dict[str, Any]) -> list[str]:
    """Packages that npm would take without looking at their hash."""
    return sorted(
        path
        for path, found in lock["packages"].items()
        if path and not str(found.get("integrity", "")).startswith("sha512-")
    )


def test_every_installed_package_is_the_pinned_one() -> None:
    installed = {plain(each.metadata["Name"]): each.version for each in metadata.distributions()}
    assert len(installed) > 50
    assert loose(installed, pinned()) == [], "run `make lock` and look at what changed"


def test_every_file_of_npm_has_its_hash() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert len(lock["packages"]) > 4
    assert unproven(lock) == []


def test_a_planted_package_is_found() -> None:
    assert loose({"left-pad": "1.0", OURS: "1"}, {"httpx": "1"}) == [
        "left-pad 1.0, pinned is nothing"
    ]
    assert loose({"httpx": "2"}, {"httpx": "1"}) == ["httpx 2, pinned is 1"]
    assert unproven({"packages": {"": {}, "a": {"integrity": "sha512-x"}, "b": {}}}) == ["b"]
