"""A wall clock that is set while programs run: libfaketime before every call that reads it.

Rules: only the wall clock lies; the steady clock is the machine's own, as when somebody sets the
time of a real machine. The file that says by how much is replaced whole, so nobody reads half.
"""

from pathlib import Path

LIBRARY = "faketime/libfaketime.so.1"
PLACES = ("/usr/lib", "/usr/local/lib")


class NoFakeClockError(Exception):
    """libfaketime is not there; the text says what to do."""


class FakeWall:
    """Processes that are started with `env` see the wall clock `offset_s` off the true one."""

    def __init__(self, folder: Path) -> None:
        """Raises NoFakeClockError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "wall-offset"
        self.offset_s = 0.0
        self.env = {
            "LD_PRELOAD": str(_find_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Else waits on the steady clock, such as that for Python's own lock, last for seconds.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            # Files keep their true times: a clock that is set changes none of them.
            "NO_FAKE_STAT": "1",
        }
        self.set(0.0)

    def set(self, offset_s: float) -> None:
        """From now on."""
        partial = self._file.with_suffix(".part")
        partial.write_text(f"{offset_s:+.3f}\n", "ascii")
        partial.replace(self._file)
        self.offset_s = offset_s

    def jump(self, by_s: float) -> None:
        """Forward, or back when negative."""
        self.set(self.offset_s + by_s)


def _find_library() -> Path:
    for place in PLACES:
        for path in (*sorted(Path(place).glob(f"*/{LIBRARY}")), Path(place) / LIBRARY):
            if path.exists():
                return path
    raise NoFakeClockError("libfaketime is missing: sudo apt-get install -y faketime")
