"""The floor under everything that is acknowledged: how long the disk takes to keep one press."""

import time
from pathlib import Path

from gateway.core.events import ReportSettled
from gateway.core.json import JsonValue
from gateway.journal.records import NewRecord
from gateway.machine import open_journal
from simulator.bench.hall import hall_config

AT_MS = 1_795_406_400_000


def commit_ns(folder: Path, commits: int) -> list[int]:
    """The times of so many commits of two records each, in a journal of their own in `folder`."""
    data: dict[str, JsonValue] = {"node": "w01-pad", "boot": 1, "seq": 1, "result": "ok", "why": ""}
    record = NewRecord(AT_MS, ReportSettled.KIND, ReportSettled.VERSION, data, "bench")
    journal = open_journal(hall_config(), folder / "disk")
    took_ns = []
    for _ in range(commits):
        began = time.perf_counter_ns()
        journal.append([record, record])
        took_ns.append(time.perf_counter_ns() - began)
    journal.close()
    return took_ns
