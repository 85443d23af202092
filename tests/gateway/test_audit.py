"""The audit log: chained, durable, shared by processes, and honest about what it lost."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.audit import FILE_NAME, KEPT_DAYS, AuditError, AuditLog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path)


def actions(log: AuditLog) -> list[str]:
    return [act.action for act in log.read()]


def test_what_was_noted_is_read_back_in_order(log: AuditLog) -> None:
    log.note("person:li", "sign in", "10.0.0.9")
    log.note("shell:root", "account made", "wang", "chief")
    acts = list(log.read())
    assert [(a.actor, a.action, a.target, a.result) for a in acts] == [
        ("person:li", "sign in", "10.0.0.9", "done"),
        ("shell:root", "account made", "wang", "chief"),
    ]
    assert acts[0].hash != acts[1].hash


def test_an_empty_log_is_whole(log: AuditLog) -> None:
    assert actions(log) == []


@pytest.mark.parametrize("line", [0, 1, 2])
def test_any_changed_line_is_found_and_named(log: AuditLog, line: int) -> None:
    for number in range(4):
        log.note("a", f"act {number}")
    lines = log.path.read_text().splitlines()
    lines[line] = lines[line].replace(f"act {line}", "nothing")
    log.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(AuditError, match=rf"{FILE_NAME}:{line + 1}: does not fit"):
        actions(log)


def test_a_line_taken_out_of_the_middle_is_found(log: AuditLog) -> None:
    for number in range(4):
        log.note("a", f"act {number}")
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text("".join(lines[:1] + lines[2:]))
    with pytest.raises(AuditError, match=":2: does not fit"):
        actions(log)


def test_every_torn_last_line_is_cut_and_told(log: AuditLog) -> None:
    log.note("a", "first")
    log.note("a", "second")
    whole = log.path.read_bytes()
    first_end = whole.index(b"\n") + 1
    for cut in range(first_end + 1, len(whole)):
        log.path.write_bytes(whole[:cut])
        log.note("a", "third")
        assert actions(log) == ["first", "cut a torn line", "third"]


def test_nothing_is_added_behind_a_damaged_line(log: AuditLog) -> None:
    log.note("a", "first")
    log.path.write_bytes(log.path.read_bytes().replace(b"first", b"worst"))
    with pytest.raises(AuditError, match="hallkit audit verify"):
        log.note("a", "second")


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(AuditError, match="cannot be written"):
        AuditLog(tmp_path).note("a", "act")


def test_old_lines_are_dropped_and_the_rest_is_still_whole(log: AuditLog) -> None:
    for number in range(3):
        log.note("a", f"old {number}")
    later = datetime.now(UTC) + timedelta(days=KEPT_DAYS, hours=1)
    assert log.prune() == 0
    log.note("a", "new")
    # As if the last one had been written later than the others.
    lines = log.path.read_text().splitlines()
    assert len(lines) == 4
    assert log.prune(later) == 4
    log.note("a", "after")
    assert actions(log) == ["after"]
    body = json.loads(log.path.read_text().splitlines()[0])
    assert (body["action"], body["target"]) == ("pruned", "4 lines")


def test_a_forged_cut_in_the_middle_is_found(log: AuditLog) -> None:
    log.note("a", "first")
    log.prune(datetime.now(UTC) + timedelta(days=KEPT_DAYS + 1))
    head = log.path.read_bytes()
    log.path.unlink()
    log.note("a", "first")
    log.path.write_bytes(log.path.read_bytes() + head)
    with pytest.raises(AuditError, match=":2: does not fit"):
        actions(log)


def test_processes_write_at_once_and_lose_nothing(log: AuditLog) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.audit import AuditLog\n"
        "log = AuditLog(Path(sys.argv[1]))\n"
        "for n in range(40): log.note(sys.argv[2], f'act {n}')\n"
    )
    command = [sys.executable, "-c", code, str(log.path.parent)]
    writers = [subprocess.Popen([*command, name], cwd=ROOT) for name in "abc"]
    for writer in writers:
        assert writer.wait(60) == 0
    acts = list(log.read())
    assert len(acts) == 120
    for name in "abc":
        assert [a.action for a in acts if a.actor == name] == [f"act {n}" for n in range(40)]
