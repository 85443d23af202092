"""The set-up step: makes everything once, and only what is out of date after that."""

import pytest
from fontTools.ttLib import TTFont

from simulator import assets as set_up
from simulator.assets_fonts import browser_characters, gb2312

QUICK = ("unifont", "voice", "vendor")


def test_second_run_makes_nothing(tmp_path) -> None:
    said: list[str] = []
    set_up.ensure(tmp_path, QUICK, said.append)
    assert [line.split()[1] for line in said if "made in" in line] == list(QUICK)
    said.clear()
    set_up.ensure(tmp_path, QUICK, said.append)
    assert said == []


def test_lost_output_and_changed_stamp_are_made_again(tmp_path) -> None:
    made = set_up.ensure(tmp_path, ("vendor",))
    (made.vendor / "preact.mjs").unlink()
    said: list[str] = []
    set_up.ensure(tmp_path, ("vendor",), said.append)
    assert (made.vendor / "preact.mjs").is_file()
    (tmp_path / ".vendor.stamp").write_text("older")
    set_up.ensure(tmp_path, ("vendor",), said.append)
    assert len([line for line in said if "made in" in line]) == 2


def test_clips_are_the_same_each_time_they_are_made(tmp_path) -> None:
    folders = [set_up.ensure(tmp_path / name, ("voice",)).clips for name in "ab"]
    first, second = (
        {file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders
    )
    assert first == second


def test_browser_modules_export_what_the_pages_import(tmp_path) -> None:
    vendor = set_up.ensure(tmp_path, ("vendor",)).vendor
    assert "as render" in (vendor / "preact.mjs").read_text()
    assert "as useState" in (vendor / "hooks.mjs").read_text()
    assert "export default" in (vendor / "htm.mjs").read_text()


def test_browser_fonts_hold_every_character_in_both_weights() -> None:
    folder = set_up.ensure().browser_fonts
    needed = {ord(character) for character in gb2312() + "Aa09 "}
    for weight in ("400", "700"):
        with TTFont(folder / f"noto-sans-sc-{weight}.woff2") as font:
            assert needed <= set(font.getBestCmap())
    assert len(set(browser_characters())) > 7_500


def test_missing_packages_name_the_command_to_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(set_up, "_NOTO", tmp_path / "noto-sans-sc")
    with pytest.raises(FileNotFoundError, match="noto-sans-sc is not installed; run: npm ci"):
        set_up.ensure(tmp_path)
