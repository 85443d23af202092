"""A process to be recorded: appends batches to a real journal, says each once it is durable.

    python -m simulator.chaos.journal_writer FOLDER BATCHES TEXT_BYTES

With big texts the write-ahead log is folded back on the way, which a small load never sees. The
journal is closed at the end, opened again, and closed: what happens between is recorded, too.
"""

import os
import sys
from pathlib import Path

from gateway.journal.records import JsonValue, NewRecord
from gateway.journal.store import Journal
from gateway.machine import JOURNAL_NAME

HALL = "langfang"
START_MS = 1_752_000_000_000


def open_alone(folder: Path) -> Journal:
    """The journal in a folder, without a hall around it."""
    return Journal.open(folder / JOURNAL_NAME, hall=HALL)


def main() -> int:
    """The command line."""
    folder, batches, text_bytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for half in range(2):
        journal = open_alone(folder)
        for batch in range(batches // 2):
            first = journal.last_seq + 1
            data: dict[str, JsonValue] = {
                "first": first,
                "half": half,
                "text": "x" * (first * 131 % (text_bytes + 1)),
            }
            new = [
                NewRecord(START_MS + first, "calling.made_up", 1, {**data, "part": part}, "clock")
                for part in range(first % 3 + 1)
            ]
            journal.append(new)
            os.write(1, f"durable {journal.last_seq}\n".encode())
            if batch % 10 == 9:
                journal.save_snapshot(journal.last_seq, {"upto": journal.last_seq})
        journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
