"""Copies of the journal on a schedule, each made by a process of its own.

Rules: a copy never holds up a press: the process that makes it is a gentle one, and a dying medium
can hang nobody but that process. It never stops the hall either: what goes wrong is told by
/readyz and /metrics until a copy succeeds. A copy is due at the start and every few minutes while
something was appended.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.journal.backup import KEEP
from gateway.machine import steady_ms
from gateway.meters import Meters

FIRST_AFTER_S = 5.0
MINUTES = 10
SECONDS_PER_MINUTE = 60.0
LATE_FACTOR = 3
END_S = 1.0
_log = structlog.get_logger("hallkit.backup")


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where copies go, how often, how many are kept; `same_disk`: as in `journal.backup`."""

    folder: Path
    minutes: int = MINUTES
    keep: int = KEEP
    same_disk: bool = False


class BackupSchedule:
    """`run` it until it is cancelled; `problem` says what is wrong now, "" when nothing is."""

    def __init__(
        self, plan: BackupPlan, journal: Path, meters: Meters, last_seq: Callable[[], int]
    ) -> None:
        self._plan, self._journal = plan, journal
        self._meters, self._last_seq = meters, last_seq
        self._failure = ""
        self._copied_seq = -1
        self._good_ms: int | None = None
        self._began_ms = steady_ms()
        meters.backup_age_seconds.set_function(lambda: self._age_ms() / 1000)

    @property
    def problem(self) -> str:
        """For the technician."""
        if self._failure:
            return f"backup: {self._failure}"
        minutes = self._age_ms() / 1000 / SECONDS_PER_MINUTE
        if minutes >= LATE_FACTOR * self._plan.minutes:
            return f"backup: no copy in {self._plan.folder} for {minutes:.0f} minutes"
        return ""

    def _age_ms(self) -> int:
        """Since what is appended now was last known to be in a copy, or since the start."""
        since = self._began_ms if self._good_ms is None else self._good_ms
        return steady_ms() - since

    async def run(self) -> None:
        """Copy when it is due."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            seq = self._last_seq()
            if seq == self._copied_seq and not self._failure:
                self._good_ms = steady_ms()  # nothing is newer than the copy
            else:
                try:
                    await self._copy()
                except OSError as error:
                    self._fail(f"no process for it could be started: {error}")
            await asyncio.sleep(self._plan.minutes * SECONDS_PER_MINUTE)

    async def _copy(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.cli.main", "journal", "backup", str(self._journal)),
            *("--to", str(self._plan.folder), "--keep", str(self._plan.keep), "--json"),
            *(["--same-disk"] if self._plan.same_disk else []),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, complaint = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            # Not for long: on a dying medium it may not even end when it is killed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), END_S)
            raise
        self._take(process.returncode, said, complaint)

    def _take(self, code: int | None, said: bytes, complaint: bytes) -> None:
        try:
            result = json.loads(said)
        except ValueError:
            words = complaint.decode(errors="replace").strip().splitlines()
            result = {"ok": False, "error": f"it ended by {code}: {words[-1] if words else ''}"}
        if not result["ok"]:
            self._fail(result["error"])
            return
        self._copied_seq, self._good_ms = result["records"], steady_ms()
        self._meters.backups.labels("made").inc()
        # The copy is good and the journal is not: that too is for the technician.
        self._failure = result["problem"]
        _log.info("backup_made", **result)

    def _fail(self, why: str) -> None:
        self._failure = why
        self._meters.backups.labels("failed").inc()
        _log.error("backup_failed", why=why)
