"""strace as the hand that kills, fails and records a program at a system call.

Rules: it is put on a process that waits at its gate (zygote.py), so it misses nothing. Counts of
`when` are per thread and per call, as strace keeps them. Killing means: before the call happens;
after it is the same as before the next one.
"""

import asyncio
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

# Everything that changes what a disk or a peer has. sendto is how paho and the page's server speak.
WRITES = ("pwrite64", "write", "writev", "sendto", "sendmsg")
SYNCS = ("fdatasync", "fsync")
NAMES = ("rename", "unlink", "ftruncate")
KILL_CALLS = (*WRITES, *SYNCS, *NAMES)
ATTACH_S = 10.0
_CALL = re.compile(r"^(\d+) +(\w+)\(")


class StraceError(Exception):
    """strace is not there or may not attach; the text says what to do."""


def find_strace() -> str:
    """Where it is. Raises StraceError."""
    path = shutil.which("strace")
    if path is None:
        raise StraceError("strace is missing: sudo apt-get install -y strace")
    return path


def kill_words(call: str, when: int) -> list[str]:
    """Kill with SIGKILL before the `when`-th `call` of a thread."""
    return [f"-etrace={call}", f"-einject={call}:signal=KILL:when={when}"]


def fail_words(call: str, fault: str, when: int, paths: Sequence[Path]) -> list[str]:
    """Let the `when`-th call on one of these paths answer `fault` and do nothing."""
    # A path that is not there yet is matched all the same once it is.
    return [f"-etrace={call}", *_on(paths), f"-einject={call}:{fault}:when={when}"]


def _on(paths: Sequence[Path]) -> list[str]:
    return [f"-P{path}" for path in paths]


def count_words(calls: Sequence[str] = KILL_CALLS, paths: Sequence[Path] = ()) -> list[str]:
    """Trace these calls without data, all of them or those on these paths."""
    return [f"-etrace={','.join(calls)}", "-s0", *_on(paths)]


class Tracer:
    """strace on one process, until that ends."""

    def __init__(self, process: asyncio.subprocess.Process, output: Path) -> None:
        self._process = process
        self.output = output

    @classmethod
    async def attach(cls, pid: int, words: Sequence[str], output: Path) -> "Tracer":
        """Put strace on it. Raises StraceError."""
        process = await asyncio.create_subprocess_exec(
            *(find_strace(), "-f", "-qqq", "-o", str(output), *words, "-p", str(pid)),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        deadline = asyncio.get_running_loop().time() + ATTACH_S
        while not _is_traced(pid):
            if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                _, said = await process.communicate()
                raise StraceError(f"strace cannot attach: {said.decode(errors='replace').strip()}")
            await asyncio.sleep(0.001)
        return cls(process, output)

    def injected(self) -> bool:
        """Whether the fault was met."""
        return "(INJECTED)" in self.output.read_text("utf-8", errors="replace")

    async def ended(self) -> None:
        """Wait until it has written everything."""
        await asyncio.wait_for(self._process.communicate(), ATTACH_S)


def _is_traced(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except FileNotFoundError:
        return False
    return "TracerPid:\t0\n" not in status


def count_calls(output: Path) -> dict[str, int]:
    """How often each call came in the thread where it came most often."""
    counts: dict[tuple[str, str], int] = {}
    for line in output.read_text("utf-8", errors="replace").splitlines():
        found = _CALL.match(line)
        if found is not None:
            thread_call = (found[1], found[2])
            counts[thread_call] = counts.get(thread_call, 0) + 1
    most: dict[str, int] = {}
    for (_, call), count in counts.items():
        most[call] = max(most.get(call, 0), count)
    return most
