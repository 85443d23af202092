"""Deletes what a camera recorded and has kept long enough.

Rules:
- a segment goes when it ended more than `keep_days` before the segment that was recorded a day and
  a night of recording ago. So a clock that jumps to next year deletes nothing, unless nobody has
  noticed for so long; and a camera that records no more loses nothing more;
- a file named `hold` in the folder of a run keeps that run, in the camera's folder everything: for
  a dispute. Whoever puts it there takes it away again;
- files first, their lines later: a power cut in between leaves lines of files that are gone, and
  the next look goes over them once more. The last line of a run that may go on stays, because it
  tells the next start where the run ended;
- no more than BATCH files at a time: the loop that calls this also feeds the watchdog.
"""

import logging
import os
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from firmware.drivers.pi.camera import LIST, SEGMENT_MS, row_of, wall_ms
from firmware.drivers.pi.loop import Loop

DAY_MS = 86_400_000
# So many segments ago is what counts as now.
LAG_SEGMENTS = DAY_MS // SEGMENT_MS
LOOK_MS = 3_600_000
NEXT_BATCH_MS = 1_000
BATCH = 500
# A list is written anew once so many of its lines are of files that are gone: once a day.
TRIM_LINES = LAG_SEGMENTS
LINE_BYTES = len("000000.ts,1763860502000,1763860504000\n")
HOLD = "hold"

log = logging.getLogger(__name__)


class Retention:
    """One camera's folder. `running` tells the run that is being written, None when there is none.

    All calls come from the loop that also writes the lists: nobody else does meanwhile.
    """

    def __init__(
        self,
        folder: Path,
        keep_days: int,
        running: Callable[[], Path | None],
        clock_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self._folder, self._keep_ms = folder, keep_days * DAY_MS
        self._running, self._clock_ms = running, clock_ms
        # Lines at the beginning of a run's list whose files are gone.
        self._gone: dict[Path, int] = {}
        self._deleted = 0  # since it was last told

    def start(self, loop: Loop) -> None:
        """Look now and every hour, batch after batch."""
        more = self.look() == BATCH
        loop.later(NEXT_BATCH_MS if more else LOOK_MS, lambda: self.start(loop))

    def look(self) -> int:
        """Delete what is due; how many segments were gone over, BATCH at most."""
        left = BATCH
        try:
            runs = self._runs()
            before_ms = min(self._clock_ms(), _lagging_ms(runs)) - self._keep_ms
            for run in runs:
                if not (run / HOLD).exists():
                    left -= self._thin(run, before_ms, left)
                if not left:
                    break
        except (OSError, ValueError) as error:
            log.warning("camera: old segments stay for now: %s", error)
        if left and self._deleted:
            log.info("camera: %d segments, kept long enough, are deleted", self._deleted)
            self._deleted = 0
        return BATCH - left

    def _runs(self) -> list[Path]:
        """The runs, oldest first; none while everything is held."""
        if not self._folder.is_dir() or (self._folder / HOLD).exists():
            return []
        return [path.parent for path in sorted(self._folder.glob(f"*/{LIST}"))]

    def _thin(self, run: Path, before_ms: int, most: int) -> int:
        """Delete what is due of one run; how many segments were gone over."""
        done = 0
        gone = self._gone.get(run, 0)
        with (run / LIST).open("rb") as file:
            for line in islice(file, gone, gone + most):
                try:
                    name, _, end_ms = row_of(line)
                except ValueError as error:
                    log.warning("camera: %s can not be read (%s); it is left", run / LIST, error)
                    return done
                if end_ms >= before_ms:
                    break
                segment = run / name
                self._deleted += segment.exists()
                segment.unlink(missing_ok=True)
                done += 1
        self._gone[run] = gone + done
        self._tidy(run)
        return done

    def _tidy(self, run: Path) -> None:
        """Forget the lines of what is gone, and the run when that is all of it."""
        gone = self._gone[run]
        if not gone:
            return
        path = run / LIST
        with path.open("rb") as file:
            is_all = not any(islice(file, gone, None))
        if is_all and run != self._running():
            shutil.rmtree(run)
            del self._gone[run]
        elif gone >= TRIM_LINES:
            lines = path.read_bytes().splitlines(keepends=True)
            new = path.with_suffix(".new")
            with new.open("wb") as file:
                file.writelines(lines[min(gone, len(lines) - 1) :])
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            del self._gone[run]


def _lagging_ms(runs: list[Path]) -> int:
    """When the segment of LAG_SEGMENTS ago ended; 0 when there are not so many.

    Counted from the lengths of the lists, which is near enough for a day and a night.
    """
    left = LAG_SEGMENTS
    for run in reversed(runs):
        with (run / LIST).open("rb") as file:
            lines = file.seek(0, os.SEEK_END) // LINE_BYTES
            if lines > left:
                file.seek(-(left + 1) * LINE_BYTES, os.SEEK_END)
                file.readline()
                return row_of(file.readline())[2]
        left -= lines
    return 0
