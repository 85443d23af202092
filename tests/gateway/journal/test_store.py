"""What only the journal on disk has: settings, full disk, threads, creation, schemas, speed."""

import sqlite3
import threading
import time

import pytest

from gateway.journal import database
from gateway.journal.errors import JournalError, JournalFailed
from gateway.journal.store import Journal


def value_of(journal, pragma):
    return journal._connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def test_the_connection_has_the_settings_that_keep_acknowledged_events(on_disk):
    journal = on_disk.open()
    assert value_of(journal, "journal_mode") == "wal"
    assert value_of(journal, "synchronous") == 2
    assert value_of(journal, "user_version") == len(database.MIGRATIONS)


def test_two_new_journals_have_different_epochs(tmp_path):
    journals = [Journal.open(tmp_path / name, hall="langfang") for name in ("a", "b")]
    assert journals[0].epoch != journals[1].epoch
    assert journals[0].last_hash != journals[1].last_hash
    for journal in journals:
        journal.close()


def test_stored_events_cannot_be_changed_or_removed_by_sql(on_disk, event):
    journal = on_disk.open()
    journal.append([event(1)])
    for statement in ("UPDATE events SET cause = 'x'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            journal._connection.execute(statement)


def test_on_a_full_disk_nothing_is_half_applied_and_the_journal_stops(on_disk, event):
    journal = on_disk.open()
    kept = journal.append([event(1)])
    pages = value_of(journal, "page_count")
    journal._connection.execute(f"PRAGMA max_page_count={pages + 2}")
    big = [event(number, text="x" * 3000) for number in range(2, 12)]
    with pytest.raises(JournalFailed, match=r"full.*acknowledge nothing and exit"):
        journal.append(big)
    journal._connection.execute("PRAGMA max_page_count=1000000")
    with pytest.raises(JournalFailed):
        journal.append([event(2)])
    with pytest.raises(JournalFailed):
        journal.save_snapshot(1, {})
    assert list(journal.read()) == kept
    journal.close()
    again = on_disk.open()
    assert list(again.read()) == kept
    assert again.append([event(2)])[0].seq == 2


def test_a_failed_snapshot_stops_the_journal_too(on_disk, event):
    journal = on_disk.open()
    journal.append([event(1)])
    journal._connection.execute(f"PRAGMA max_page_count={value_of(journal, 'page_count')}")
    with pytest.raises(JournalFailed):
        journal.save_snapshot(1, {"text": "x" * 100_000})
    with pytest.raises(JournalFailed):
        journal.append([event(2)])
    journal.close()
    assert on_disk.open().latest_snapshot() is None


def test_another_thread_is_refused_until_the_journal_is_handed_over(on_disk, event):
    journal = on_disk.open()
    raised = []

    def append():
        try:
            journal.append([event(1)])
        except AssertionError as error:
            raised.append(error)

    def run():
        thread = threading.Thread(target=append)
        thread.start()
        thread.join()

    run()
    assert len(raised) == 1
    assert journal.last_seq == 0
    journal.hand_over()
    run()
    assert (len(raised), journal.last_seq) == (1, 1)
    with pytest.raises(AssertionError, match="one thread"):
        journal.append([event(2)])
    journal._owner = None


def test_a_creation_that_was_interrupted_is_begun_again(on_disk, tmp_path):
    (tmp_path / "hall.sqlite.new").write_bytes(b"half a file")
    (tmp_path / "hall.sqlite.new-wal").write_bytes(b"half a log")
    assert on_disk.open().last_seq == 0
    assert not list(tmp_path.glob("*.new*"))


def test_a_new_journal_is_not_moved_in_while_its_log_is_not_folded_back(tmp_path, monkeypatch):
    """Found by `errors --point gateway:first:pread64:9:EIO`: the disk refused while closing."""
    path, real = tmp_path / "journal.sqlite", database.migrate_step
    readers = []

    def watched(connection, version, migration):
        real(connection, version, migration)
        if not readers:  # whoever reads an older state keeps the log from being folded back
            readers.append(sqlite3.connect(f"{path}.new", isolation_level=None))
            connection.execute("PRAGMA busy_timeout=0")
            readers[0].execute("BEGIN")
            readers[0].execute("SELECT * FROM meta").fetchall()

    monkeypatch.setattr(database, "migrate_step", watched)
    with pytest.raises(JournalError, match="could not be folded back"):
        Journal.open(path, hall="langfang")
    assert not path.exists()
    readers[0].close()
    Journal.open(path, hall="langfang").close()


def test_a_journal_is_not_begun_where_one_was_taken_away(on_disk, tmp_path):
    (tmp_path / "hall.sqlite-wal").write_bytes(b"x" * 100)
    with pytest.raises(JournalError, match="somebody moved the journal away"):
        on_disk.open()


def test_a_database_of_something_else_is_refused_and_left_alone(on_disk, tmp_path):
    path = tmp_path / "hall.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(JournalError, match="something else"):
        on_disk.open()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("recipes",)]
    connection.close()


def test_a_journal_that_only_its_owner_may_read(on_disk, tmp_path, event):
    on_disk.open().append([event(1)])
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert modes.keys() >= {"hall.sqlite", "hall.sqlite-wal"}
    assert not any(modes.values()), modes


def test_a_path_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(tmp_path / "file" / "hall.sqlite", hall="langfang")


def test_a_snapshot_spares_the_start_the_events_before_it(on_disk, event, monkeypatch):
    journal = on_disk.open()
    journal.append([event(number) for number in range(1, 5001)])
    journal.save_snapshot(4990, {"upto": 4990})
    journal.close()
    asked = []
    read_rows = database.read_rows
    monkeypatch.setattr(
        database, "read_rows", lambda c, after: asked.append(after) or read_rows(c, after)
    )
    assert on_disk.open().last_seq == 5000
    assert asked == [4990]


def test_a_snapshot_of_another_state_version_is_reported(on_disk, event):
    journal = on_disk.open(state_version="1")
    journal.append([event(1)])
    journal.save_snapshot(1, {})
    journal.close()
    assert any("state version 1" in notice for notice in on_disk.open(state_version="2").notices)


@pytest.mark.slow
def test_a_hundred_thousand_events_are_opened_and_read_in_good_time(on_disk, event):
    journal = on_disk.open()
    for first in range(1, 100_001, 2000):
        journal.append([event(number) for number in range(first, first + 2000)])
    journal.close()
    # Time of this process, so that what else the machine does is not counted.
    started = time.process_time()
    journal = on_disk.open()
    assert sum(1 for _ in journal.read()) == 100_000
    whole_s = time.process_time() - started
    journal.save_snapshot(99_000, {"tickets": list(range(3000))})
    journal.close()
    started = time.process_time()
    journal = on_disk.open()
    assert sum(1 for _ in journal.read(journal.latest_snapshot().seq)) == 1000
    short_s = time.process_time() - started
    # Several times what was measured on two idle cores (0.6 s and 0.01 s).
    assert whole_s < 5
    assert 8 * short_s < whole_s
