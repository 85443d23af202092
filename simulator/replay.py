"""Runs a day with the code of another commit: a failure is a seed and a commit.

The commit is checked out in a work tree of its own under `build/`, with its own sources and this
environment's libraries, and taken away again.
"""

import os
import subprocess
import sys
from pathlib import Path

from simulator.sources import ROOT

# Where the command was before it had a module of its own.
MODULES = ("simulator/sim.py", "simulator/world.py")


class ReplayError(Exception):
    """The commit cannot be run; the text says why."""


def run_at_commit(commit: str, arguments: list[str], traces: Path) -> int:
    """Run `hallkit sim` there with the same arguments, but for the commit; its exit code."""
    full = _git("rev-parse", "--verify", f"{commit}^{{commit}}")
    tree = ROOT / "build" / "commits" / full[:12]
    if not tree.exists():
        _git("worktree", "add", "--detach", "--force", str(tree), full)
    try:
        return _run(tree, full, _without_commit(arguments), traces)
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _run(tree: Path, commit: str, arguments: list[str], traces: Path) -> int:
    found = [path for path in MODULES if (tree / path).is_file()]
    if not found:
        raise ReplayError(f"{commit[:12]}: has no simulator to run")
    module = found[0].removesuffix(".py").replace("/", ".")
    traces.mkdir(parents=True, exist_ok=True)
    path = traces / f"{commit[:12]}.txt"
    # The sources of that commit come before those this environment was installed with.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", module, *arguments, "--trace"]
    with path.open("w", encoding="utf-8") as file:
        code = subprocess.run(  # noqa: S603  # this project at another commit
            command, cwd=tree, env=environment, stdout=file, check=False
        ).returncode
    lines = path.read_text("utf-8").splitlines()
    sys.stdout.write("\n".join(lines[-70 if code else -1 :]) + "\n")
    sys.stdout.write(f"commit {commit[:12]}, exit code {code}, trace in {path}\n")
    return code


def _without_commit(arguments: list[str]) -> list[str]:
    kept = []
    words = iter(arguments)
    for word in words:
        if word == "--commit":
            next(words, None)
        elif not word.startswith("--commit="):
            kept.append(word)
    return kept


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  # whatever git is there
        ["git", *arguments],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReplayError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
