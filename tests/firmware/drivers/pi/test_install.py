"""Units and installer: every role is hardened, its example is a good file, its steps are right."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from firmware.shell.config_pi import load_config

PI = Path(__file__).parents[4] / "firmware" / "drivers" / "pi"
INSTALL = PI / "install.sh"
ROLES = ("kiosk", "wall", "voice", "lamp")
# Of systemd-analyze: 0 is closed, 100 is open; 20 is "OK".
EXPOSURE_MAX = 20


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(INSTALL), *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("role", ROLES)
def test_the_unit_of_each_role_is_hardened(role: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "systemd-analyze is missing; run: sudo apt-get install -y systemd"
    assert install(role, "--stage", str(tmp_path)).returncode == 0
    result = subprocess.run(
        [
            *(analyze, "security", "--no-pager", "--offline=true", f"--root={tmp_path}"),
            *(f"--threshold={EXPOSURE_MAX}", f"hallkit-node@{role}.service"),
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Overall exposure level" in result.stdout


@pytest.mark.parametrize("role", ROLES)
def test_the_example_of_each_role_is_a_good_file(role: str, tmp_path: Path) -> None:
    install(role, "--stage", str(tmp_path))
    config = load_config(tmp_path / "etc" / "hallkit" / f"{role}.toml", {})
    assert str(config.node.store) == f"/var/lib/hallkit/{role}"


def test_staging_again_leaves_the_nodes_own_file_alone(tmp_path: Path) -> None:
    config = tmp_path / "etc" / "hallkit" / "lamp.toml"
    install("lamp", "--stage", str(tmp_path))
    config.write_text("mine", encoding="utf-8")
    assert install("lamp", "--stage", str(tmp_path)).returncode == 0
    assert config.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("role", ROLES)
def test_a_dry_run_says_every_step_and_does_none(role: str) -> None:
    result = install(role, "--dry-run")
    assert result.returncode == 0, result.stderr
    steps = result.stdout
    assert f"\\[node-{role}\\]" in steps
    assert f"hallkit-node@{role}.service.d/role.conf" in steps
    assert steps.index("pip install") < steps.index("site-packages") < steps.index("enable")
    assert not Path(f"/opt/hallkit/{role}").exists()
    project = tomllib.loads((PI.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"node-{role}" in project["project"]["optional-dependencies"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "usage"),
        (("tv",), "role 'tv'"),
        (("lamp", "--fast"), "--fast"),
        (("lamp", "--stage"), "folder"),
    ],
)
def test_a_wrong_call_is_refused_with_the_right_one(arguments: tuple[str, ...], said: str) -> None:
    result = install(*arguments)
    assert result.returncode == 2
    assert said in result.stderr


def test_the_unit_waits_longer_than_a_turn_of_the_loop() -> None:
    unit = (PI / "systemd" / "hallkit-node@.service").read_text(encoding="utf-8")
    assert "\nWatchdogSec=30\n" in unit
    assert "\nType=notify\n" in unit
