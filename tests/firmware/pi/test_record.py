"""The recorder as it is installed: a process with a file, systemd, kill -9, and what is on disk."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.drivers.pi.camera import LIST, read_list
from firmware.drivers.pi.camera_retention import DAY_MS, LAG_SEGMENTS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

TABLE = """[camera]
folder = "camera"
source = "test"
size = "320x240"
frames_per_second = 10
free_mb_min = {floor}
"""


class Recorder:
    """The process."""

    def __init__(self, config: Path, environment: dict[str, str]) -> None:
        self.folder = config.parent / "camera"
        self._log = config.parent / "log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "firmware.shell.record_pi", "--config", str(config)],
                stderr=log,
                env=os.environ | environment,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def runs(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def rows(self) -> list[tuple[str, int, int]]:
        runs = self.runs()
        return read_list(runs[-1]) if runs and (runs[-1] / LIST).is_file() else []

    def children(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in tasks.read_text().split()]

    def end(self, number: int) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    running: list[Recorder] = []

    def start(floor: int = 100, environment: dict[str, str] | None = None) -> Recorder:
        config = tmp_path / "camera.toml"
        config.write_text(TABLE.format(floor=floor), encoding="utf-8")
        running.append(Recorder(config, environment or {}))
        return running[-1]

    yield start
    for each in running:
        each.end(signal.SIGKILL)


def test_kill_minus_nine_keeps_all_but_the_last_segment_and_leaves_nobody_behind(
    record: Callable[..., Recorder], until: Callable[..., Any]
) -> None:
    first = record()
    until(lambda: len(first.rows()) >= 2, "no two segments")
    [ffmpeg] = first.children()
    first.end(signal.SIGKILL)
    until(lambda: not Path(f"/proc/{ffmpeg}/fd").exists(), "ffmpeg records on for nobody")
    run = first.runs()[-1]
    listed = len(read_list(run))
    assert len(list(run.glob("*.ts"))) <= listed + 1
    again = record()
    until(lambda: again.runs()[-1] != run and again.rows(), "it was not begun anew")
    assert len(read_list(run)) == len([one for one in run.glob("*.ts") if one.stat().st_size])
    assert again.end(signal.SIGTERM) == 0
    assert len(again.rows()) == len(list(again.runs()[-1].glob("*.ts"))), "the last one is whole"


def test_systemd_hears_how_it_does(
    record: Callable[..., Recorder], until: Callable[..., Any], tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"}
        recorder = record(environment=told)
        heard = []
        while b"STATUS=recording" not in heard:
            heard.append(manager.recv(200))
        assert heard[:2] == [b"READY=1", b"STATUS=starting"]
        assert b"WATCHDOG=1" in heard
        assert recorder.end(signal.SIGTERM) == 0


def test_a_disk_below_the_floor_is_told_and_not_written_to(
    record: Callable[..., Recorder], until: Callable[..., Any]
) -> None:
    recorder = record(floor=100_000_000)
    until(lambda: "disk_full" in recorder.log, "it was not told")
    assert "are to stay free" in recorder.log
    assert recorder.runs() == []
    assert recorder.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('source = "v4l2"', "camera.toml:1: camera: give `device`"),
        ('source = "rtsp"\nurl = "http://x"', "camera.toml:4: camera.url:"),
        ('source = "rtsp"\nurl = "rtsp://x"\nsound = "hw:1"', "camera.toml:1: camera: `sound`"),
        ('source = "test"\nsize = "big"', "camera.toml:4: camera.size:"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, table: str, said: str) -> None:
    config = tmp_path / "camera.toml"
    config.write_text(f'[camera]\nfolder = "x"\n{table}\n', encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "firmware.shell.record_pi", "--check", "--config", str(config)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_what_was_kept_long_enough_is_deleted_while_it_records(
    record: Callable[..., Recorder], until: Callable[..., Any], tmp_path: Path
) -> None:
    now_ms = time.time_ns() // 1_000_000
    old, lately = tmp_path / "camera" / "20240101T000000Z", tmp_path / "camera" / "20240102T000000Z"
    for run, first_ms, count in (
        (old, now_ms - 40 * DAY_MS, 3),
        (lately, now_ms - 3 * DAY_MS, LAG_SEGMENTS + 10),
    ):
        run.mkdir(parents=True)
        times = range(first_ms, first_ms + 2000 * count, 2000)
        lines = [f"{n:06d}.ts,{ms},{ms + 2000}\n" for n, ms in enumerate(times)]
        (run / LIST).write_text("".join(lines), "ascii")
        (run / "000000.ts").write_bytes(b"video")
    recorder = record()
    until(lambda: not old.exists(), "the old run is still there")
    until(lambda: recorder.rows() and len(recorder.runs()) == 2, "no segment")
    assert (lately / "000000.ts").exists()
    assert "3 segments" not in recorder.log  # two of them were gone before
    assert "1 segments, kept long enough, are deleted" in recorder.log
    assert recorder.end(signal.SIGTERM) == 0
