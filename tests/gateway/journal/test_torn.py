"""P10: a torn tail is cut and reported, a torn middle stops the start and says how to restore.

The journals here have pages of 512 bytes, so that cutting at every byte stays quick.
"""

import sqlite3

import pytest

from gateway.journal import database, wal
from gateway.journal.errors import JournalDamaged
from gateway.journal.store import Journal
from gateway.journal.verify import verify

BATCHES = ((1,), (2, 3), (4, 5, 6), (7,), (8, 9))


@pytest.fixture
def crashed(tmp_path, event, copy_journal):
    """A journal as a kill leaves it, all batches in the log; and where each batch ends there."""
    path = tmp_path / "hall.sqlite"
    database.create(path, "langfang", "00", page_bytes=512)
    journal = Journal.open(path, hall="langfang")
    ends = []
    log = path.with_name(path.name + "-wal")
    for batch in BATCHES:
        journal.append([event(number, text="x" * 150) for number in batch])
        ends.append(log.stat().st_size)
    crashed = copy_journal(path, tmp_path / "crashed")
    journal.close()
    return crashed, ends


def write_copy(crashed, folder, log):
    folder.mkdir(exist_ok=True)
    path = folder / crashed.name
    path.write_bytes(crashed.read_bytes())
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    path.with_name(path.name + "-wal").write_bytes(log)
    return path


def open_and_list(path):
    journal = Journal.open(path, hall="langfang")
    try:
        return [record.seq for record in journal.read()], list(journal.notices)
    finally:
        journal.close()


def log_of(path):
    return path.with_name(path.name + "-wal").read_bytes()


def check_cuts(crashed, folder, cuts):
    path, ends = crashed
    log = log_of(path)
    lasts = [batch[-1] for batch in BATCHES]
    for cut in cuts:
        kept = max((last for last, end in zip(lasts, ends, strict=True) if end <= cut), default=0)
        copy = write_copy(path, folder, log[:cut])
        reader = sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)
        assert reader.execute("SELECT max(seq) FROM events").fetchone()[0] == (kept or None)
        reader.close()
        report = wal.inspect_bytes(log[:cut])
        assert not report.lost_commit
        torn = cut > 32 and cut not in ends
        assert (report.dropped_frames > 0) == torn, f"cut at byte {cut}: {report}"


def test_a_log_cut_in_its_head_or_its_last_batch_keeps_whole_batches_only(crashed, tmp_path):
    start, end = crashed[1][-2:]
    edges = [edge + near for edge in range(start, end + 1, 24 + 512) for near in (-1, 0, 1)]
    check_cuts(crashed, tmp_path / "cut", [*range(40), *edges[:-1], *range(start, end, 7)])


@pytest.mark.slow
def test_a_log_cut_at_any_byte_keeps_whole_batches_only(crashed, tmp_path):
    check_cuts(crashed, tmp_path / "cut", range(crashed[1][-1] + 1))


def test_the_start_cuts_a_torn_tail_and_reports_it(crashed, tmp_path):
    path, ends = crashed
    log = log_of(path)
    lasts = [batch[-1] for batch in BATCHES]
    for cut in [*range(ends[-2], ends[-1], 41), *ends]:
        kept = max(last for last, end in zip(lasts, ends, strict=True) if end <= cut)
        copy = write_copy(path, tmp_path / "cut", log[:cut])
        assert any("torn tail" in notice for notice in verify(copy).notices) == (cut not in ends)
        seqs, notices = open_and_list(copy)
        assert seqs == list(range(1, kept + 1))
        assert any("torn tail was cut" in notice for notice in notices) == (cut not in ends)
        assert verify(copy).sound
        assert open_and_list(copy) == (seqs, []), "it is reported once"


def test_nothing_of_a_torn_tail_is_met_again_after_the_next_crash(crashed, tmp_path, event):
    path, ends = crashed
    log = bytearray(log_of(path))
    log[ends[-3] + 100] ^= 1  # the last batch but one
    copy = write_copy(path, tmp_path / "torn", bytes(log[: ends[-2]]))
    journal = Journal.open(copy, hall="langfang")
    assert journal.notices
    journal.append([event(7)])
    again = write_copy(copy, tmp_path / "again", log_of(copy))
    journal.close()
    assert open_and_list(again) == ([1, 2, 3, 4, 5, 6, 7], [])


def test_the_log_of_a_running_gateway_is_not_taken_for_torn(tmp_path, event):
    path = tmp_path / "hall.sqlite"
    journal = Journal.open(path, hall="langfang")
    journal.append([event(1)])
    # The first bytes of a frame, as a write under way looks to a reader.
    with path.with_name(path.name + "-wal").open("ab") as log:
        log.write(b"x" * 10)
    report = verify(path)
    assert (report.sound, report.notices) == (True, [])
    journal.close()


def test_a_flipped_bit_in_the_log_never_loses_a_batch_before_the_last_one_in_silence(
    crashed, tmp_path
):
    path, ends = crashed
    log = log_of(path)
    refused = 0
    for position in range(24, ends[-3], 61):
        flipped = bytearray(log)
        flipped[position] ^= 0x10
        copy = write_copy(path, tmp_path / "flip", bytes(flipped))
        assert not verify(copy).sound
        with pytest.raises(JournalDamaged, match="hallkit journal verify"):
            open_and_list(copy)
        assert log_of(copy) == bytes(flipped), "the evidence stays"
        refused += 1
    assert refused > 20


def closed_journal(tmp_path, event, count=200, snapshot=0):
    path = tmp_path / "hall.sqlite"
    journal = Journal.open(path, hall="langfang")
    journal.append([event(number) for number in range(1, count + 1)])
    if snapshot:
        journal.save_snapshot(snapshot, {"upto": "SNAPSHOT"})
    journal.close()
    return path


