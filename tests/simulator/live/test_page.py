"""The files of the page: whole, small, and nothing from outside."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "simulator" / "live" / "page"
LINES_MAX = 400
SCRIPTS = sorted(PAGE.glob("*.js"))
# Names of W3C formats look like addresses; nothing is fetched from them.
NAMESPACE = "http://www.w3.org/"


@pytest.mark.parametrize("path", sorted(PAGE.iterdir()), ids=lambda path: path.name)
def test_file_is_short_and_loads_nothing_from_outside(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LINES_MAX
    addresses = re.findall(r"https?://[^\s\"'`]+", text)
    assert [one for one in addresses if not one.startswith(NAMESPACE)] == []


def test_page_has_no_script_of_its_own_inside() -> None:
    text = (PAGE / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>([^<]+)</script>", text) == []
    assert " on" not in re.sub(r"<!--.*?-->", "", text).replace(" content", "")


def test_every_word_asked_for_has_both_languages() -> None:
    words = (PAGE / "words.js").read_text("utf-8")
    known = set(re.findall(r"^  (\w+): \[", words, re.MULTILINE))
    pairs = re.findall(r'^  \w+: \[\s*"([^"]+)",\s*"([^"]+)",?\s*\]', words, re.MULTILINE)
    assert len(pairs) == len(known)
    for path in SCRIPTS:
        asked = set(re.findall(r"\bt\(\"(\w+)\"\)", path.read_text("utf-8")))
        assert asked <= known, f"{path.name} asks for {sorted(asked - known)}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_imports_lead_to_files_and_files_say_what_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("/**")
    for name in re.findall(r'from "\./([^"]+)"', text):
        assert (PAGE / name).is_file()
    outside = re.findall(r'from "([^."][^"]*)"', text)
    assert outside == []
