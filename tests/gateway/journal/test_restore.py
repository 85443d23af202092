"""A damaged journal comes back from its copies: nothing proven is lost, nothing is overwritten."""

import contextlib
import json
import shutil
from pathlib import PosixPath

import pytest

from gateway.journal import database
from gateway.journal.backup import back_up, copies_in
from gateway.journal.errors import JournalDamaged, JournalError, JournalLocked
from gateway.journal.restore import restore
from gateway.journal.store import Journal

STAMP = "20261126T080000Z"


@pytest.fixture
def hall(tmp_path, event):
    """A folder whose journal has 60 records, the first 40 of them in a copy, 20 in an older one."""
    data, medium = tmp_path / "data", tmp_path / "medium"
    medium.mkdir()
    journal = Journal.open(data / "journal.sqlite", hall="langfang")
    for number in range(1, 61, 20):
        journal.append([event(n, text="x" * 300) for n in range(number, number + 20)])
        if number < 41:
            back_up(journal.path, medium, same_disk=True)
    kept = list(journal.read())
    journal.close()
    return data / "journal.sqlite", medium, kept


def flip(path, text):
    content = bytearray(path.read_bytes())
    content[content.index(text)] ^= 1
    path.write_bytes(content)


def read_all(path):
    journal = Journal.open(path, hall="langfang")
    try:
        return list(journal.read())
    finally:
        journal.close()


def lines_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_events_newer_than_the_copy_that_are_proven_are_brought_over(hall):
    path, medium, kept = hall
    flip(path, b'"A007"')
    damaged = path.read_bytes()
    with pytest.raises(JournalDamaged) as refused:
        Journal.open(path, hall="langfang")
    assert f"`hallkit restore --from {medium} --data {path.parent}`" in str(refused.value)
    report = restore(path, medium, STAMP)
    assert (report.copy.seq, report.newer, report.brought_over) == (40, 20, 20)
    assert report.records == 60
    assert read_all(path) == kept, "nothing is lost"
    moved = path.with_name(f"journal.sqlite.damaged-{STAMP}")
    assert moved in report.moved
    assert moved.read_bytes() == damaged
    assert [line["seq"] for line in lines_of(report.aside)] == list(range(41, 61))


def test_what_cannot_be_proven_is_kept_aside_and_counted(hall):
    path, medium, kept = hall
    flip(path, b'"A050"')
    report = restore(path, medium, STAMP)
    assert (report.newer, report.brought_over, report.records) == (20, 9, 49)
    assert read_all(path) == kept[:49]
    lines = lines_of(report.aside)
    assert [line["brought_over"] for line in lines] == [True] * 9 + [False] * 11
    assert lines[9]["seq"] == 50, "as it was found"
    assert lines[19]["hash"] == kept[59].hash.hex()


def test_a_copy_that_is_not_sound_is_passed_over_by_name(hall):
    path, medium, kept = hall
    flip(path, b'"A050"')
    newest = copies_in(medium)[0].path
    flip(newest, b'"A030"')
    report = restore(path, medium, STAMP)
    assert report.copy.seq == 20
    assert report.passed_over == [
        f"{newest.name}: record 30: its hash does not match: it, or the one before, was changed"
    ]
    assert read_all(path) == kept[:49], "the damaged journal itself proves the rest"


def test_without_a_sound_copy_nothing_is_touched(hall):
    path, medium, _ = hall
    flip(path, b'"A050"')
    before = path.read_bytes()
    for copy in copies_in(medium):
        flip(copy.path, b'"A007"')
    with pytest.raises(JournalError, match=r"no sound copy.*0000000040.*0000000020"):
        restore(path, medium, STAMP)
    assert path.read_bytes() == before


def test_a_journal_that_is_gone_comes_back(hall):
    path, medium, kept = hall
    shutil.rmtree(path.parent)
    report = restore(path, medium, STAMP)
    assert (report.records, report.newer, report.moved) == (40, 0, [])
    assert read_all(path) == kept[:40]


