"""Processes to be broken: forked from a zygote, with strace on them or not, killed by number.

Rules: everything listens on loopback and is ended by its own process id; what is still running at
the end is killed; the zygote ends when its input closes.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.chaos.strace import Tracer

START_S = 30.0
STOP_S = 20.0


class StartError(Exception):
    """A process did not come up; the message holds its last words."""


class Child:
    """One process. `status` is its exit code, minus the signal when it was killed."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log
        self.status: int | None = None
        self.tracer: Tracer | None = None
        self._ended = asyncio.Event()

    def end(self, status: int) -> None:
        """The zygote says that it ended."""
        self.status = status
        self._ended.set()

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self.status is None

    def signal(self, number: int) -> None:
        """Send a signal; nothing when it has ended."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def wait(self, timeout_s: float = STOP_S) -> int:
        """Its exit code, once strace has written everything too. Raises TimeoutError."""
        await asyncio.wait_for(self._ended.wait(), timeout_s)
        if self.tracer is not None:
            await self.tracer.ended()
        assert self.status is not None, "it has ended"
        return self.status

    async def wait_for_word(self, word: str, timeout_s: float) -> None:
        """Return when it has said it, or has ended. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while self.running and word not in self.last_words():  # noqa: ASYNC110  # a file tells nobody
                await asyncio.sleep(0.01)

    def said_why(self) -> bool:
        """Its last line is a sentence for the operator, or the log's that it cannot go on."""
        lines = self.last_words().splitlines()
        try:
            last = json.loads(lines[-1]) if lines else {}
        except ValueError:
            return False
        return bool(last.get("error") or last.get("event") == "cannot_go_on")

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", errors="replace")[-2000:] if self.log.exists() else ""


class Zygote:
    """This side of `simulator.chaos.zygote`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._children: dict[int, Child] = {}
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(), name="zygote")

    @classmethod
    @asynccontextmanager
    async def warm(
        cls,
        *programs: str,
        plant: str = "",
        inside: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> AsyncIterator["Zygote"]:
        """A zygote for these programs, with a bug planted or none.

        `inside`: the words of a command that runs it, `env`: what its environment has besides.
        """
        words = (sys.executable, "-m", "simulator.chaos.zygote", *programs, "--plant", plant)
        process = await asyncio.create_subprocess_exec(
            *inside,
            *words,
            env={**os.environ, **(env or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        zygote = cls(process)
        try:
            await asyncio.wait_for(zygote._born.get(), START_S)
            yield zygote
        finally:
            await zygote._close()

    async def run(
        self,
        program: str,
        argv: Sequence[str],
        log: Path,
        strace: Sequence[str] = (),
        env: dict[str, str] | None = None,
    ) -> Child:
        """Fork it, put strace on it when there are words for it, let it go."""
        order: dict[str, object] = {
            "run": program,
            "argv": list(argv),
            "log": str(log),
            "env": env or {},
        }
        self._send(order)
        pid = await asyncio.wait_for(self._born.get(), START_S)
        child = self._children[pid] = Child(pid, log)
        if strace:
            output = log.with_name(log.name + ".strace")
            child.tracer = await Tracer.attach(pid, strace, output)
        self._send({"go": pid})
        return child

    def _send(self, order: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "pid" in said:
                self._born.put_nowait(said["pid"])
            else:
                self._children.pop(said["ended"]).end(said["status"])

    async def _close(self) -> None:
        for child in list(self._children.values()):
            child.signal(signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                await child.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), STOP_S)
        await self._reader
