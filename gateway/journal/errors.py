"""The errors of the journal, one class per thing the caller can do about it.

Rule: `JournalError` and its children mean "this journal cannot be used as it is" and say what to
do; `RecordError` means "this event is wrong" and leaves the journal as usable as before.
"""

from pathlib import Path


class JournalError(Exception):
    """The journal cannot be opened, read or written; the message names the file and the fix."""


class JournalLocked(JournalError):  # noqa: N818 (says what happened, as the rest do)
    """Another process has this journal open."""


class JournalFailed(JournalError):  # noqa: N818
    """A write failed and its fate is unknown: acknowledge nothing and exit (facts: fsyncgate).

    From then on every call that writes raises it again. Only a new start, which reads from the
    disk what is really there, finds out which events were kept.
    """


class UpcastError(JournalError):
    """An event is of a version that this hallkit cannot read."""


class JournalDamaged(JournalError):  # noqa: N818
    """The middle of the journal is torn: the start is refused.

    `seq`: the first bad record, or 0 when the damage is not in a record.
    """

    def __init__(self, path: Path, seq: int, problem: str) -> None:
        place = f"record {seq}: " if seq else ""
        super().__init__(f"{path}: {place}{problem}. {restore_advice(path)}")
        self.seq = seq
        self.problem = problem


class BrokenChain(Exception):  # noqa: N818 (carries a finding to its caller, never out of here)
    """A record does not follow from the one before. `seq`: the first bad one."""

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(f"record {seq}: {problem}")
        self.seq = seq
        self.problem = problem


class RecordError(ValueError):
    """An event handed in breaks a rule of the journal; nothing of its batch was written."""


def backup_path(path: Path) -> Path:
    """Where the backup of this journal lies unless told otherwise."""
    return path.with_name(path.name + ".backup")


def restore_advice(path: Path) -> str:
    """The commands that bring a damaged journal back, for the end of an error message."""
    backup = backup_path(path)
    found = "" if backup.exists() else " (not there now: look on the second medium)"
    return (
        f"The gateway does not start on a damaged journal. See all of it with "
        f"`hallkit journal verify {path}`; then move {path.name}, {path.name}-wal and "
        f"{path.name}-shm aside, check the backup with `hallkit journal verify {backup}` and "
        f"copy it back with `cp {backup} {path}`{found}"
    )
