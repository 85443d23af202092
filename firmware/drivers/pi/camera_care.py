"""What looks after every camera: starts it, ends it, starts it again, minds the disk.

An adapter says how to begin, how to end and whether something is wrong; it calls `completed` for
each whole segment. Rules:
- a camera that fails, or completes nothing for STALLED_MS (STARTUP_MS at first), is ended and begun
  anew in a run of its own, ever later: one that was unplugged comes back by itself;
- while the folder has less than `floor_bytes` free it is not written to; it is begun again when
  there is a tenth more, so that it does not begin and end all the time.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from firmware.drivers.pi.backoff import Backoff
from firmware.drivers.pi.camera import (
    FULL,
    RECORDING,
    STALLED_MS,
    STARTING,
    STOPPED,
    WAITING,
    Health,
    Segments,
    free_bytes,
    wall_ms,
)
from firmware.drivers.pi.loop import Loop, Timer

TICK_MS = 1000
STARTUP_MS = 20_000
RETRY_MS_MIN, RETRY_MS_MAX, WELL_MS = 1_000, 60_000, 60_000

log = logging.getLogger(__name__)


class SupervisedCamera(ABC):
    """One camera; all calls come from the loop.

    `room` tells how many bytes are free in a folder; another one in tests.
    """

    def __init__(
        self, loop: Loop, folder: Path, floor_bytes: int, room: Callable[[Path], int] = free_bytes
    ) -> None:
        self._loop, self._folder = loop, folder
        self._floor_bytes, self._room = floor_bytes, room
        self._backoff = Backoff(RETRY_MS_MIN, RETRY_MS_MAX, WELL_MS)
        self._state, self._why = STOPPED, ""
        self._timer: Timer | None = None
        self._running = False
        self._started_ms = self._start_at_ms = 0
        self._completed_ms: int | None = None
        self.segments: Segments | None = None  # of this run

    # ---- for adapters ----

    @abstractmethod
    def begin(self, segments: Segments) -> None:
        """Record into this run. OSError or ImportError when it can not be."""

    @abstractmethod
    def end(self, gently: bool) -> None:
        """End, and complete the segment under way when there is time (`gently`)."""

    @abstractmethod
    def trouble(self) -> str:
        """What is wrong now, for a person; "" when nothing is."""

    def completed(self, name: str, length_ms: int) -> None:
        """This segment is whole, and ends now."""
        assert self.segments is not None
        end_ms = wall_ms()
        self.segments.add(name, end_ms - length_ms, end_ms)
        self._completed_ms = self._loop.now_ms()
        if self._running:
            self._say(RECORDING)

    # ---- for who records ----

    def start(self) -> None:
        """Record from now on, and again after whatever happens."""
        self._say(WAITING)
        self._tick()

    def stop(self) -> None:
        """Complete the segment under way and end; blocks for seconds at most."""
        if self._timer is not None:
            self._timer.cancel()
        self._finish(gently=True)
        self._say(STOPPED)

    def run_folder(self) -> Path | None:
        """The run that is being written, or was last."""
        return None if self.segments is None else self.segments.folder

    def health(self) -> Health:
        """As the last look found it."""
        age_ms = None
        if self._completed_ms is not None:
            age_ms = self._loop.now_ms() - self._completed_ms
        return Health(self._state, age_ms, self._why)

    # ---- looking after it ----

    def _tick(self) -> None:
        now_ms = self._loop.now_ms()
        full = self._full()
        if self._running:
            trouble = self.trouble() or self._silence(now_ms)
            if full:
                self._finish(gently=True)
            elif trouble:
                self._finish(gently=False)
                self._start_at_ms = self._backoff.ended(now_ms, self._started_ms)
                self._say(WAITING, trouble)
        if full:
            self._say(FULL, full)
        elif not self._running and now_ms >= self._start_at_ms:
            self._begin(now_ms)
        self._timer = self._loop.later(TICK_MS, self._tick)

    def _begin(self, now_ms: int) -> None:
        self._started_ms, self._completed_ms = now_ms, None
        try:
            self.segments = Segments(self._folder)
            self.begin(self.segments)
        except (OSError, ImportError, RuntimeError) as error:
            self._start_at_ms = self._backoff.ended(now_ms, now_ms)
            self._say(WAITING, str(error))
        else:
            self._running = True
            self._say(STARTING)

    def _finish(self, gently: bool) -> None:
        if self._running:
            self._running = False
            self.end(gently)

    def _full(self) -> str:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            free = self._room(self._folder)
        except OSError as error:
            return str(error)
        needed = self._floor_bytes * (11 if self._state == FULL else 10) // 10
        if free >= needed:
            return ""
        return f"{free >> 20} MB are free in {self._folder}, {needed >> 20} MB are to stay free"

    def _silence(self, now_ms: int) -> str:
        if self._completed_ms is None:
            silent = now_ms - self._started_ms >= STARTUP_MS
        else:
            silent = now_ms - self._completed_ms >= STALLED_MS
        return "no segment was completed" if silent else ""

    def _say(self, state: str, why: str = "") -> None:
        if (state, why) != (self._state, self._why):
            self._state, self._why = state, why
            level = logging.INFO if state in (STARTING, RECORDING, STOPPED) else logging.WARNING
            log.log(level, "camera: %s%s", state, f": {why}" if why else "")
