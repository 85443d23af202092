"""The journal: append-only events in SQLite, the only truth."""
