"""`hallkit person`: accounts from the command line; no password on it, none shown."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from gateway.cli.main import app

PASSWORD = "correct horse battery"  # a made-up one


def _run(*arguments: object, given: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)


def test_an_admin_is_added_and_shown_the_second_factor_once(tmp_path: Path) -> None:
    added = _run("person", "add", "li.wei", "admin", "--data", tmp_path, given=PASSWORD + "\n")
    assert added.exit_code == 0
    assert "authenticator" in added.output
    assert PASSWORD not in added.output
    listed = _run("person", "list", "--data", tmp_path)
    assert "li.wei" in listed.output
    assert "key" not in listed.output


def test_json_holds_the_key_for_programs(tmp_path: Path) -> None:
    command = ("person", "add", "li", "technician", "--data", tmp_path, "--json")
    body = json.loads(_run(*command, given=PASSWORD + "\n").output)
    assert body["otpauth"].startswith("otpauth://totp/")
    officer = ("person", "add", "wang", "officer", "--data", tmp_path, "--json")
    assert json.loads(_run(*officer, given=PASSWORD + "\n").output)["otpauth"] is None


def test_mistakes_are_one_sentence_and_code_3(tmp_path: Path) -> None:
    short = _run("person", "add", "li", "chief", "--data", tmp_path, given="short\n")
    assert (short.exit_code, "12 to 200 characters" in short.output) == (3, True)
    unknown = _run("person", "disable", "nobody", "--data", tmp_path)
    assert (unknown.exit_code, "hallkit person list" in unknown.output) == (3, True)
    role = _run("person", "add", "li", "king", "--data", tmp_path, given=PASSWORD + "\n")
    assert (role.exit_code, "role 'king'" in role.output) == (3, True)


def test_an_account_is_disabled_enabled_and_given_another_password(tmp_path: Path) -> None:
    _run("person", "add", "li", "admin", "--data", tmp_path, given=PASSWORD + "\n")
    assert _run("person", "disable", "li", "--data", tmp_path).exit_code == 0
    assert "disabled" in _run("person", "list", "--data", tmp_path).output
    assert _run("person", "enable", "li", "--data", tmp_path).exit_code == 0
    assert "disabled" not in _run("person", "list", "--data", tmp_path).output
    again = _run("person", "password", "li", "--data", tmp_path, given=PASSWORD + "2\n")
    assert "sessions have ended" in again.output
    assert _run("person", "second-factor", "li", "--data", tmp_path).exit_code == 0
