"""A process to be killed: appends batches without end, says each on stdout once it is durable.

Arguments: the journal, then a limit on the size of a file in bytes, or 0 for none. Run by the
tests in a process of its own.
"""

import resource
import sys
from pathlib import Path

from gateway.journal.errors import JournalFailed
from gateway.journal.records import NewRecord
from gateway.journal.store import Journal


def main() -> None:
    path, limit_bytes = Path(sys.argv[1]), int(sys.argv[2])
    journal = Journal.open(path, hall="langfang")
    if limit_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    while True:
        first = journal.last_seq + 1
        size = first % 3 + 1
        data = {"first": first, "size": size, "text": "x" * (first % 97 * 20)}
        batch = [NewRecord(first * 10, "calling.made_up", 1, data, "clock") for _ in range(size)]
        try:
            journal.append(batch)
        except JournalFailed as error:
            sys.stdout.write(f"failed {error}\n")
            try:
                journal.append(batch)
            except JournalFailed:
                sys.stdout.write("failed again\n")
            sys.exit(3)
        if first % 5 == 0:
            journal.save_snapshot(journal.last_seq, {"upto": journal.last_seq})
        sys.stdout.write(f"{journal.last_seq}\n")
        sys.stdout.flush()


main()
