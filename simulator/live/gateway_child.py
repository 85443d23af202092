"""The gateway as a process of its own, started again whenever it dies.

That is what a service manager does in a real hall; here it also makes `kill -9` a button. What the
gateway says goes to a log file; a gateway that cannot even start ends the hall with the reason.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.parentage import dying_with_parent

RESTART_S = 0.4
RESTART_MAX_S = 5.0
HEALTHY_S = 10.0
STOP_TIMEOUT_S = 8.0
LOG_TAIL_BYTES = 2000


class GatewayChild:
    """Runs `command`; `on_change` hears of every start and every end."""

    def __init__(
        self,
        command: list[str],
        log_path: Path,
        on_change: Callable[[], None],
    ) -> None:
        self.starts = 0
        self.last_exit: int | None = None
        self._command = command
        self._log_path = log_path
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Start it, and start it again, until `stop`."""
        delay_s = RESTART_S
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began = loop.time()
            await self._run_once()
            delay_s = (
                RESTART_S if loop.time() - began > HEALTHY_S else min(delay_s * 2, RESTART_MAX_S)
            )
            if not self._stopping:
                await asyncio.sleep(delay_s)

    async def _run_once(self) -> None:
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C in the terminal reaches this process only; it ends the gateway in order.
                start_new_session=True,
                preexec_fn=dying_with_parent(),
            )
        self.starts += 1
        self._on_change()
        self.last_exit = await self._process.wait()
        self._process = None
        self._on_change()

    def kill(self) -> int | None:
        """SIGKILL, now. Returns the process id, None when it is not running."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    async def stop(self) -> None:
        """End it in order; kill it when it does not end."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def log_tail(self) -> str:
        """The last lines the gateway wrote."""
        if not self._log_path.exists():
            return ""
        with self._log_path.open("rb") as log:
            log.seek(max(0, self._log_path.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode("utf-8", "replace")


def hallkit_command(*arguments: str) -> list[str]:
    """The command line of this project's own `hallkit`, in the same environment."""
    return [sys.executable, "-m", "gateway.cli.main", *arguments]