def test_a_file_that_is_no_journal_any_more_is_kept_aside(hall):
    path, medium, kept = hall
    path.write_bytes(b"no database at all" * 1000)
    report = restore(path, medium, STAMP)
    assert report.records == 40
    assert read_all(path) == kept[:40]
    assert path.with_name(f"journal.sqlite.damaged-{STAMP}").read_bytes().startswith(b"no data")


def test_a_torn_log_does_not_follow_the_restored_journal(hall, event, tmp_path, copy_journal):
    path, medium, _ = hall
    journal = Journal.open(path, hall="langfang")
    journal.append([event(61)])
    journal.append([event(62)])
    journal.append([event(63)])
    whole = list(journal.read())
    crashed = copy_journal(path, tmp_path / "crashed")
    journal.close()
    log = crashed.with_name("journal.sqlite-wal")
    content = bytearray(log.read_bytes())
    content[5000] ^= 1
    log.write_bytes(content)
    with pytest.raises(JournalDamaged, match="committed events lie behind"):
        Journal.open(crashed, hall="langfang")
    report = restore(crashed, medium, STAMP)
    assert read_all(crashed) == whole[: report.records]
    assert report.records >= 60, "all that was folded back is proven"
    assert crashed.with_name(f"journal.sqlite.damaged-{STAMP}-wal").read_bytes() == bytes(content)


def test_a_sound_journal_and_a_running_gateway_are_left_alone(hall):
    path, medium, kept = hall
    with pytest.raises(JournalError, match="is sound: there is nothing to restore"):
        restore(path, medium, STAMP)
    journal = Journal.open(path, hall="langfang")
    with pytest.raises(JournalLocked, match="in use by process"):
        restore(path, medium, STAMP)
    journal.close()
    assert read_all(path) == kept


def test_copies_of_several_journals_are_not_mixed(hall, event, tmp_path):
    path, medium, _ = hall
    other = Journal.open(tmp_path / "other.sqlite", hall="langfang")
    other.append([event(n) for n in range(1, 100)])
    back_up(other.path, medium, same_disk=True)
    other.close()
    flip(path, b'"A050"')
    assert restore(path, medium, STAMP).copy.seq == 40, "the damaged one can say which it is"
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="several journals"):
        restore(path, medium, STAMP)


def test_a_restore_that_is_cut_off_anywhere_is_finished_by_the_next_one(hall, tmp_path):
    path, medium, kept = hall
    flip(path, b'"A007"')
    steps = [0]
    with counting(steps):
        restore(path, medium, STAMP)
    assert steps[0] > 4
    assert read_all(path) == kept
    damaged = path.with_name(f"journal.sqlite.damaged-{STAMP}")
    for cut in range(1, steps[0] + 1):
        journal = tmp_path / f"data-{cut}" / "journal.sqlite"
        journal.parent.mkdir()
        shutil.copy(damaged, journal)
        shutil.copy(path.with_name("journal.sqlite.backups"), journal.parent)
        with counting([0], cut), pytest.raises(PowerCutError):
            restore(journal, medium, STAMP)
        # Whatever is there now, a gateway starts on the whole truth or not at all.
        if cut < steps[0]:
            with pytest.raises(JournalError, match="hallkit restore --from"):
                read_all(journal)
            restore(journal, medium, "20261126T090000Z")
        assert read_all(journal) == kept
        assert list(journal.parent.glob("journal.sqlite.damaged-*")), "the evidence stays"


class PowerCutError(Exception):
    """The plug was pulled here."""


@contextlib.contextmanager
def counting(steps, cut=0):
    """Count renames and syncs of a folder, and pull the plug before the `cut`-th."""

    def step(real):
        def count(*arguments):
            steps[0] += 1
            if steps[0] == cut:
                raise PowerCutError
            return real(*arguments)

        return count

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PosixPath, "rename", step(PosixPath.rename))
        patched.setattr(database, "sync_folder", step(database.sync_folder))
        yield
