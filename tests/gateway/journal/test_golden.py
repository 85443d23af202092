"""Journals of past versions must be read for ever: hashes, upcasts, refusals, the export format."""

import io
import json
from pathlib import Path

import pytest

from gateway.journal.chain import canonical_json, genesis, link
from gateway.journal.database import MIGRATIONS
from gateway.journal.errors import JournalDamaged, JournalError, UpcastError
from gateway.journal.export import export
from gateway.journal.records import NewRecord
from gateway.journal.store import Journal
from gateway.journal.upcasts import UPCASTS, newest_version, newest_versions, upcast
from gateway.journal.verify import verify

GOLDEN = Path(__file__).parents[2] / "golden" / "journals" / "made_up_v1.jsonl"

# The steps of a made-up later version, in which a service got a code and a window a number.
CODES = {"发票领用": "INV", "纳税申报": "DECL"}
STEPS = {
    ("calling.ticket_issued", 1): lambda data: {
        **{name: value for name, value in data.items() if name != "service"},
        "service_code": CODES[data["service"]],
    },
    ("calling.ticket_issued", 2): lambda data: {**data, "channel": "kiosk"},
    ("calling.ticket_called", 1): lambda data: {**data, "window": int(data["window"][1:])},
}


@pytest.fixture
def golden():
    header, *records, last = map(json.loads, GOLDEN.read_text(encoding="utf-8").splitlines())
    return header, records, last


@pytest.fixture
def old_journal(golden, tmp_path):
    """The golden journal, written as the code of its day wrote it."""
    header, records, _ = golden
    path = tmp_path / "hall.sqlite"
    journal = Journal.open(path, hall=header["hall"], epoch=header["epoch"], upcasts={})
    for record in records:
        fields = ("at_ms", "kind", "version", "data", "cause")
        journal.append([NewRecord(**{name: record[name] for name in fields})])
    journal.close()
    return path


def test_todays_code_gives_the_hashes_of_the_golden_journal(golden):
    header, records, last = golden
    previous = genesis(header["hall"], header["epoch"]).hash
    assert previous.hex() == header["genesis"]
    for record in records:
        data = canonical_json(record["data"])
        fields = [record[name] for name in ("seq", "at_ms", "kind", "version", "cause")]
        previous = link(previous, *fields, data)
        assert previous.hex() == record["hash"]
    assert last == {"end": True, "records": len(records), "last_hash": previous.hex()}


def test_exporting_the_old_journal_gives_the_golden_file_byte_for_byte(golden, old_journal):
    out = io.StringIO()
    assert export(old_journal, out) == 5
    header, *rest = out.getvalue().splitlines(keepends=True)
    # The tables around the records may have changed since; the records may not.
    assert json.loads(header) == golden[0] | {"schema": len(MIGRATIONS)}
    assert rest == GOLDEN.read_text(encoding="utf-8").splitlines(keepends=True)[1:]


def test_old_events_are_upcast_step_by_step(old_journal):
    journal = Journal.open(old_journal, hall="langfang", upcasts=STEPS)
    records = list(journal.read())
    assert [record.version for record in records] == [3, 3, 2, 1, 3]
    assert records[0].data == {"ticket": "A001", "service_code": "INV", "channel": "kiosk"}
    assert records[2].data == {"ticket": "A001", "window": 3}
    assert records[3].data == {"ticket": "A001", "waited_ms": 61500, "note": '换行\n与"引号"'}
    journal.close()
    assert verify(old_journal, upcasts=STEPS).sound


def test_an_event_of_a_newer_version_is_refused_by_name(golden, old_journal):
    newer = Journal.open(old_journal, hall="langfang", upcasts=STEPS)
    at_ms = golden[1][-1]["at_ms"]
    newer.append([NewRecord(at_ms, "calling.ticket_called", 2, {"window": 4}, "start")])
    newer.close()
    journal = Journal.open(old_journal, hall="langfang", upcasts={})
    reader = journal.read()
    assert [next(reader).seq for _ in range(5)] == [1, 2, 3, 4, 5]
    with pytest.raises(UpcastError, match=r"calling.ticket_called.*version 2.*upgrade hallkit"):
        next(reader)
    journal.close()
    report = verify(old_journal, upcasts={})
    assert report.sound, "its chain is whole"
    assert any("record 6" in notice and "upgrade" in notice for notice in report.notices)


def test_a_missing_step_is_refused_by_name(old_journal):
    holed = {key: step for key, step in STEPS.items() if key[1] != 1}
    journal = Journal.open(old_journal, hall="langfang", upcasts=holed)
    with pytest.raises(UpcastError, match=r"ticket_issued.*step to version 2 is missing"):
        next(journal.read())
    journal.close()


def test_a_step_that_fails_names_the_event():
    with pytest.raises(UpcastError, match=r"ticket_issued of version 1.*KeyError"):
        upcast("calling.ticket_issued", 1, 3, {"service": "not a service"}, STEPS)


def test_the_newest_version_follows_from_the_steps():
    assert newest_versions(STEPS) == {"calling.ticket_issued": 3, "calling.ticket_called": 2}
    assert newest_version("calling.never_changed", STEPS) == 1


def test_every_event_that_changed_has_all_its_steps():
    for kind, newest in newest_versions(UPCASTS).items():
        for version in range(1, newest):
            assert (kind, version) in UPCASTS


def test_an_export_of_a_damaged_journal_has_no_last_line(old_journal):
    content = bytearray(old_journal.read_bytes())
    position = content.find(b"61500")
    content[position] ^= 1
    old_journal.write_bytes(content)
    out = io.StringIO()
    with pytest.raises(JournalDamaged, match="record 4"):
        export(old_journal, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("seq") for line in lines] == [None, 1, 2, 3]


@pytest.mark.parametrize("call", [verify, lambda path: export(path, io.StringIO())])
def test_a_journal_that_is_not_there_is_a_clear_error(tmp_path, call):
    with pytest.raises(JournalError, match="does not exist"):
        call(tmp_path / "nothing.sqlite")
