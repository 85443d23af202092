"""The import contracts hold, and each kind of violation, planted in a copy, is caught."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocols", "boards", "firmware", "gateway", "simulator")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# file -> what is planted at its end, and the name of the contract that must catch it.
PLANTED = {
    "gateway/engine.py": ("import simulator.faults", "simulator -> gateway | firmware"),
    "firmware/logic/lamp.py": ("import gateway.core", "simulator -> gateway | firmware"),
    "protocols/ticks.py": ("import firmware.logic", "simulator -> gateway | firmware"),
    "boards/chips.py": ("import gateway.core", "simulator -> gateway | firmware"),
    "simulator/faults.py": ("import gateway.cli", "The simulator runs the gateway from below"),
    "gateway/core/clock.py": ("import gateway.systems", "In the gateway"),
    "gateway/journal/records.py": ("import gateway.hall", "In the gateway"),
    "gateway/elsewhere.py": ('"""Placed nowhere."""', "In the gateway"),
    "gateway/systems/planted/rules.py": (
        "import gateway.systems.calling.state",
        "Systems know each other only by their events",
    ),
    "gateway/systems/calling/fold.py": (
        "import protocols.wire",
        "In a system only devices.py imports protocols",
    ),
    "gateway/systems/calling/views.py": ("import fastapi", "In a system only api.py"),
    "firmware/logic/timers.py": ("import firmware.shell.node", "In the firmware"),
    "gateway/core/dedupe.py": ("import time", "No clock, chance"),
    "gateway/systems/calling/timing.py": ("import random", "No clock, chance"),
    "gateway/hall.py": ("import os", "No clock, chance"),
    "protocols/outbox.py": ("import socket", "No clock, chance"),
    "firmware/logic/wall.py": ("import threading", "No clock, chance"),
    "simulator/network.py": ("import asyncio", "In virtual time nothing"),
    "simulator/auditor.py": ("import gateway.systems.calling.rules", "The auditor knows"),
    "simulator/people/habits.py": ("import simulator.auditor", "The people do not know"),
    "firmware/logic/sign.py": ("from dataclasses import dataclass", "What runs on a node"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """lint-imports on the packages in `folder`, whatever is installed."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages without their caches, and the contracts."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_every_contract_holds() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_each_planted_violation_breaks_its_contract(copy: Path) -> None:
    for name, (planted, _) in PLANTED.items():
        path = copy / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{planted}\n")
    result = lint(copy)
    assert result.returncode == 1, result.stdout + result.stderr
    # Each broken contract is reported below its underlined name.
    sections = re.split(r"\n(?=[^\n]+\n-{5,}\n)", result.stdout)
    for name, (planted, contract) in PLANTED.items():
        [section] = [text for text in sections if text.startswith(contract)]
        module = name.removesuffix(".py").replace("/", ".")
        wanted = f"{module} -> {planted.split()[1]}" if "import " in planted else f"- {module}\n"
        assert wanted in section, f"not caught: {wanted}"
