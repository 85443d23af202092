"""What a runbook tells people to type is there: programs, scripts and options, units, files."""

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("install-a-pi*.md"))
PI = ROOT / "firmware" / "drivers" / "pi"
INSTALL = PI / "install.sh"
ROLES = ("kiosk", "wall", "voice", "lamp", "camera")
# What Debian, Raspberry Pi OS or git bring; everything else must be ours.
SYSTEM = {
    *("apt-get", "cd", "git", "install", "journalctl", "mkdir", "nano", "raspi-config", "scp"),
    *("ssh", "systemctl", "tar"),
}
RASPI_CONFIG = {"do_spi", "do_serial_cons", "do_serial_hw"}
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_UNIT = re.compile(r"hallkit-[a-z]+@[a-z]*")
_PLACE = re.compile(r"/(?:etc|opt|var/lib)/hallkit/[\w./-]+")


def commands(text: str) -> list[list[str]]:
    """Every command of the blocks of a page, as words."""
    lines = [line.strip() for block in _BLOCK.findall(text) for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line and not line.startswith("#")]


def inline_commands(text: str) -> list[list[str]]:
    """Commands in the middle of a sentence: those that begin with a program we know."""
    found = [shlex.split(words) for words in _INLINE.findall(text) if " " in words]
    return [words for words in found if words[0] in (SYSTEM | {"sudo", "make"}) - {"install"}]


def installed(role: str) -> str:
    """All that the installer would do for a role."""
    return subprocess.run(
        [str(INSTALL), role, "--dry-run"], capture_output=True, text=True, check=True
    ).stdout


def complaints(words: list[str]) -> Iterator[str]:
    """What is wrong with one command."""
    if words[0] == "sudo":
        words = words[1:]
    program = words[0]
    if program == str(INSTALL.relative_to(ROOT)):
        result = subprocess.run(
            [str(INSTALL), *[word for word in words[1:] if word != "--dry-run"], "--dry-run"],
            capture_output=True,
            text=True,
        )
        if result.returncode:
            yield result.stderr.strip()
    elif match := re.fullmatch(r"/opt/hallkit/(\w+)/bin/python", program):
        if match[1] not in ROLES:
            yield f"{match[1]} is no role"
        if words[1] != "-m" or importlib.util.find_spec(words[2]) is None:
            yield f"there is no module {words[2]}"
    elif program == "make":
        if not re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE):
            yield f"make has no {words[1]}"
    elif program == "raspi-config":
        if words[1] != "nonint" or words[2] not in RASPI_CONFIG:
            yield f"{words[2]} is not a setting checked before"
    elif program not in SYSTEM:
        yield f"there is no {program}"


def unknown_names(text: str) -> Iterator[str]:
    """Units and places that no role installs."""
    steps = "".join(installed(role) for role in ROLES)
    units = {path.name for path in (PI / "systemd").glob("*.service")}
    for unit in _UNIT.findall(text):
        template, _, role = unit.partition("@")
        if f"{template}@.service" not in units or (role and f"{unit}.service" not in steps):
            yield unit
    for place in _PLACE.findall(text):
        name = place.rstrip("./")
        beside = name.startswith("/etc/hallkit/") and name.endswith((".password", ".pem", "clips"))
        if not beside and name.removesuffix("/bin/python") not in steps:
            yield place


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.name)
def test_every_command_of_a_runbook_is_one_that_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    told = commands(text) + inline_commands(text)
    assert len(told) > 8, "the blocks are read"
    wrong = [f"{shlex.join(words)}: {why}" for words in told for why in complaints(words)]
    assert wrong == []


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.name)
def test_every_unit_and_file_of_a_runbook_is_one_that_is_installed(page: Path) -> None:
    assert list(unknown_names(page.read_text("utf-8"))) == []


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.name)
def test_pictures_of_a_runbook_are_there_and_small(page: Path) -> None:
    for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text("utf-8")):
        picture = page.parent / link
        assert picture.is_file(), link
        assert picture.stat().st_size < 150_000, link


def test_both_languages_name_the_same_units() -> None:
    for page in RUNBOOKS:
        other = page.with_name(page.name.replace(".en.md", ".md"))
        ours, theirs = (set(_UNIT.findall(each.read_text("utf-8"))) for each in (page, other))
        assert ours <= theirs


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sudo firmware/drivers/pi/install.sh television", "role 'television'"),
        ("firmware/drivers/pi/install.sh kiosk --quick", "--quick"),
        ("/opt/hallkit/kiosk/bin/python -m firmware.shell.run_it", "no module"),
        ("/opt/hallkit/tv/bin/python -m firmware.shell.run_pi", "no role"),
        ("make install", "make has no install"),
        ("sudo raspi-config nonint do_magic 0", "do_magic"),
        ("hallctl start", "there is no hallctl"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str, said: str) -> None:
    [complaint] = complaints(shlex.split(command))
    assert said in complaint


def test_a_unit_or_file_that_is_not_installed_is_found() -> None:
    text = "hallkit-node@kiosk hallkit-node@tv hallkit-disk@kiosk /etc/hallkit/tv.toml"
    assert list(unknown_names(text)) == [
        "hallkit-node@tv",
        "hallkit-disk@kiosk",
        "/etc/hallkit/tv.toml",
    ]
