"""P1 and P9 with real processes: kill -9 at any moment, a disk that refuses, two gateways."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.journal.errors import JournalLocked
from gateway.journal.store import Journal
from gateway.journal.verify import verify

WRITER = Path(__file__).with_name("writer.py")
ROOT = Path(__file__).parents[3]


def start_writer(path, limit_bytes=0):
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(path), str(limit_bytes)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def check_whole_batches(records):
    """Every batch of the writer is there whole, in order, and none twice."""
    position = 0
    while position < len(records):
        data = records[position].data
        assert data["first"] == position + 1
        batch = records[position : position + data["size"]]
        assert [record.data for record in batch] == [data] * data["size"]
        position += data["size"]


def kill_again_and_again(path, kills, seed):
    choose = random.Random(seed)
    acknowledged = 0
    for _ in range(kills):
        with start_writer(path) as process:
            first = process.stdout.readline()
            killer = threading.Timer(choose.uniform(0, 0.05), process.kill)
            killer.start()
            said = [first, *process.stdout]
            killer.join()
        whole = [int(line) for line in said if line.endswith("\n")]
        assert whole[0] > acknowledged, "it went on behind what was acknowledged before"
        acknowledged = whole[-1]
        report = verify(path)
        assert report.sound, report.text()
        assert report.sound_records >= acknowledged
        journal = Journal.open(path, hall="langfang")
        records = list(journal.read())
        assert [record.seq for record in records] == list(range(1, report.sound_records + 1))
        check_whole_batches(records)
        journal.close()
    return acknowledged


@pytest.mark.slow
def test_everything_acknowledged_survives_kill_9_at_random_moments(tmp_path):
    assert kill_again_and_again(tmp_path / "hall.sqlite", kills=8, seed=1) > 50


@pytest.mark.slow
def test_everything_acknowledged_survives_a_hundred_kills(tmp_path):
    assert kill_again_and_again(tmp_path / "hall.sqlite", kills=100, seed=2) > 500


def test_a_disk_that_refuses_a_write_ends_the_gateway_with_nothing_half_applied(tmp_path):
    path = tmp_path / "hall.sqlite"
    with start_writer(path, limit_bytes=200_000) as process:
        said = process.stdout.read().splitlines()
    assert process.returncode == 3
    assert said[-2].startswith("failed")
    assert "acknowledge nothing" in said[-2]
    assert said[-1] == "failed again"
    acknowledged = int(said[-3])
    journal = Journal.open(path, hall="langfang")
    assert journal.last_seq == acknowledged
    check_whole_batches(list(journal.read()))
    journal.close()


def test_a_second_process_is_refused_and_told_who_has_the_journal(tmp_path):
    path = tmp_path / "hall.sqlite"
    with start_writer(path) as process:
        process.stdout.readline()
        with pytest.raises(JournalLocked, match=rf"process {process.pid}: one gateway per hall"):
            Journal.open(path, hall="langfang")
        live = verify(path)
        assert live.sound, live.text()
        assert live.sound_records > 0
        process.kill()
        process.stdout.read()
    Journal.open(path, hall="langfang").close()
