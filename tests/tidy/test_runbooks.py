"""Every command a runbook has somebody type is there, with its options; both languages agree."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway.cli.main import app
from gateway.technician.selftest import EXPLAINED

ROOT = Path(__file__).parents[2]
ALL_PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
# On a Pi nobody types hallkit; test_install_runbooks.py reads what is typed there.
PAGES = [page for page in ALL_PAGES if not page.name.startswith("install-a-pi")]
_COMMAND = re.compile(r"(?:^|`)\s*(?:sudo )?(hallkit [^`\n]+?)\s*(?:`|$)", re.MULTILINE)
_SCRIPT = re.compile(r"(?:sudo )?((?:firmware|scripts)/\S+\.sh)([^`\n]*)")


def commands_in(text: str) -> list[str]:
    """The lines of blocks and the words between backticks that call hallkit."""
    return [found.strip() for found in _COMMAND.findall(text)]


def problem_of(command: str) -> str:
    """ "" when the command line can be parsed by the command it names."""
    words = shlex.split(command)[1:]
    level: Any = typer.main.get_command(app)
    context = level.make_context("hallkit", [], resilient_parsing=True)
    while words and hasattr(level, "get_command"):
        found = level.get_command(context, words[0])
        if found is None:
            return f"there is no `{words[0]}`"
        level, words = found, words[1:]
    options = {name for each in level.params for name in (*each.opts, *each.secondary_opts)}
    wrong = [word for word in words if word.startswith("-") and word not in options]
    return f"`{level.name}` has no {wrong[0]}" if wrong else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_runbook_is_real(page: Path) -> None:
    commands = commands_in(page.read_text("utf-8"))
    assert len(commands) >= 3, "the page is read"
    wrong = {command: problem_of(command) for command in commands if problem_of(command)}
    assert wrong == {}


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_every_script_of_a_runbook_is_there_and_knows_its_options(page: Path) -> None:
    for script, rest in _SCRIPT.findall(page.read_text("utf-8")):
        text = (ROOT / script).read_text("utf-8")
        for option in re.findall(r"--[a-z-]+", rest):
            assert f"{option})" in text, f"{script} has no {option}"


@pytest.mark.parametrize(
    "page", [page for page in ALL_PAGES if ".en." not in page.name], ids=lambda page: page.name
)
def test_both_languages_name_the_same_commands(page: Path) -> None:
    english = page.with_name(page.name.replace(".md", ".en.md"))
    chinese, other = (sorted(set(commands_in(each.read_text("utf-8")))) for each in (page, english))
    assert chinese == other


def test_every_failure_of_the_self_test_is_explained() -> None:
    said = set(re.findall(r'"failed", "(\w+)"', source("firmware/shell/selftest.py")))
    said |= set(re.findall(r'return "(broker_\w+)"', source("firmware/shell/selftest.py")))
    said |= {"broker_refused", "broker_silent"}
    assert said <= set(EXPLAINED)
    for name in ("wire-a-board.md", "wire-a-board.en.md"):
        text = source(f"docs/runbooks/{name}")
        missing = [code for code in EXPLAINED if f"| `{code}` |" not in text]
        assert missing == [], name


def source(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def test_planted_mistakes_are_found() -> None:
    assert commands_in("```sh\nhallkit flash w03-pad\n```\nor `hallkit doctor`.") == [
        "hallkit flash w03-pad",
        "hallkit doctor",
    ]
    assert problem_of("hallkit flash w03-pad --port /dev/ttyUSB0") == ""
    assert problem_of("hallkit fleet update --outdated --canary 1") == ""
    assert problem_of("hallkit flush w03-pad") == "there is no `flush`"
    assert problem_of("hallkit fleet upgrade") == "there is no `upgrade`"
    assert problem_of("hallkit flash w03-pad --fast") == "`flash` has no --fast"
