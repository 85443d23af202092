"""Reads what strace recorded of a program: what it did to the files of a folder, what it said.

Rules: the program is not changed and not asked. A write counts from the moment it is begun, a sync
and a change of name from the moment they are over; what went to sockets and standard output counts
as heard from the moment it was begun. What strace could not follow is an error, not left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# What would change a file in a way this reader does not know.
_UNREAD = ("fallocate", "sync_file_range", "pwritev", "copy_file_range")
# The calls, and how: data and paths in hex (no text to misread), file names with descriptors.
_CALLS = (
    *("openat", "creat", "pwrite64", "write", "writev", "sendto", "sendmsg", "fdatasync", "fsync"),
    *("ftruncate", "rename", "renameat", "renameat2", "unlink", "unlinkat", *_UNREAD),
)
RECORD_WORDS = (f"-etrace={','.join(_CALLS)}", "-y", "-xx", "-s10000000")


@dataclass(frozen=True, slots=True)
class Step:
    """`what`: create, write, truncate, sync, sync_folder, rename, unlink, said.

    `path` is the file's name in the folder, `other` its new one; `data` what was written or said.
    """

    what: str
    path: str = ""
    other: str = ""
    offset: int = 0
    data: bytes = b""


class TraceError(Exception):
    """The recording holds something that this reader does not understand."""


_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
# After the closing bracket strace fills up with spaces.
_RESULT = re.compile(r"\) += (-?\d+|\?)")
_OPENED = re.compile(r"\) += \d+<([^>]*)>$")
_FILE = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"([^"]*)"')
_SYNCS = ("fdatasync", "fsync")
_SAYS = ("write", "writev", "sendto", "sendmsg")


def read_trace(recordings: Sequence[Path], folder: Path, but: tuple[str, ...] = ()) -> list[Step]:
    """All steps of one life after the other on files of `folder`. Raises TraceError.

    `but`: what the names of files end with that are left out.
    """
    reader = _Reader(str(folder), but)
    for recording in recordings:
        with recording.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                reader.take(line.rstrip("\n"))
    return reader.steps


class _Reader:
    def __init__(self, folder: str, but: tuple[str, ...]) -> None:
        self._but = but
        self.steps: list[Step] = []
        self._folder = folder
        self._begun: dict[str, str] = {}  # thread -> what it said when its call began
        self._offsets: dict[str, int] = {}  # where `write` goes on, by path
        self._known: set[str] = set()

    def take(self, line: str) -> None:
        resumed = _RESUMED.match(line)
        if resumed is not None:
            begun = self._begun.pop(resumed[1])
            # What it writes or says was taken when it began.
            self._call(resumed[2], begun + resumed[3], begins=False, ends=True)
            return
        found = _LINE.match(line)
        if found is None:
            if "exited with" in line or "killed by" in line or "--- SIG" in line:
                return
            raise TraceError(f"not understood: {line[:120]}")
        thread, call, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            text = rest.removesuffix("<unfinished ...>")
            self._begun[thread] = text
            self._call(call, text, begins=True, ends=False)
        else:
            self._call(call, rest, begins=True, ends=True)

    def _call(self, call: str, text: str, *, begins: bool, ends: bool) -> None:
        if call in ("openat", "creat"):
            if ends:
                self._open(text)
        elif call.startswith(("rename", "unlink")):
            if ends and _ok(text):
                self._name(call, text)
        else:
            self._on_file(call, text, begins=begins, ends=ends)

    def _inside(self, hexed: str) -> str | None:
        """The name within the folder, "" for the folder itself, None for any other file."""
        path = _bytes(hexed).decode(errors="replace").removesuffix(" (deleted)")
        if path == self._folder:
            return ""
        if not path.startswith(self._folder + "/"):
            return None
        return path[len(self._folder) + 1 :]

    def _is_left_out(self, path: str) -> bool:
        return bool(self._but) and path.endswith(self._but)

    def _open(self, text: str) -> None:
        found = _OPENED.search(text)
        if found is None:
            return  # not opened
        path = self._inside(found[1])
        if path and not self._is_left_out(path) and ("O_CREAT" in text or "O_TRUNC" in text):
            if path not in self._known:
                self._known.add(path)
                self.steps.append(Step("create", path))
            if "O_TRUNC" in text:
                self.steps.append(Step("truncate", path))
            self._offsets[path] = 0

    def _name(self, call: str, text: str) -> None:
        paths = [self._inside(hexed) for hexed in _TEXT.findall(text)]
        if paths[0] and self._is_left_out(paths[0]):
            return
        if call.startswith("unlink"):
            if paths[0]:
                self._known.discard(paths[0])
                self.steps.append(Step("unlink", paths[0]))
        elif paths[0] and paths[1]:
            self._known.discard(paths[0])
            self._known.add(paths[1])
            self.steps.append(Step("rename", paths[0], paths[1]))
        elif paths[0] or paths[1]:
            raise TraceError("a file was moved into the folder, or out of it")

    def _on_file(self, call: str, text: str, *, begins: bool, ends: bool) -> None:
        found = _FILE.match(text)
        if found is None:
            return
        path = self._inside(found[2])
        if path is None:
            if begins and call in _SAYS:
                self._say(text)
        elif self._is_left_out(path):
            return
        elif call in _UNREAD:
            raise TraceError(f"{call} on {path}: this reader does not know it")
        elif call in _SYNCS:
            if ends and _ok(text):
                self.steps.append(Step("sync", path) if path else Step("sync_folder"))
        elif call == "ftruncate":
            if begins:
                size = int(text.split(",")[1].strip(" )").split(")")[0])
                self.steps.append(Step("truncate", path, offset=size))
        elif begins:
            self._write(call, path, text)

    def _write(self, call: str, path: str, text: str) -> None:
        data = _bytes(_only(text))
        if call == "pwrite64":
            offset = int(re.findall(r'", \d+, (\d+)', text)[0])
        elif call == "write":
            offset = self._offsets.get(path, 0)
            self._offsets[path] = offset + len(data)
        else:
            raise TraceError(f"{call} on {path}: this reader does not know it")
        self.steps.append(Step("write", path, offset=offset, data=data))

    def _say(self, text: str) -> None:
        said = b"".join(_bytes(hexed) for hexed in _TEXT.findall(text))
        if said:
            self.steps.append(Step("said", data=said))


def _only(text: str) -> str:
    found = _TEXT.findall(text)
    if len(found) != 1 or '"...' in text:
        raise TraceError(f"data cut off: {text[:80]}")
    return str(found[0])


def _ok(text: str) -> bool:
    found = _RESULT.search(text)
    return found is not None and found[1] == "0"


def _bytes(hexed: str) -> bytes:
    """`\\x61\\x62` as strace writes it."""
    return bytes.fromhex(hexed.replace("\\x", ""))
