"""One suite for the journal on disk and the one in memory: the same promises, the same hashes."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.journal.errors import JournalError, JournalLocked, RecordError, UpcastError
from gateway.journal.records import NewRecord


def test_records_are_numbered_from_one_without_a_gap(place, event):
    journal = place.open()
    assert (journal.last_seq, journal.last_at_ms) == (0, 0)
    first = journal.append([event(1), event(2)])
    second = journal.append([event(3)])
    assert [record.seq for record in first + second] == [1, 2, 3]
    assert journal.last_seq == 3
    assert journal.last_at_ms == event(3).at_ms
    assert journal.last_hash == second[0].hash


def test_what_append_returns_is_what_is_read_after_reopening(place, event):
    journal = place.open()
    given_back = journal.append([event(1), event(2)]) + journal.append([event(3)])
    assert list(journal.read()) == given_back
    journal.close()
    again = place.open()
    assert list(again.read()) == given_back
    assert list(again.read(after_seq=2)) == given_back[2:]
    assert (again.last_seq, again.last_hash) == (3, given_back[2].hash)


def test_an_empty_batch_writes_nothing(place):
    journal = place.open()
    before = journal.last_hash
    assert journal.append([]) == []
    assert (journal.last_seq, journal.last_hash) == (0, before)


def test_reading_sees_what_is_appended_while_reading(place, event):
    journal = place.open()
    journal.append([event(n) for n in range(1, 2500)])
    reader = journal.read()
    next(reader)
    journal.append([event(2500)])
    assert [record.seq for record in reader][-1] == 2500


def test_changing_what_was_handed_in_changes_nothing_stored(place, event):
    journal = place.open()
    new = event(1, nested=[1])
    (record,) = journal.append([new])
    new.data["nested"].append(2)
    new.data["ticket"] = "B999"
    assert record.data["nested"] == [1]
    assert next(iter(journal.read())).data == record.data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at_ms": 0}, "not before the last"),
        ({"at_ms": 1.5e12}, "at_ms"),
        ({"kind": "TicketIssued"}, "kind"),
        ({"kind": "calling.a\nb"}, "kind"),
        ({"version": 2}, "newest of this kind is 1"),
        ({"version": True}, "version"),
        ({"cause": ""}, "cause"),
        ({"cause": "a\nb"}, "cause"),
        ({"cause": "x" * 201}, "cause"),
        ({"data": []}, "object"),
        ({"data": {"wait": float("nan")}}, "JSON"),
        ({"data": {"window": {3: "open"}}}, "changes"),
        ({"data": {"windows": (1, 2)}}, "changes"),
        ({"data": {"name": "\ud800"}}, "JSON"),
        ({"data": {"clock": b"12"}}, "JSON"),
    ],
)
def test_a_wrong_event_is_refused_with_its_whole_batch(place, event, change, said):
    journal = place.open()
    kept = journal.append([event(1)])
    good = event(3)
    fields = {name: getattr(good, name) for name in NewRecord.__slots__} | change
    with pytest.raises(RecordError, match=said):
        journal.append([event(2), NewRecord(**fields)])
    assert list(journal.read()) == kept
    assert [record.seq for record in journal.append([event(2)])] == [2]


def test_a_second_opener_is_refused_until_the_first_closes(place, event):
    first = place.open()
    first.append([event(1)])
    with pytest.raises(JournalLocked, match="in use"):
        place.open()
    first.close()
    assert place.open().last_seq == 1


def test_the_journal_of_another_hall_is_refused(place):
    place.open().close()
    with pytest.raises(JournalError, match=r"'langfang'.*'bazhou'"):
        place.open(hall="bazhou")
    assert place.open().hall == "langfang"


def test_the_epoch_stays_the_one_of_the_creation(place):
    place.open(epoch="aa").close()
    assert place.open(epoch="bb").epoch == "aa"


def test_the_newest_snapshots_are_kept_and_the_newest_is_given(place, event):
    journal = place.open()
    assert journal.latest_snapshot() is None
    journal.append([event(n) for n in range(1, 10)])
    for seq in (2, 9, 4, 6):
        journal.save_snapshot(seq, {"upto": seq})
    found = journal.latest_snapshot()
    assert (found.seq, found.state) == (9, {"upto": 9})
    assert found.record_hash == journal.last_hash


def test_a_snapshot_of_another_state_version_is_not_given(place, event):
    journal = place.open(state_version="1")
    journal.append([event(1)])
    journal.save_snapshot(1, {"shape": "old"})
    journal.close()
    assert place.open(state_version="2").latest_snapshot() is None


def test_a_snapshot_of_a_record_that_is_not_there_is_refused(place, event):
    journal = place.open()
    journal.append([event(1)])
    for seq in (0, 2):
        with pytest.raises(RecordError, match=f"record {seq}"):
            journal.save_snapshot(seq, {})


def test_old_events_are_read_in_their_newest_version(place, event):
    journal = place.open()
    (old,) = journal.append([event(1)])
    journal.close()
    steps = {
        ("calling.ticket_issued", 1): lambda data: {**data, "channel": "kiosk"},
        ("calling.ticket_issued", 2): lambda data: {**data, "number": data["ticket"][1:]},
    }
    newer = place.open(upcasts=steps)
    (record,) = newer.read()
    assert (record.version, record.hash) == (3, old.hash)
    assert record.data == old.data | {"channel": "kiosk", "number": "001"}
    with pytest.raises(RecordError, match="newest of this kind is 3"):
        newer.append([event(2)])


def test_an_event_of_the_future_is_refused_by_name(place, event):
    steps = {("calling.ticket_issued", 1): lambda data: data}
    journal = place.open(upcasts=steps)
    new = event(1)
    journal.append([NewRecord(new.at_ms, new.kind, 2, new.data, new.cause)])
    journal.close()
    with pytest.raises(UpcastError, match=r"calling.ticket_issued.*version 2.*upgrade hallkit"):
        list(place.open(upcasts={}).read())


texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
datas = st.dictionaries(texts, values, max_size=4)
batches = st.lists(st.tuples(st.integers(0, 5000), datas), max_size=4)
steps = st.lists(st.one_of(batches, st.sampled_from(["reopen", "snapshot"])), max_size=8)


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_both_journals_tell_the_same_after_any_history(both_places, steps):
    with tempfile.TemporaryDirectory() as folder:
        places = both_places(Path(folder))
        journals = [place.open() for place in places]
        at_ms = 0
        for step in steps:
            if step == "reopen":
                for journal in journals:
                    journal.close()
                journals = [place.open() for place in places]
            elif step == "snapshot":
                for journal in journals:
                    if journal.last_seq:
                        journal.save_snapshot(journal.last_seq, {"upto": journal.last_seq})
            else:
                new = []
                for later_ms, data in step:
                    at_ms += later_ms
                    new.append(NewRecord(at_ms, "calling.made_up", 1, data, "clock"))
                disk, memory = (journal.append(new) for journal in journals)
                assert disk == memory
                assert [record.data for record in disk] == [one.data for one in new]
        disk, memory = journals
        assert list(disk.read()) == list(memory.read())
        assert disk.latest_snapshot() == memory.latest_snapshot()
        assert (disk.last_seq, disk.last_hash) == (memory.last_seq, memory.last_hash)
        disk.close()
