"""Brings a journal of an older schema forward, once a copy of it is safe and proven.

Rules: never back. The copy stays beside the journal as `<journal>.before-schema-<n>`: with it the
older hallkit could begin again, without what was written since. A copy that does not prove every
record stops the upgrade before anything is changed.
"""

import sqlite3
from pathlib import Path

from gateway.journal import database
from gateway.journal.errors import JournalDamaged
from gateway.journal.verify import verify


def upgrade(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Bring it to the newest schema, each step in one transaction; notices.

    Raises JournalDamaged when the copy is not sound, sqlite3.Error and OSError when it cannot be
    made.
    """
    version = was = database.schema_version(connection)
    newest = len(database.MIGRATIONS)
    if version == newest:
        return []
    copy = path.with_name(f"{path.name}.before-schema-{newest}")
    database.copy_to(connection, copy)
    report = verify(copy)
    if not report.sound:
        copy.unlink()
        raise JournalDamaged(path, report.first_bad, report.problem)
    while version < newest:
        database.migrate_step(connection, version, database.MIGRATIONS[version])
        version += 1
    kept = f"as it was, it stays in {copy.name} ({report.sound_records} records, proven)"
    return [f"brought from schema {was} to {newest}; {kept}"]
