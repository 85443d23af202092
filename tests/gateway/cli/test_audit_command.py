"""`hallkit audit`: what was done at the command line is found again, and damage is told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.audit import FILE_NAME, AuditLog, at_the_keyboard
from gateway.cli.main import app
from gateway.cli.serve import note_start
from gateway.config import HallConfig
from gateway.machine import JOURNAL_NAME, open_journal_file
from gateway.web.tokens import TokenStore

PASSWORD = "correct horse battery"  # a made-up one


def _run(*arguments: object, given: str = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)


def test_accounts_and_tokens_leave_their_trace_and_no_secret(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    _run("person", "add", "li", "admin", "--data", tmp_path, given=PASSWORD + "\n")
    text = json.loads(_run("token", "create", "chief", "--data", tmp_path, "--json").output)["text"]
    _run("token", "revoke", "chief-2", "--data", tmp_path)
    _run("person", "disable", "li", "--data", tmp_path)
    lines = _run("audit", "list", "--data", tmp_path, "--json").output.splitlines()
    acts = [json.loads(line) for line in lines]
    assert [(act["action"], act["target"]) for act in acts] == [
        ("account made", "li"),
        ("token ordered", "chief"),
        ("token made", "chief-2"),
        ("token revoked", "chief-2"),
        ("account disabled", "li"),
    ]
    assert {act["actor"].split(":")[0] for act in acts} == {"shell"}
    kept = (tmp_path / FILE_NAME).read_text()
    assert PASSWORD not in kept
    assert text not in kept
    assert "5 acts, whole" in _run("audit", "verify", "--data", tmp_path).output
    assert "dropped 0" in _run("audit", "prune", "--data", tmp_path).output


def test_damage_ends_with_code_6_and_the_line(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    _run("token", "create", "chief", "--data", tmp_path)
    path = tmp_path / FILE_NAME
    path.write_text(path.read_text().replace("chief-2", "chief-9"))
    result = _run("audit", "verify", "--data", tmp_path)
    assert (result.exit_code, ":2: does not fit" in result.output) == (6, True)


def _noted(data: Path) -> list[tuple[str, str]]:
    return [(act.action, act.target) for act in AuditLog(data).read()]


def test_an_export_is_the_record_line_by_line_and_proves_itself(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    _run("token", "create", "chief", "--data", tmp_path)
    copy = tmp_path / "stick" / "audit.jsonl"
    copy.parent.mkdir()
    told = _run("audit", "export", "--data", tmp_path, "--output", copy)
    assert "3 acts" in told.output, told.output
    assert copy.read_bytes() == (tmp_path / FILE_NAME).read_bytes()
    assert _noted(tmp_path)[-1] == ("audit log exported", str(copy))
    assert "3 acts, whole" in _run("audit", "verify", "--file", copy).output
    assert _run("audit", "export", "--data", tmp_path, "--output", copy).exit_code == 3
    copy.write_text(copy.read_text().replace("chief-2", "chief-9"))
    assert _run("audit", "verify", "--file", copy).exit_code == 6


def test_nobody_gets_in_by_an_act_that_cannot_be_noted(tmp_path: Path) -> None:
    store = TokenStore(tmp_path)
    store.ensure()
    _run("person", "add", "li", "chief", "--data", tmp_path, given=PASSWORD + "\n")
    (tmp_path / FILE_NAME).unlink()
    (tmp_path / FILE_NAME).mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    acts: tuple[tuple[str, ...], ...] = (
        ("person", "add", "wang", "chief"),
        ("person", "password", "li"),
        ("person", "disable", "li"),
        ("person", "enable", "li"),
        ("token", "create", "chief"),
        ("token", "revoke", "chief-1"),
        ("token", "hide"),
    )
    for act in acts:
        told = _run(*act, "--data", tmp_path, given=PASSWORD + "\n")
        assert told.exit_code == 6, (act, told.output)
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}


def test_hiding_the_first_tokens_is_noted(tmp_path: Path) -> None:
    TokenStore(tmp_path).ensure()
    for _ in range(2):
        _run("token", "hide", "--data", tmp_path)
    assert _noted(tmp_path) == [("first tokens hidden", "")]


def test_copies_of_the_journal_are_noted_before_they_are_made_and_a_restore_after(
    tmp_path: Path, langfang: HallConfig
) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    data.mkdir()
    journal = data / JOURNAL_NAME
    open_journal_file(langfang, journal).close()
    copies.mkdir()
    _run("journal", "export", journal, "--output", tmp_path / "lines")
    told = _run("journal", "backup", journal, "--to", copies, "--same-disk")
    assert told.exit_code == 0, told.output
    assert _noted(data) == [
        ("journal exported", str(tmp_path / "lines")),
        ("journal copied", str(copies)),
    ]
    journal.unlink()
    told = _run("restore", "--from", copies, "--data", data)
    assert told.exit_code == 0, told.output
    assert _noted(data)[-1] == ("journal restored", str(copies))


def test_no_copy_leaves_the_hall_that_cannot_be_noted(tmp_path: Path, langfang: HallConfig) -> None:
    data = tmp_path / "data"
    data.mkdir()
    journal = data / JOURNAL_NAME
    open_journal_file(langfang, journal).close()
    (data / FILE_NAME).mkdir()
    told = _run("journal", "export", journal, "--output", tmp_path / "lines")
    assert told.exit_code == 6
    assert not (tmp_path / "lines").exists()


def test_a_changed_hall_file_is_seen_between_two_starts(tmp_path: Path) -> None:
    hall = tmp_path / "hall.toml"
    for text in ("first", "first", "second"):
        hall.write_text(text)
        note_start(tmp_path, hall, demo=False)
    acts = list(AuditLog(tmp_path).read())
    assert [(act.action, act.target) for act in acts] == [("gateway", "started")] * 3
    assert acts[0].result == acts[1].result != acts[2].result


def test_a_hall_opens_without_its_audit_log(tmp_path: Path, hall_file: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    note_start(tmp_path, hall_file, demo=False)


def test_the_actor_is_whose_process_it_is_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = at_the_keyboard()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert at_the_keyboard() == before
