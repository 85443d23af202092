"""Copies on a second medium: proven, kept up to date, few; and what a bad medium does to them."""

import json
import shutil
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal import backup, database
from gateway.journal.backup import BackupError, back_up, copies_in
from gateway.journal.errors import JournalError
from gateway.journal.store import Journal
from gateway.journal.verify import verify


@pytest.fixture
def medium(tmp_path):
    folder = tmp_path / "medium"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(tmp_path, event):
    """An open journal with ten records, as of a running gateway."""
    opened = Journal.open(tmp_path / "hall.sqlite", hall="langfang")
    opened.append([event(number) for number in range(1, 11)])
    yield opened
    opened.close()


def copy_now(journal, medium, keep=3):
    return back_up(journal.path, medium, keep, same_disk=True)


def seqs_in(medium):
    return [copy.seq for copy in copies_in(medium)]


def test_a_copy_of_a_running_journal_is_whole_and_has_every_record(journal, medium):
    report = copy_now(journal, medium)
    assert (report.copy.seq, report.new, report.problem) == (10, 10, "")
    found = verify(report.copy.path)
    assert (found.sound_records, found.last_hash) == (10, journal.last_hash)
    assert [path.name for path in medium.iterdir()] == [report.copy.path.name]
    assert report.copy.path.stat().st_mode & 0o077 == 0


def test_without_anything_new_no_copy_is_made(journal, medium):
    first = copy_now(journal, medium)
    again = copy_now(journal, medium)
    assert (again.copy, again.new) == (first.copy, 0)


def test_the_oldest_of_enough_copies_is_brought_up_to_date_by_what_is_new(
    journal, medium, event, monkeypatch
):
    whole = []
    copy_to = database.copy_to
    monkeypatch.setattr(
        database, "copy_to", lambda live, part: whole.append(part) or copy_to(live, part)
    )
    for number in range(11, 61, 10):
        journal.append([event(n) for n in range(number, number + 10)])
        journal.save_snapshot(number, {"upto": number})
        report = copy_now(journal, medium)
        assert verify(report.copy.path).sound_records == number + 9
    assert seqs_in(medium) == [60, 50, 40]
    assert len(whole) == 3, "the later ones were brought up to date"
    newest = Journal.open(copies_in(medium)[0].path, hall="langfang")
    assert newest.latest_snapshot().seq == 51
    assert [record.seq for record in newest.read()] == list(range(1, 61))
    newest.close()


def test_the_only_copy_is_never_touched_while_a_new_one_is_made(journal, medium, event):
    copy_now(journal, medium, keep=1)
    journal.append([event(11)])
    (old,) = copies_in(medium)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backup, "_prove", lambda part, tip: seen.append(old.path.exists()))
        seen = []
        copy_now(journal, medium, keep=1)
    assert seen == [True]
    assert seqs_in(medium) == [11]


def test_a_journal_that_was_begun_anew_gets_copies_of_its_own(journal, medium, tmp_path, event):
    copy_now(journal, medium)
    other = Journal.open(tmp_path / "other.sqlite", hall="langfang")
    other.append([event(1)])
    copy_now(other, medium, keep=1)
    other.close()
    assert sorted(seqs_in(medium)) == [1, 10], "no copy of another journal is ever deleted"


def test_a_copy_of_another_past_is_not_continued(journal, medium, tmp_path, event, copy_journal):
    for number in (11, 12, 13):
        copy_now(journal, medium)
        journal.append([event(number)])
    folder = copy_journal(journal.path, tmp_path / "elsewhere").parent
    shutil.rmtree(medium)
    medium.mkdir()
    fork = Journal.open(folder / "hall.sqlite", hall="langfang")
    for number in (14, 15, 16):
        fork.append([event(number, text="another past")])
        copy_now(fork, medium)
    fork.close()
    journal.append([event(number) for number in range(14, 20)])
    report = copy_now(journal, medium)
    assert verify(report.copy.path).last_hash == journal.last_hash


