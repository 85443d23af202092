"""What a camera leaves: segments in a folder, a list of those that are whole, and its health.

    20261123T011502Z/                one run, named by when it began (UTC)
        segments.csv                 its list: name,start_ms,end_ms of each whole segment
        000000.ts                    its segments, SEGMENT_MS long, MPEG transport streams

Rules of every adapter:
- segments begin at even seconds of the clock, as exactly as key frames allow (the adapter says how
  exactly), so that those of several cameras lie side by side;
- a segment in the list is whole. kill -9 at any moment loses the one that was being written, at
  most; what is left of it is listed at the next start;
- a run has a folder of its own: no restart and no jump of the clock writes over what is there;
- a folder with less than the floor of free space is not written to, and that is said;
- nothing is deleted here: camera_retention.py does that, when it has been kept long enough.
A clip of any time is a joining of segments without new compression (ffmpeg, concat, -c copy).
Times in the list are milliseconds since 1970, to about 0.3 s.
"""

import logging
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

SEGMENT_MS = 2000
STALLED_MS = 10_000
LIST = "segments.csv"
NAME = "{:06d}.ts"
TAIL_BYTES = 4096  # more than any line of a list

# What a camera is doing; "waiting": to be started again, for the reason told.
STARTING, RECORDING, WAITING, FULL, STOPPED = (
    *("starting", "recording", "waiting", "disk_full", "stopped"),
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """`age_ms` since a segment was completed, None: none yet in this run; `why` for a person."""

    state: str
    age_ms: int | None = None
    why: str = ""


def wall_ms() -> int:
    """The time of day: what a recording is looked up by, and nothing is decided by."""
    return time.time_ns() // 1_000_000


def free_bytes(folder: Path) -> int:
    """Room left for an ordinary user. OSError when the folder is gone."""
    return shutil.disk_usage(folder).free


class Segments:
    """One run: its folder, and the list that is appended to while it lasts."""

    def __init__(self, folder: Path) -> None:
        """Begin a run. OSError when the folder can not be written."""
        folder.mkdir(parents=True, exist_ok=True)
        runs = sorted(path for path in folder.iterdir() if (path / LIST).is_file())
        if runs:
            recover(runs[-1])
            _drop_if_empty(runs[-1])
        second = wall_ms() // 1000
        while True:
            self.folder = folder / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
            try:
                self.folder.mkdir()
            except FileExistsError:
                second += 1  # the clock went back, or two runs began in one second
            else:
                break
        self._list = self.folder / LIST
        self._list.touch()

    def path(self, number: int) -> Path:
        """Where segment `number`, from 0, goes."""
        return self.folder / NAME.format(number)

    def add(self, name: str, start_ms: int, end_ms: int) -> None:
        """This segment is whole."""
        _append(self._list, name, start_ms, end_ms)


def read_list(run: Path) -> list[tuple[str, int, int]]:
    """[(name, start_ms, end_ms)] of a run."""
    return [row_of(line) for line in (run / LIST).read_bytes().splitlines()]


def row_of(line: bytes) -> tuple[str, int, int]:
    """(name, start_ms, end_ms) of a line of a list. ValueError when it is none."""
    name, start_ms, end_ms = line.decode("ascii").split(",")
    return name, int(start_ms), int(end_ms)


def recover(run: Path) -> None:
    """List what a run left unlisted: the segment that was being written when it died."""
    path = run / LIST
    number, end_ms = -1, 0
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL_BYTES))
        whole, _, half = file.read().rpartition(b"\n")
        if half:
            file.truncate(size - len(half))  # a power cut left it
    if whole:
        try:
            name, _, end_ms = row_of(whole.rpartition(b"\n")[2])
            number = int(Path(name).stem)
        except ValueError as error:
            log.warning("camera: %s can not be read (%s); it is left as it is", path, error)
            return
    while (left := run / NAME.format(number + 1)).is_file():
        number += 1
        changed_ms = left.stat().st_mtime_ns // 1_000_000
        start_ms = end_ms or changed_ms - SEGMENT_MS
        end_ms = max(start_ms, min(changed_ms, start_ms + SEGMENT_MS))
        if left.stat().st_size:
            _append(path, left.name, start_ms, end_ms)


def _drop_if_empty(run: Path) -> None:
    """A camera that was away for a day would else leave a folder for every try."""
    if [path.name for path in run.iterdir()] == [LIST]:
        (run / LIST).unlink()
        run.rmdir()


def _append(path: Path, name: str, start_ms: int, end_ms: int) -> None:
    with path.open("a", encoding="ascii") as file:
        file.write(f"{name},{start_ms},{end_ms}\n")