def flip_in(path, text):
    content = bytearray(path.read_bytes())
    position = content.find(text)
    assert position >= 0
    content[position + len(text) - 1] ^= 0x01
    path.write_bytes(content)


def test_a_flipped_bit_in_the_middle_stops_the_start_and_names_the_record(tmp_path, event):
    path = closed_journal(tmp_path, event)
    flip_in(path, b'"A077')
    with pytest.raises(JournalDamaged) as caught:
        Journal.open(path, hall="langfang")
    assert caught.value.seq == 77
    said = str(caught.value)
    assert f"hallkit journal verify {path}" in said
    assert f"hallkit restore --from FOLDER_OF_COPIES --data {tmp_path}" in said
    report = verify(path)
    assert (report.first_bad, report.sound_records) == (77, 76)
    assert "DAMAGED: record 77" in report.text()
    assert report.advice in report.text()


def test_damage_before_the_snapshot_does_not_stop_the_start_but_is_never_read(tmp_path, event):
    path = closed_journal(tmp_path, event, snapshot=150)
    flip_in(path, b'"A077')
    journal = Journal.open(path, hall="langfang")
    assert journal.latest_snapshot().seq == 150
    assert [record.seq for record in journal.read(150)] == list(range(151, 201))
    got = []
    with pytest.raises(JournalDamaged) as caught:
        got.extend(record.seq for record in journal.read())
    assert caught.value.seq == 77
    journal.close()
    assert verify(path).first_bad == 77


def test_damage_after_the_snapshot_stops_the_start(tmp_path, event):
    path = closed_journal(tmp_path, event, snapshot=50)
    flip_in(path, b'"A077')
    with pytest.raises(JournalDamaged, match="record 77"):
        Journal.open(path, hall="langfang")


def test_a_removed_record_is_named(tmp_path, event):
    path = closed_journal(tmp_path, event)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER events_stay")
        connection.execute("DELETE FROM events WHERE seq = 42")
    connection.close()
    with pytest.raises(JournalDamaged, match="record 42: is missing"):
        Journal.open(path, hall="langfang")
    assert verify(path).first_bad == 42


def test_records_lost_from_the_end_are_noticed_by_their_snapshot(tmp_path, event):
    path = closed_journal(tmp_path, event, snapshot=200)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER events_stay")
        connection.execute("DELETE FROM events WHERE seq > 190")
    connection.close()
    with pytest.raises(JournalDamaged, match="record 191: is missing"):
        Journal.open(path, hall="langfang")
    assert not verify(path).sound


@pytest.mark.parametrize("change", ["state", "record_hash", "hash"])
def test_a_tampered_snapshot_is_ignored_reported_and_the_one_before_used(tmp_path, event, change):
    path = closed_journal(tmp_path, event, snapshot=100)
    journal = Journal.open(path, hall="langfang")
    journal.save_snapshot(150, {"upto": "LATER"})
    journal.close()
    forged = {"state": '{"upto":"FORGED"}', "record_hash": b"0" * 32, "hash": b"0" * 32}[change]
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE snapshots SET {change} = ? WHERE seq = 150", (forged,))
    connection.close()
    journal = Journal.open(path, hall="langfang")
    assert any("snapshot of record 150 is ignored" in notice for notice in journal.notices)
    assert journal.latest_snapshot().seq == 100
    assert journal.last_seq == 200
    journal.close()
    report = verify(path)
    assert report.sound
    assert any("snapshot of record 150" in notice for notice in report.notices)


def test_a_snapshot_made_after_other_events_is_ignored(tmp_path, event):
    paths = []
    for name, shift in (("one", 0), ("other", 1)):
        paths.append(tmp_path / name)
        journal = Journal.open(paths[-1], hall="langfang", epoch="same")
        journal.append([event(number + shift) for number in range(1, 201)])
        journal.save_snapshot(120, {"made after": name})
        journal.close()
    path = paths[0]
    with sqlite3.connect(path) as connection:
        connection.execute("ATTACH ? AS other", (str(paths[1]),))
        connection.execute("DELETE FROM snapshots")
        connection.execute("INSERT INTO snapshots SELECT * FROM other.snapshots")
    connection.close()
    journal = Journal.open(path, hall="langfang")
    assert journal.latest_snapshot() is None
    assert any("120 is ignored: record 120 is not the one" in notice for notice in journal.notices)
    journal.close()


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_journal_any_more_is_refused_with_advice(tmp_path, content):
    path = tmp_path / "hall.sqlite"
    path.write_bytes(content)
    with pytest.raises(JournalDamaged, match="hallkit restore --from"):
        Journal.open(path, hall="langfang")
    assert not verify(path).sound


def test_a_file_cut_short_is_refused(tmp_path, event):
    path = closed_journal(tmp_path, event)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(JournalDamaged):
        Journal.open(path, hall="langfang")
    assert not verify(path).sound


def test_every_flipped_bit_in_the_file_is_found_or_changes_nothing(tmp_path, event):
    path = closed_journal(tmp_path, event, count=60, snapshot=30)
    content = path.read_bytes()
    journal = Journal.open(path, hall="langfang")
    whole = list(journal.read())
    journal.close()
    found = 0
    for position in range(3, len(content), 173):
        flipped = bytearray(content)
        flipped[position] ^= 1 << (position % 8)
        path.write_bytes(flipped)
        if not verify(path).sound:
            found += 1
            continue
        journal = Journal.open(path, hall="langfang")
        assert list(journal.read()) == whole, f"a flip at byte {position} went unseen"
        journal.close()
    assert found > 20