def test_a_folder_that_is_not_there_or_on_the_same_disk_is_refused(journal, tmp_path, medium):
    with pytest.raises(BackupError, match="is the second medium mounted"):
        back_up(journal.path, tmp_path / "none")
    with pytest.raises(BackupError, match=r"on the same disk as the journal.*--same-disk"):
        back_up(journal.path, medium)
    with pytest.raises(JournalError, match="does not exist"):
        back_up(tmp_path / "none.sqlite", medium)
    assert list(medium.iterdir()) == []


def test_a_full_medium_leaves_the_copies_it_has_and_no_half_one(journal, medium, event):
    copy_now(journal, medium)
    journal.append([event(number, text="x" * 5000) for number in range(11, 400)])
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from gateway.journal.backup import BackupError, back_up\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n"
        "    back_up(Path(sys.argv[1]), Path(sys.argv[2]), same_disk=True)\n"
        "except BackupError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(journal.path), str(medium)], capture_output=True, text=True
    )
    assert "no copy could be made" in done.stdout, done.stderr
    assert seqs_in(medium) == [10]
    assert len(list(medium.iterdir())) == 1
    assert copy_now(journal, medium).copy.seq == 399


def test_a_medium_that_gives_back_something_else_is_found_out(journal, medium, monkeypatch):
    copy_to = database.copy_to

    def copy_badly(live, part):
        copy_to(live, part)
        content = bytearray(part.read_bytes())
        content[content.index(b'"A007')] ^= 1
        part.write_bytes(content)

    monkeypatch.setattr(database, "copy_to", copy_badly)
    with pytest.raises(BackupError, match=r"reads back otherwise.*record 7.*replace the medium"):
        copy_now(journal, medium)
    assert list(medium.iterdir()) == []


def test_a_half_copy_of_a_killed_process_is_cleared_away(journal, medium):
    name = f"langfang-{journal.epoch}-0000000005.sqlite.part"
    (medium / name).write_bytes(b"half")
    (medium / (name + "-journal")).write_bytes(b"half")
    copy_now(journal, medium)
    assert len(list(medium.iterdir())) == 1


def test_damage_in_the_journal_is_told_while_the_copies_stay_good(tmp_path, medium, event):
    path = tmp_path / "hall.sqlite"
    journal = Journal.open(path, hall="langfang")
    for number in range(1, 91, 30):
        journal.append([event(n, text="x" * 300) for n in range(number, number + 30)])
        copy_now(journal, medium)
    journal.close()
    content = bytearray(path.read_bytes())
    content[content.index(b'"A007')] ^= 1
    path.write_bytes(content)
    with sqlite3.connect(path) as connection:
        stored = connection.execute("SELECT hash FROM events WHERE seq = 90").fetchone()[0]
    journal_after = database.connect(path)
    journal_after.close()
    with sqlite3.connect(path) as connection:
        row = (91, event(91).at_ms, "calling.made_up", 1, "clock", "{}")
        from gateway.journal.chain import link

        hashed = link(stored, 91, event(91).at_ms, "calling.made_up", 1, "clock", "{}")
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, hashed))
        connection.execute("INSERT INTO kinds VALUES ('calling.made_up', 1, 'test')")
    connection.close()
    report = back_up(path, medium, same_disk=True)
    assert "its hash does not match" in report.problem
    assert verify(report.copy.path).sound_records == 91


def test_two_at_once_do_not_meet(journal, medium):
    with backup._alone_in(medium), pytest.raises(BackupError, match="another copy is being made"):
        copy_now(journal, medium)


@pytest.mark.slow
def test_the_command_says_what_it_copied_and_where_the_copies_are(journal, medium, tmp_path):
    words = [sys.executable, "-m", "gateway.cli.main", "journal", "backup", str(journal.path)]
    done = subprocess.run(
        [*words, "--to", str(medium), "--same-disk", "--json"], capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    assert (said["records"], said["new"], said["problem"]) == (10, 10, "")
    assert (tmp_path / "hall.sqlite.backups").read_text() == f"{medium}\n"
    refused = subprocess.run(
        [*words, "--to", str(tmp_path / "none")], capture_output=True, text=True
    )
    assert refused.returncode == 8
    assert refused.stderr.startswith(f"hallkit: {tmp_path / 'none'} is not there")
