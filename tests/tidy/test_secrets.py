"""No secret is in the tree: no private key, no token, no password that a program would take."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "token of ours": re.compile(r"\bh[ks]_[A-Za-z0-9_-]{40,}"),
    "key of a cloud": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "token of a forge": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bglpat-[A-Za-z0-9_-]{20,}"),
    "password": re.compile(r"""(?i)\b(password|passwd|secret)\s*[:=]\s*["'][^"'{}<\s]{6,}["']"""),
}
# Tests make up passwords; elsewhere a default password would be one that everybody knows.
PASSWORDS_MADE_UP = ("tests/",)
BINARY = (".png", ".gz", ".ico", ".woff2")


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for path in listed.stdout.split("\0") if path]


def secrets_in(path: str, text: str) -> list[str]:
    return [
        f"{path}: {name}: {found[0][:20]}..."
        for name, pattern in SECRETS.items()
        if not (name == "password" and path.startswith(PASSWORDS_MADE_UP))
        for found in pattern.finditer(text)
    ]


def test_no_secret_is_in_the_tree() -> None:
    found = []
    for path in tracked():
        file = ROOT / path
        if file.is_file() and not path.endswith(BINARY) and path != "tests/tidy/test_secrets.py":
            found += secrets_in(path, file.read_text("utf-8"))
    assert not found, "take it out and revoke it:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN EC " + "PRIVATE KEY-----",
        "hk_" + "a1B2" * 11,
        'password = "' + 'hunter22"',
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a" * 36,
    ],
)
def test_a_planted_secret_is_found(text: str) -> None:
    assert secrets_in("gateway/x.py", text)


def test_prose_about_passwords_is_no_secret() -> None:
    assert not secrets_in("docs/x.md", "`password = PASSWORD` is read from a file")
