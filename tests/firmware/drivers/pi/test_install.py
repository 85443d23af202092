"""Units and installer: every role is hardened, its example is a good file, its steps are right."""

import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from firmware.shell.config_pi import load_config, load_tables
from firmware.shell.record_pi import CameraConfig

PI = Path(__file__).parents[4] / "firmware" / "drivers" / "pi"
INSTALL = PI / "install.sh"
NODES = ("kiosk", "wall", "voice", "lamp")
ROLES = (*NODES, "camera")
SCREENS = ("kiosk", "wall")
# Of systemd-analyze: 0 is closed, 100 is open. A browser compiles scripts and makes namespaces.
EXPOSURE_MAX = 20
SCREEN_EXPOSURE_MAX = 25


def install(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(INSTALL), *arguments], capture_output=True, text=True)


def units_of(role: str) -> list[tuple[str, int]]:
    """(unit, its largest exposure)"""
    units = [(f"hallkit-node@{role}.service", EXPOSURE_MAX)]
    if role in SCREENS:
        units.append((f"hallkit-screen@{role}.service", SCREEN_EXPOSURE_MAX))
    return units


def analyze(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """(exit code, all it said) of systemd-analyze."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing; run: sudo apt-get install -y systemd"
    result = subprocess.run(
        [program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | (environment or {}),
    )
    return result.returncode, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_the_units_of_each_role_are_hardened(role: str, tmp_path: Path) -> None:
    assert install(role, "--stage", str(tmp_path)).returncode == 0
    for unit, exposure_max in units_of(role):
        code, said = analyze(
            *("security", "--no-pager", "--offline=true", f"--root={tmp_path}"),
            *(f"--threshold={exposure_max}", unit),
        )
        assert code == 0, said
        assert "Overall exposure level" in said


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_systemd_understands_every_line_of_the_units(role: str, tmp_path: Path) -> None:
    assert install(role, "--stage", str(tmp_path)).returncode == 0
    units = tmp_path / "etc" / "systemd" / "system"
    for unit, _ in units_of(role):
        _, said = analyze(
            "verify", "--man=no", unit, environment={"SYSTEMD_UNIT_PATH": f"{units}:"}
        )
        # Its program is not on this machine; that is all there may be to complain of.
        missing = f"Command /opt/hallkit/{role}/bin/python is not executable"
        wrong = [line for line in said.splitlines() if missing not in line]
        assert wrong == [], unit
        assert missing in said


def test_systemd_finds_a_line_it_does_not_understand(tmp_path: Path) -> None:
    install("lamp", "--stage", str(tmp_path))
    units = tmp_path / "etc" / "systemd" / "system"
    drop_in = units / "hallkit-node@lamp.service.d" / "role.conf"
    drop_in.write_text(drop_in.read_text("utf-8") + "WatchdogSecond=30\n", encoding="utf-8")
    _, said = analyze(
        *("verify", "--man=no", "hallkit-node@lamp.service"),
        environment={"SYSTEMD_UNIT_PATH": f"{units}:"},
    )
    assert "WatchdogSecond" in said


@pytest.mark.parametrize("role", SCREENS)
def test_the_browser_may_show_the_page_of_its_node_and_nothing_else(
    role: str, tmp_path: Path
) -> None:
    install(role, "--stage", str(tmp_path))
    policy = json.loads(
        (tmp_path / "etc" / "chromium" / "policies" / "managed" / "hallkit.json").read_text("utf-8")
    )
    unit = (tmp_path / "etc" / "systemd" / "system" / "hallkit-screen@.service").read_text("utf-8")
    example = load_config(tmp_path / "etc" / "hallkit" / f"{role}.toml", {})
    assert example.screen is not None
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == [f"http://127.0.0.1:{example.screen.port}"]
    assert f"--port {example.screen.port} " in unit
    assert "\nIPAddressDeny=any\nIPAddressAllow=localhost\n" in unit
    assert "no-sandbox" not in unit


@pytest.mark.parametrize("role", SCREENS)
def test_a_node_without_a_screen_gets_no_browser(role: str) -> None:
    whole, bare = (
        install(role, "--dry-run").stdout,
        install(role, "--no-screen", "--dry-run").stdout,
    )
    for word in ("chromium", "cage", "xwayland", "seatd", "fonts-noto-cjk", "hallkit-screen"):
        assert word in whole
        assert word not in bare


@pytest.mark.parametrize("role", NODES)
def test_the_example_of_each_role_is_a_good_file(role: str, tmp_path: Path) -> None:
    install(role, "--stage", str(tmp_path))
    config = load_config(tmp_path / "etc" / "hallkit" / f"{role}.toml", {})
    assert str(config.node.store) == f"/var/lib/hallkit/{role}"


def test_the_example_of_the_camera_is_a_good_file(tmp_path: Path) -> None:
    install("camera", "--stage", str(tmp_path))
    config = load_tables(tmp_path / "etc" / "hallkit" / "camera.toml", CameraConfig, {})
    assert str(config.camera.folder).startswith("/var/lib/hallkit/")
    assert config.camera.sound == ""


def test_the_recorder_may_do_what_its_programs_do() -> None:
    # Without it setpriv fails, and nothing is ever recorded; seen in a trace of its system calls.
    assert "\nSystemCallFilter=@resources capset\n" in (PI / "systemd" / "camera.conf").read_text(
        "utf-8"
    )


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
    assert steps.index("apt-get install") < steps.index("-m venv") < steps.index("pip install")
    assert steps.index("pip install") < steps.index("find /opt") < steps.index("enable")
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
        (("kiosk", "--no-screen", "now"), "now: not known"),
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
