"""A journal as lines of JSON, for other tools and other years.

Rules: a header line, a line per record as it was written (not upcast), a last line with the count
and the last hash. An export without its last line is not whole. Every record is proven on the way.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TextIO

from gateway.journal import database
from gateway.journal.chain import canonical_json, genesis, walk
from gateway.journal.errors import BrokenChain, JournalDamaged, JournalError

FORMAT = "hallkit-journal-export"
FORMAT_VERSION = 1


def export(path: Path, out: TextIO) -> int:
    """Write the journal at `path` to `out`; the number of records. Safe beside a running gateway.

    Raises JournalDamaged at the first record that is not proven (no last line is written then),
    JournalError when there is no such file.
    """
    if not path.exists():
        raise JournalError(f"{path} does not exist: give the path of a journal")
    try:
        with closing(database.connect_to_read(path)) as connection:
            if not database.is_journal(connection):
                raise JournalError(f"{path} is not a journal of hallkit")
            connection.execute("BEGIN")
            return _export(connection, out)
    except BrokenChain as error:
        raise JournalDamaged(path, error.seq, error.problem) from error
    except sqlite3.Error as error:
        raise JournalDamaged(path, 0, f"SQLite cannot read the file: {error}") from error


def _export(connection: sqlite3.Connection, out: TextIO) -> int:
    meta = database.read_meta(connection)
    tip = genesis(meta.hall, meta.epoch)
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "hall": meta.hall,
        "epoch": meta.epoch,
        "schema": meta.schema,
        "genesis": tip.hash.hex(),
    }
    out.write(json.dumps(header, ensure_ascii=False) + "\n")
    count, last = 0, tip.hash
    for seq, at_ms, kind, version, cause, data, stored in walk(
        database.read_rows(connection, 0), tip
    ):
        # The data goes out as the very text that was hashed.
        out.write(
            f'{{"seq":{seq},"at_ms":{at_ms},"kind":{canonical_json(kind)},"version":{version},'
            f'"cause":{canonical_json(cause)},"data":{data},"hash":"{stored.hex()}"}}\n'
        )
        count, last = seq, stored
    out.write(json.dumps({"end": True, "records": count, "last_hash": last.hex()}) + "\n")
    return count
