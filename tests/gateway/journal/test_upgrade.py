"""P12: forward only after a proven copy; an older hallkit refuses before it touches anything."""

import contextlib
import hashlib

import pytest

from gateway.journal import database, upgrade
from gateway.journal.errors import JournalDamaged, JournalError, JournalTooNew
from gateway.journal.records import NewRecord
from gateway.journal.store import Journal
from gateway.journal.verify import verify

EXTRA = ("CREATE TABLE extra (x INTEGER)",)
SCHEMA = len(database.MIGRATIONS)
KNOWN = {"calling.ticket_issued": 1, "calling.made_up": 1}


@contextlib.contextmanager
def a_later_hallkit(version="9.1.0", migrations=(EXTRA,)):
    """What opens a journal in here does it as a hallkit of the future."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, *migrations))
        patched.setattr(database, "own_version", lambda: version)
        yield


def value_of(journal, pragma):
    return journal._connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def contents(folder):
    """Every file but the lock and SQLite's own index of the log, which are nobody's memory."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if not path.name.endswith((".lock", "-shm"))
    }


def test_an_older_schema_is_copied_proven_and_brought_forward(on_disk, tmp_path, event):
    journal = on_disk.open()
    kept = journal.append([event(1), event(2)])
    journal.close()
    with a_later_hallkit():
        journal = on_disk.open()
        assert list(journal.read()) == kept
        assert value_of(journal, "user_version") == SCHEMA + 1
        (notice,) = journal.notices
        assert f"from schema {SCHEMA} to {SCHEMA + 1}" in notice
        assert "2 records, proven" in notice
        journal.close()
    copy = tmp_path / f"hall.sqlite.before-schema-{SCHEMA + 1}"
    assert verify(copy).sound
    older = Journal.open(copy, hall="langfang")
    assert list(older.read()) == kept
    older.close()


def test_a_journal_that_is_not_sound_is_not_brought_forward(on_disk, tmp_path, event):
    journal = on_disk.open()
    journal.append([event(number) for number in range(1, 200)])
    journal.save_snapshot(150, {})
    journal.close()
    path = tmp_path / "hall.sqlite"
    content = bytearray(path.read_bytes())
    content[content.index(b'"A077')] ^= 1
    path.write_bytes(content)
    before = contents(tmp_path)
    with a_later_hallkit(), pytest.raises(JournalDamaged, match="record 77"):
        on_disk.open()
    assert contents(tmp_path) == before
    # The schema it is in is good enough to work on: the snapshot spares the start the damage.
    on_disk.open()


def test_a_migration_that_fails_leaves_the_journal_as_it_was(on_disk, event):
    journal = on_disk.open()
    kept = journal.append([event(1)])
    journal.close()
    broken = ("CREATE TABLE extra (x INTEGER)", "CREATE NONSENSE")
    with a_later_hallkit(migrations=(broken,)), pytest.raises(JournalError, match="NONSENSE"):
        on_disk.open()
    journal = on_disk.open()
    assert list(journal.read()) == kept
    assert value_of(journal, "user_version") == SCHEMA
    found = journal._connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert ("extra",) not in found


@pytest.mark.parametrize("crashed", [False, True], ids=["closed", "crashed"])
def test_a_newer_schema_is_refused_untouched_and_names_who_wrote_it(
    on_disk, tmp_path, event, copy_journal, crashed
):
    with a_later_hallkit("9.1.0"):
        journal = on_disk.open()
        journal.append([event(1)])
        if crashed:
            folder = copy_journal(journal.path, tmp_path / "crashed").parent
        journal.close()
    folder = folder if crashed else tmp_path
    before = contents(folder)
    with pytest.raises(JournalTooNew, match=r"hallkit 9\.1\.0.*Nothing was changed.*9\.1\.0"):
        Journal.open(folder / "hall.sqlite", hall="langfang")
    assert contents(folder) == before


def test_an_event_this_hallkit_does_not_know_is_refused_untouched(on_disk, tmp_path, event):
    with a_later_hallkit("9.2.0", migrations=()):
        journal = on_disk.open()
        journal.append([event(1), NewRecord(event(2).at_ms, "calling.unheard_of", 1, {}, "start")])
        journal.close()
    before = contents(tmp_path)
    with pytest.raises(JournalTooNew, match=r"hallkit 9\.2\.0.*events calling\.unheard_of"):
        on_disk.open(kinds=KNOWN)
    assert contents(tmp_path) == before


def test_an_event_of_a_newer_version_is_refused_untouched(on_disk, tmp_path, event):
    steps = {("calling.ticket_issued", 1): lambda data: data}
    with a_later_hallkit("9.3.0", migrations=()):
        journal = on_disk.open(upcasts=steps)
        new = event(1)
        journal.append([NewRecord(new.at_ms, new.kind, 2, new.data, new.cause)])
        journal.close()
    before = contents(tmp_path)
    with pytest.raises(JournalTooNew, match=r"hallkit 9\.3\.0.*version 2, this knows up to 1"):
        on_disk.open(kinds=KNOWN)
    assert contents(tmp_path) == before


def test_the_older_hallkit_goes_on_while_nothing_new_was_written(on_disk, event):
    with a_later_hallkit("9.4.0", migrations=()):
        journal = on_disk.open(kinds={**KNOWN, "calling.unheard_of": 1})
        journal.append([event(1)])
        journal.close()
    assert on_disk.open(kinds=KNOWN).last_seq == 1


def test_the_kinds_of_an_old_journal_are_counted_when_it_is_brought_forward(
    tmp_path, event, monkeypatch
):
    path = tmp_path / "hall.sqlite"
    with monkeypatch.context() as patched:
        patched.setattr(database, "MIGRATIONS", database.MIGRATIONS[:1])
        database.create(path, "langfang", "00")
    with database.connect(path) as connection:
        connection.execute(
            "INSERT INTO events VALUES (1, 1, 'calling.made_up', 3, 'start', '{}', x'00')"
        )
        connection.execute("DELETE FROM meta WHERE name = 'hallkit'")
    monkeypatch.setattr(upgrade, "verify", verify_nothing)
    with database.connect(path) as connection:
        upgrade.upgrade(connection, path)
        kinds = connection.execute("SELECT kind, version, hallkit FROM kinds").fetchall()
        assert kinds == [("calling.made_up", 3, "")]
        assert database.read_meta(connection).hallkit == database.own_version()


def verify_nothing(path):
    """As sound: the one record above has no true hash."""
    report = verify(path)
    report.problem = ""
    return report
