"""The MicroPython prompt of a board, through mpremote as a process: look, write, remove, run.

mpremote has no stable interface to Python ("the API is going to change significantly", its source
says), so its command line is what is used: one process for a list of commands, its lines read as
they come. It ends with this process, however that ends. Blocking.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.parentage import dying_with_parent

MARK = "#hallkit "
SURVEY_SOURCE = "firmware.shell.survey"
# No line for so long and the board or the cable is gone.
SILENCE_S = 45.0
ATTEMPTS = 3

Words = list[Any]
# What Python on this computer says of a line that is gone; a board names its errors otherwise.
_LOST = re.compile(
    r"SerialException|BrokenPipe|ConnectionReset|ConnectionRefused|disconnected|No such device"
    r"|Input/output error|TransportError: (timeout|could not)"
)

# What `fs mkdir` and `fs rm` do, but content with what is there, or gone, already.
_MAKE_FOLDERS = """\
import os
for folder in %r:
    try:
        os.mkdir(folder)
    except OSError:
        os.listdir(folder)
"""
_REMOVE = """\
import os
def remove(path):
    try:
        is_folder = os.stat(path)[0] & 0x4000
    except OSError:
        return
    if is_folder:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)
for path in %r:
    remove(path)
"""


class RemoteError(Exception):
    """The board did not do it; `kind`: no_prompt, lost, failed. The text says what to try."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass
class Survey:
    """What a board shows of itself. `files`: path -> SHA-256."""

    version: str = ""
    mpy: int = 0
    machine: str = ""
    hall: str = ""
    node: str = ""
    boot_floor: int = 0
    date: list[int] = field(default_factory=list)
    free_bytes: int = 0
    files: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


class Remote:
    """One board on one port."""

    def __init__(self, port: str, source: Callable[[str], bytes]) -> None:
        """`source` gives the text of a module of ours."""
        self._port = port
        self._source = source

    def survey(self) -> Survey:
        """Interrupt whatever runs, and look at everything. Raises RemoteError."""
        survey, told = Survey(), False

        def take(words: Words) -> None:
            nonlocal told
            told |= _note(survey, words)

        for attempt in range(ATTEMPTS):
            try:
                self._run_text(self._source(SURVEY_SOURCE), take, resume=False)
                break
            except RemoteError as error:
                if error.kind != "no_prompt" or attempt == ATTEMPTS - 1:
                    raise
        if not told:
            raise RemoteError("failed", "板卡没有说完，请重来 · the board broke off: run it again")
        return survey

    def write(self, files: dict[str, bytes], progress: Callable[[int, int], None]) -> None:
        """Write files, folders first. Raises RemoteError."""
        if not files:
            return
        total, written = sum(len(data) for data in files.values()), 0
        sizes = {path: len(data) for path, data in files.items()}

        def take(line: str) -> None:
            nonlocal written
            path = line.rpartition(" :")[2]
            written += sizes.pop(path, 0)
            progress(written, total)

        with tempfile.TemporaryDirectory(prefix="hallkit-") as work:
            commands = [["exec", _MAKE_FOLDERS % (folders_of(files),)]]
            for number, (path, data) in enumerate(files.items()):
                local = Path(work) / str(number)
                local.write_bytes(data)
                commands.append(["fs", "cp", "-f", str(local), f":{path}"])
            self._run(_joined(commands), take, resume=True)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files and whole folders that are there. Raises RemoteError."""
        named = list(paths)
        if named:
            self._run(["exec", _REMOVE % (named,)], lambda _: None, resume=True)

    def run_module(self, files: dict[str, bytes], code: str, take: Callable[[Words], None]) -> None:
        """Put modules onto the board, run code that uses them, and remove them again."""
        self.write(files, lambda *_: None)
        self.execute(code, take)
        self.remove(files)

    def execute(self, code: str, take: Callable[[Words], None]) -> None:
        """Run code; what it says after MARK goes to `take`. Raises RemoteError."""
        self._run_text(code.encode(), take, resume=True)

    def reset(self) -> None:
        """As after power on. Raises RemoteError."""
        self._run(["reset"], lambda _: None, resume=True)

    # ---- inside ----

    def _run_text(self, text: bytes, take: Callable[[Words], None], *, resume: bool) -> None:
        def take_line(line: str) -> None:
            _, mark, words = line.partition(MARK)
            if mark:
                take(json.loads(words))

        with tempfile.TemporaryDirectory(prefix="hallkit-") as work:
            script = Path(work) / "script.py"
            script.write_bytes(text)
            self._run(["run", str(script)], take_line, resume=resume)

    def _run(self, arguments: Sequence[str], take: Callable[[str], None], *, resume: bool) -> None:
        command = [sys.executable, "-u", "-m", "mpremote", "connect", self._port]
        command += [*(["resume"] if resume else []), *arguments]
        process = subprocess.Popen(  # noqa: S603  # a list, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            preexec_fn=dying_with_parent(),  # noqa: PLW1509  # a child that outlives us holds the port
        )
        assert process.stdout is not None
        lines: list[str] = []
        watch = _Silence(process)
        try:
            for raw in process.stdout:
                watch.heard()
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                lines.append(line)
                del lines[:-20]
                take(line)
            code = process.wait()
        finally:
            watch.stop()
            process.kill()
            process.stdout.close()
            process.wait()
        if code or watch.too_long:
            raise _problem(lines, watch.too_long)


class _Silence:
    """Ends a process that says nothing for SILENCE_S."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.too_long = False
        self._process = process
        self._timer: threading.Timer | None = None
        self.heard()

    def heard(self) -> None:
        """It said something."""
        self.stop()
        self._timer = threading.Timer(SILENCE_S, self._end)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """No more watching."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self.too_long = True
        self._process.kill()


def folders_of(files: Iterable[str]) -> list[str]:
    """The folders that these absolute paths need, from the top."""
    found: dict[str, None] = {}
    for path in files:
        parts = path.split("/")[1:-1]
        for count in range(1, len(parts) + 1):
            found["/" + "/".join(parts[:count])] = None
    return sorted(found)


def _note(survey: Survey, words: Words) -> bool:
    """Take one line; True for the last."""
    match words:
        case ["interpreter", version, mpy, machine]:
            survey.version, survey.mpy, survey.machine = version, mpy, machine
        case ["node", hall, node, boot_floor, date]:
            survey.hall, survey.node = hall, node
            survey.boot_floor, survey.date = boot_floor, date
        case ["space", block_bytes, free_blocks]:
            survey.free_bytes = block_bytes * free_blocks
        case ["file", path, size, sha256]:
            survey.files[path], survey.sizes[path] = sha256, size
        case ["end"]:
            return True
    return False


def _joined(commands: list[list[str]]) -> list[str]:
    found: list[str] = []
    for command in commands:
        found += [*(["+"] if found else []), *command]
    return found


def _problem(lines: list[str], too_long: bool) -> RemoteError:
    said = next((line for line in reversed(lines) if line.strip()), "")
    text = "\n".join(lines)
    if "could not enter raw repl" in text or "failed to access" in text:
        return RemoteError(
            "no_prompt",
            "进不了解释器：拔下再插上重来 · the interpreter does not answer: unplug, plug in, "
            "run it again",
        )
    if too_long or _LOST.search(text):
        return RemoteError(
            "lost", "连接中断：检查数据线后重来 · the line broke: check the cable, run it again"
        )
    return RemoteError("failed", f"板卡报告错误 · the board reports: {said}")
