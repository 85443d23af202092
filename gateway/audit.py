"""Who did what to the gateway itself: signing in, accounts, tokens, credentials, nodes, backups.

What happens in the hall is in the journal, with its cause. This is the rest: one line of JSON each,
chained by SHA-256, in a file beside the journal that several processes may add to.

Rules:
- a line is on the disk when `note` returns; a line that cannot be written is an error for whoever
  wanted to act, because an act nobody can find again must not happen;
- a torn last line (power) is cut off by the next writer and told in a line of its own; anything
  else that does not fit the chain is damage, and `verify` says where;
- lines are kept KEPT_DAYS and longer; `prune` drops older ones and leaves the hash that the rest is
  chained to, so that the rest can still be verified.
Nothing here is a password, a token or a code; names of accounts and nodes are.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, BinaryIO

FILE_NAME = "audit.jsonl"
KEPT_DAYS = 180
PRUNED = "pruned"
_START = "0" * 64


class AuditError(Exception):
    """The file is damaged or cannot be written; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line: `actor` did `action` to `target`; `at` is UTC, ISO 8601."""

    at: str
    actor: str
    action: str
    target: str
    result: str
    hash: str


def at_the_keyboard() -> str:
    """The actor of a command: whose process this is, and who became root for it.

    Not from USER or LOGNAME, which anybody can set.
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    sudo = os.environ.get("SUDO_USER", "")
    return f"shell:{name}" + (f" sudo:{sudo}" if sudo and name == "root" else "")


class AuditLog:
    """The file in the folder of the journal; `name` for a copy of it under another one."""

    def __init__(self, folder: Path, name: str = FILE_NAME) -> None:
        self.path = folder / name

    def note(self, actor: str, action: str, target: str = "", result: str = "done") -> None:
        """Add a line, durably. Raises AuditError."""
        with self._locked() as file:
            last, torn = _last_line(file)
            chained = _START if last is None else str(last["hash"])
            lines = b""
            if torn:
                chained, lines = _line(chained, "hallkit", "cut a torn line", self.path.name, "")
            _, line = _line(chained, actor, action, target, result)
            file.write(lines + line)
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, open and ours alone. Raises AuditError."""
        try:
            self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            while True:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o640)
                with os.fdopen(descriptor, "r+b") as file:
                    self._give_to_owner(descriptor)
                    fcntl.flock(file, fcntl.LOCK_EX)
                    # While we waited another process may have pruned: then ours is not in use.
                    if os.path.samestat(os.fstat(descriptor), self.path.stat()):
                        yield file
                        return
        except OSError as error:
            raise AuditError(f"{self.path} cannot be written: {error.strerror}") from error

    def _give_to_owner(self, descriptor: int) -> None:
        """What root made belongs to whom the folder belongs, or the gateway could not go on."""
        if os.geteuid() == 0:
            owner = self.path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def read(self) -> Iterator[Act]:
        """Every act, oldest first, each checked against the one before. Raises AuditError."""
        if not self.path.exists():
            return
        chained: str | None = None
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                body = parse_line(line)
                pruned = body is not None and body["action"] == PRUNED
                breaks = body is None or (chained is not None and body["after"] != chained)
                if body is None or breaks or (pruned and number > 1):
                    raise AuditError(
                        f"{self.path}:{number}: does not fit the line before it: somebody changed "
                        f"the file; compare it with a backup"
                    )
                chained = str(body["hash"])
                if not pruned:
                    at, actor, action, target, result = (str(body[name]) for name in _FIELDS)
                    yield Act(at, actor, action, target, result, chained)

    def export(self, out: BinaryIO) -> int:
        """Write every line as it is, proved; how many. Who has a copy can verify it alone.

        Raises AuditError.
        """
        with self._locked() as file:
            acts = sum(1 for _ in self.read())
            out.write(file.read())
            return acts

    def prune(self, now: datetime | None = None) -> int:
        """Drop what is older than KEPT_DAYS; how many lines went. Raises AuditError."""
        if not self.path.exists():
            return 0
        oldest = ((now or datetime.now(UTC)) - timedelta(days=KEPT_DAYS)).isoformat()
        with self._locked():
            acts = list(self.read())
            gone = sum(act.at < oldest for act in acts)
            if not gone:
                return 0
            anchor = acts[gone - 1].hash
            _, head = _line(anchor, "hallkit", PRUNED, f"{gone} lines", "", forced_hash=anchor)
            lines = self.path.read_bytes().splitlines(keepends=True)
            part = self.path.with_name(self.path.name + ".part")
            with part.open("wb") as file:
                file.write(head + b"".join(lines[len(lines) - (len(acts) - gone) :]))
                self._give_to_owner(file.fileno())
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
            return gone


_FIELDS = ("at", "actor", "action", "target", "result")


def _line(
    after: str, actor: str, action: str, target: str, result: str, forced_hash: str = ""
) -> tuple[str, bytes]:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    body: dict[str, Any] = dict(
        zip(_FIELDS, (at, actor, action, target, result), strict=True), after=after
    )
    body["hash"] = forced_hash or _hash_of(body)
    return str(body["hash"]), json.dumps(body, ensure_ascii=False).encode() + b"\n"


def _hash_of(body: dict[str, Any]) -> str:
    fields = {name: body[name] for name in (*_FIELDS, "after")}
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def parse_line(line: bytes) -> dict[str, Any] | None:
    """The line as an object whose hash is right, else None. For the fuzzer, too."""
    try:
        body: dict[str, Any] = json.loads(line)
        whole = line.endswith(b"\n") and set(body) == {*_FIELDS, "after", "hash"}
        if whole and body["action"] == PRUNED and body["hash"] == body["after"]:
            return body
        return body if whole and body["hash"] == _hash_of(body) else None
    except (ValueError, TypeError):
        return None


def _last_line(file: IO[bytes]) -> tuple[dict[str, Any] | None, bool]:
    """(the last whole line, whether a torn one was cut off behind it); at the end of the file."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 65536)
    file.seek(start)
    lines = file.read().splitlines(keepends=True)
    if not lines:
        return None, False
    body = parse_line(lines[-1])
    if body is not None:
        return body, False
    if lines[-1].endswith(b"\n"):
        raise AuditError(f"{file.name}: its last line is damaged: run `hallkit audit verify`")
    file.truncate(size - len(lines[-1]))
    file.seek(0, os.SEEK_END)
    return (parse_line(lines[-2]) if len(lines) > 1 else None), True
