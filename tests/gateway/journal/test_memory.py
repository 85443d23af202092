"""The crashes of the journal in memory."""

import pytest

from gateway.journal.errors import JournalFailed, JournalLocked
from gateway.journal.memory import MemoryDisk, MemoryJournal


@pytest.fixture
def disk():
    return MemoryDisk()


def open_on(disk):
    return MemoryJournal.open(disk, hall="langfang")


def test_what_is_staged_and_not_committed_is_lost_in_a_crash(disk, event):
    journal = open_on(disk)
    kept = journal.append([event(1)])
    journal.stage([event(2)])
    assert journal.last_seq == 1
    assert list(journal.read()) == kept
    journal.crash()
    again = open_on(disk)
    assert list(again.read()) == kept
    assert [record.seq for record in again.append([event(2)])] == [2]


def test_stages_are_committed_together_in_order(disk, event):
    journal = open_on(disk)
    staged = journal.stage([event(1)]) + journal.stage([event(2)])
    journal.commit()
    journal.crash()
    assert list(open_on(disk).read()) == staged


@pytest.mark.parametrize(("fate", "kept"), [("lost", 2), ("kept", 3)])
def test_the_nth_append_fails_and_its_batch_is_lost_or_kept(disk, event, fate, kept):
    journal = open_on(disk)
    journal.fail_append(3, fate)
    journal.append([event(1)])
    journal.append([event(2)])
    with pytest.raises(JournalFailed):
        journal.append([event(3)])
    with pytest.raises(JournalFailed):
        journal.append([event(4)])
    assert journal.last_seq == 2
    journal.crash()
    assert open_on(disk).last_seq == kept


def test_a_dead_journal_writes_no_more(disk, event):
    journal = open_on(disk)
    journal.append([event(1)])
    journal.crash()
    for write in (
        lambda: journal.append([event(2)]),
        journal.commit,
        lambda: journal.save_snapshot(1, {}),
    ):
        with pytest.raises(JournalFailed, match="power was cut"):
            write()
    assert len(disk.rows) == 1


def test_a_dead_journal_does_not_close_the_disk_of_the_next_one(disk, event):
    dead = open_on(disk)
    dead.crash()
    living = open_on(disk)
    dead.close()
    with pytest.raises(JournalLocked):
        open_on(disk)
    living.close()
    open_on(disk)
