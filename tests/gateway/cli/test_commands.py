"""The `hallkit` command: plain sentences, JSON, exit codes; no stack trace for a mistake."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.output import set_up_log
from gateway.config import HallConfig
from gateway.journal.store import Journal
from gateway.machine import Machine, open_journal, steady_ms
from gateway.recovery import recover
from gateway.systems.calling.commands import IssueTicket
from gateway.web.tokens import TokenStore


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def data(tmp_path: Path, langfang: HallConfig) -> Path:
    """A folder with the journal of three tickets and with tokens."""
    folder = tmp_path / "data"
    TokenStore(folder).ensure()
    journal = open_journal(langfang, folder)
    engine, _ = recover(langfang, journal, Machine())
    for number in range(3):
        engine.request(f"k{number}", "test", IssueTicket("filing", None))
    batch = engine.prepare(steady_ms())
    journal.append(batch.records)
    journal.close()
    return folder


def test_a_good_hall_file_is_said_to_be_good(hall_file: Path) -> None:
    result = _run("config", "check", hall_file)
    assert result.exit_code == 0
    assert "8 windows, 6 services, 35 nodes" in result.output
    assert json.loads(_run("config", "check", hall_file, "--json").output)["windows"] == 8


def test_a_bad_hall_file_ends_with_line_and_field_and_code_3(
    tmp_path: Path, hall_file: Path
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(hall_file.read_text("utf-8").replace("walk_seconds = 60", "walk_seconds = -1"))
    result = _run("config", "check", bad)
    assert result.exit_code == 3
    assert "bad.toml:15: rules.walk_seconds: " in result.output
    assert "Traceback" not in result.output
    (mistake,) = json.loads(_run("config", "check", bad, "--json").output)["mistakes"]
    assert (mistake["line"], mistake["field"]) == (15, "rules.walk_seconds")


def test_a_sound_journal_is_proven_exported_and_replayed(
    data: Path, hall_file: Path, tmp_path: Path
) -> None:
    path = data / "journal.sqlite"
    result = _run("journal", "verify", path)
    assert result.exit_code == 0
    assert "sound: " in result.output
    records = json.loads(_run("journal", "verify", path, "--json").output)["records"]
    lines = _run("journal", "export", path).output.splitlines()
    assert len(lines) == records + 2
    assert json.loads(lines[-1])["records"] == records
    out = tmp_path / "out.jsonl"
    assert _run("journal", "export", path, "--output", out).exit_code == 0
    assert out.read_text("utf-8").splitlines() == lines
    view = json.loads(_run("journal", "replay", path, "--hall", hall_file, "--json").output)
    assert (view["seq"], view["totals"]["issued"]) == (records, 3)
    early = _run("journal", "replay", path, "--hall", hall_file, "--until", 1)
    assert "issued     0" in early.output


def test_a_damaged_journal_ends_with_code_6_and_the_restore_command(data: Path) -> None:
    path = data / "journal.sqlite"
    content = bytearray(path.read_bytes())
    at = content.index(b'"number":"A001"')
    content[at + 10] ^= 1
    path.write_bytes(content)
    result = _run("journal", "verify", path)
    assert result.exit_code == 6
    assert "DAMAGED" in result.output
    assert f"hallkit restore --from FOLDER_OF_COPIES --data {data}" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["journal", "verify", "none.sqlite"],
        ["journal", "export", "none.sqlite"],
        ["token", "list", "--data", "none"],
        ["gateway", "--hall", "none.toml", "--data", "none"],
    ],
)
def test_a_file_that_is_not_there_is_one_sentence(arguments: Sequence[str]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 3
    assert result.output.startswith("hallkit: none")
    assert len(result.output.splitlines()) == 1


def test_tokens_are_listed_created_revoked_and_hidden(data: Path) -> None:
    listed = json.loads(_run("token", "list", "--data", data, "--json").output)["tokens"]
    assert [row["id"] for row in listed][:2] == ["kiosk-1", "officer-1"]
    assert all(row["text"].startswith("hk_") for row in listed)
    made = json.loads(_run("token", "create", "officer", "--data", data, "--json").output)
    assert TokenStore(data).find(made["text"]) is not None
    assert _run("token", "revoke", made["id"], "--data", data).exit_code == 0
    assert TokenStore(data).find(made["text"]) is None
    again = _run("token", "revoke", made["id"], "--data", data)
    assert (again.exit_code, "there is no token" in again.output) == (1, True)
    assert _run("token", "hide", "--data", data).exit_code == 0
    assert "hk_" not in _run("token", "list", "--data", data).output
    wrong = _run("token", "create", "boss", "--data", data)
    assert (wrong.exit_code, "kiosk, officer, chief" in wrong.output) == (3, True)


def test_a_taken_port_is_told_with_the_way_out(tmp_path: Path, hall_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = _run(
            "gateway", "--hall", hall_file, "--data", tmp_path, "--http", f"127.0.0.1:{port}"
        )
    assert result.exit_code == 4
    assert "Address already in use" in result.output
    assert "--http 127.0.0.1:PORT" in result.output


def test_a_second_gateway_on_the_same_journal_is_refused(
    data: Path, hall_file: Path, langfang: HallConfig
) -> None:
    journal = Journal.open(data / "journal.sqlite", hall=langfang.hall.id)
    try:
        result = _run("gateway", "--hall", hall_file, "--data", data, "--http", "127.0.0.1:0")
    finally:
        journal.close()
    assert result.exit_code == 5
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--broker", "localhost", "--broker 'localhost': give HOST:PORT"),
        ("--http", "127.0.0.1:http", "--http '127.0.0.1:http': give HOST:PORT"),
        ("--ca-file", "none.pem", "--ca-file none.pem: there is no such file"),
        ("--password-file", "none", "--password-file needs --user"),
    ],
)
def test_a_wrong_option_is_named(
    tmp_path: Path, hall_file: Path, option: str, value: str, says: str
) -> None:
    result = _run("gateway", "--hall", hall_file, "--data", tmp_path, option, value)
    assert result.exit_code == 3
    assert says in result.output


def test_the_log_never_stops_the_hall(monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_log(as_json=True)
    with open(os.devnull) as closed:
        pass
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger().warning("nobody can read this")


def test_without_the_simulator_its_commands_are_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.cli.main._is_there", lambda _: False)
    assert "virtual hall" not in _run("--help").output
    assert _run("up").exit_code == 2


@pytest.mark.slow
def test_the_gateway_package_does_not_load_the_simulator(
    hall_file: Path, loaded_modules: Callable[[Sequence[str]], set[str]]
) -> None:
    modules = loaded_modules(["config", "check", str(hall_file)])
    assert "gateway.cli.main" in modules
    assert not {name for name in modules if name.split(".")[0] == "simulator"}


@pytest.fixture
def loaded_modules() -> Callable[[Sequence[str]], set[str]]:
    """What a run of the command imports."""

    def run(arguments: Sequence[str]) -> set[str]:
        code = (
            "import sys\nfrom gateway.cli.main import app\n"
            f"try: app({list(arguments)!r})\nexcept SystemExit: pass\n"
            "print(' '.join(sys.modules))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
        )
        return set(result.stdout.splitlines()[-1].split())

    return run
