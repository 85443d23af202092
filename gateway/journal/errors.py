"""The errors of the journal, one class per thing the caller can do about it.

Rule: `JournalError` and its children mean "this journal cannot be used as it is" and say what to
do; `RecordError` means "this event is wrong" and leaves the journal as usable as before.
"""

import shlex
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


class JournalTooNew(JournalError):  # noqa: N818
    """A newer hallkit wrote this journal; nothing of it was touched."""


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


def backup_note(path: Path) -> Path:
    """The file beside a journal that says where its copies are."""
    return path.with_name(path.name + ".backups")


def restored_draft(path: Path) -> Path:
    """A restored journal that is whole and not yet in its place: until it is, no gateway starts."""
    return path.with_name(path.name + ".restored")


def restore_command(path: Path) -> str:
    """The command that brings back the journal at `path`, with the folders of this hall."""
    try:
        folder = backup_note(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        folder = ""
    # Nobody knows where copies are of a journal that never had one.
    known = shlex.quote(folder) if folder else "FOLDER_OF_COPIES"
    return f"hallkit restore --from {known} --data {shlex.quote(str(path.absolute().parent))}"


def restore_advice(path: Path) -> str:
    """What brings a damaged journal back, for the end of an error message."""
    return (
        f"The gateway does not start on a damaged journal. Bring the newest good copy back with "
        f"`{restore_command(path)}`; see the damage with `hallkit journal verify {path}`"
    )
