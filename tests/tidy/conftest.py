"""The tracked files of the tree, read once."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written by a program; their form is its own.
GENERATED = ("docs/generated/", "tests/golden/", "package-lock.json", "constraints.txt")


@pytest.fixture(scope="session")
def tracked() -> list[str]:
    """Paths of all tracked files that exist, as git writes them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [path for path in listed if path and (ROOT / path).is_file()]


@pytest.fixture(scope="session")
def texts(tracked: list[str]) -> dict[str, str]:
    """path -> text of every tracked text file that people write."""
    found = {}
    for path in tracked:
        content = (ROOT / path).read_bytes()
        if b"\0" not in content and not path.startswith(GENERATED):
            found[path] = content.decode("utf-8")
    return found


@pytest.fixture(scope="session")
def modules(texts: dict[str, str]) -> dict[str, ast.Module]:
    """path -> syntax tree of every Python file."""
    return {path: ast.parse(text) for path, text in texts.items() if path.endswith(".py")}
