"""A camera through the real ffmpeg: what is left after kill -9, a clip, RTSP, the command line."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.drivers.pi import camera_care
from firmware.drivers.pi.camera import SEGMENT_MS, read_list
from firmware.drivers.pi.camera_ffmpeg import FfmpegCamera, Source, command, masked
from firmware.drivers.pi.loop import Loop

DEADLINE_S = 40.0
SMALL = Source("test", size="320x240", frames_per_second=10, kilobits_per_second=300)

slow = pytest.mark.slow


def frames_of(path: Path) -> int:
    """How many pictures can be decoded; an error of the decoder is a failure."""
    result = subprocess.run(
        [
            *("ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0"),
            *("-show_entries", "stream=nb_read_frames", "-of", "json", str(path)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return int(json.loads(result.stdout)["streams"][0]["nb_read_frames"])


class Recording:
    """A camera and its loop."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.loop = Loop()
        self.folder = folder
        self.camera = FfmpegCamera(self.loop, source, folder, 1)
        self.camera.start()

    def until(self, holds: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.camera.health()}"
            self.loop.run_once(20)

    def runs(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def rows(self) -> list[tuple[str, int, int]]:
        return read_list(self.runs()[-1])

    def process(self) -> int:
        """The number of ffmpeg's process."""
        assert self.camera._process is not None
        return self.camera._process.pid

    def stop(self) -> None:
        self.camera.stop()
        self.loop.close()


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recording]]:
    assert shutil.which("ffmpeg"), "ffmpeg is missing; run: sudo apt-get install -y ffmpeg"
    made: list[Recording] = []

    def start(source: Source = SMALL, folder: Path | None = None) -> Recording:
        made.append(Recording(folder or tmp_path / "camera", source))
        return made[-1]

    yield start
    for each in made:
        each.stop()


@slow
def test_segments_lie_end_to_end_at_even_seconds_and_join_to_a_clip(
    record: Callable[..., Recording], tmp_path: Path
) -> None:
    r = record()
    r.until(lambda: len(r.rows()) >= 4, "no four segments")
    assert r.camera.health().state == "recording"
    rows = r.rows()
    assert all(abs(end_ms - start_ms - SEGMENT_MS) <= 500 for _, start_ms, end_ms in rows[1:])
    # The best of them: a busy machine may be late for some.
    assert min(start_ms % SEGMENT_MS for _, start_ms, _ in rows[1:]) < 1200, "late by a key frame"
    assert min(abs(after[1] - before[2]) for before, after in itertools.pairwise(rows)) < 400
    run = r.runs()[-1]
    whole = [frames_of(run / name) for name, _, _ in rows]
    # 2 s of 10 pictures a second, and cut at a key frame, of which there are two a second.
    assert all(abs(count - 20) <= 5 for count in whole[1:]), whole
    # The clip of a ticket: the middle of it, without new compression.
    parts = tmp_path / "parts"
    parts.write_text("".join(f"file '{run / name}'\n" for name, _, _ in rows[1:4]))
    clip = tmp_path / "clip.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", str(parts)),
            *("-c", "copy", str(clip)),
        ],
        check=True,
    )
    assert frames_of(clip) == sum(whole[1:4]), "no picture is lost by joining"
    r.camera.stop()
    assert frames_of(run / r.rows()[-1][0]) > 0, "the last one is completed at the end"
    assert len(list(run.glob("*.ts"))) == len(r.rows())


@slow
def test_kill_minus_nine_of_ffmpeg_loses_one_segment_at_most(
    record: Callable[..., Recording],
) -> None:
    r = record()
    r.until(lambda: len(r.rows()) >= 2, "no two segments")
    until_ms = time.monotonic() + 1
    r.until(lambda: time.monotonic() > until_ms, "")
    first = r.runs()[-1]
    os.kill(r.process(), signal.SIGKILL)
    r.until(lambda: r.camera.health().state == "waiting", "its end was not noticed")
    assert "ended with -9" in r.camera.health().why
    listed = read_list(first)
    assert [frames_of(first / name) > 0 for name, _, _ in listed] == [True] * len(listed)
    assert len(list(first.glob("*.ts"))) <= len(listed) + 1
    r.until(lambda: r.runs()[-1] != first, "it was not begun anew")
    r.until(r.rows, "the new run completes nothing")
    last = read_list(first)[-1]
    assert last[2] - last[1] <= SEGMENT_MS
    assert frames_of(first / last[0]) >= 1, "what is left of the last one can be seen"


@slow
def test_a_camera_that_hangs_is_ended_and_begun_anew(
    record: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_care, "STALLED_MS", 4000)
    r = record()
    r.until(r.rows, "no segment")
    first, process = r.runs()[-1], r.process()
    os.kill(process, signal.SIGSTOP)
    r.until(lambda: r.camera.health().why == "no segment was completed", "not noticed")
    r.until(lambda: r.runs()[-1] != first and r.rows(), "it was not begun anew")
    assert not Path(f"/proc/{process}").exists()


@slow
def test_a_network_camera_is_taken_as_it_compresses(
    record: Callable[..., Recording], rtsp_camera: Any
) -> None:
    r = record(Source("rtsp", rtsp_camera.url.replace("://", "://user:secret@")))
    r.until(lambda: len(r.rows()) >= 2, "nothing comes")
    run = r.runs()[-1]
    assert frames_of(run / r.rows()[1][0]) == 20
    rtsp_camera.unplug()
    r.until(lambda: r.camera.health().state == "waiting", "the lost camera was not noticed")
    assert "secret" not in r.camera.health().why
    rtsp_camera.plug()
    r.until(lambda: r.runs()[-1] != run and r.rows(), "it was not found again")


@slow
def test_a_camera_that_is_not_there_is_told_without_its_password(
    record: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    r = record(Source("rtsp", "rtsp://user:secret@127.0.0.1:9/stream"))
    r.until(lambda: r.camera.health().state == "waiting", "not noticed")
    assert "refused" in r.camera.health().why
    assert "secret" not in caplog.text + str(r.camera.health())


def test_without_ffmpeg_the_reason_is_told(
    record: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    r = record()
    assert r.camera.health().state == "waiting"
    assert "setpriv" in r.camera.health().why


def said(source: Source) -> str:
    return " ".join(command(source, Path("run")))


def test_each_source_has_its_command_and_sound_is_off_unless_named() -> None:
    usb = said(Source("v4l2", "/dev/video0", "640x480", 10, 800))
    assert "-f v4l2 -framerate 10 -video_size 640x480 -i /dev/video0" in usb
    assert "-c:v libx264 -g 5 -b:v 800k" in usb
    network = said(Source("rtsp", "rtsp://camera/1"))
    assert "-rtsp_transport tcp -timeout 10000000 -i rtsp://camera/1" in network
    assert "-c:v copy" in network
    for quiet in (usb, network, said(SMALL)):
        assert " -an " in quiet
        assert "alsa" not in quiet
        assert "-segment_time 2 -segment_atclocktime 1" in quiet
        assert quiet.endswith("run/%06d.ts")
    heard = said(Source("v4l2", "/dev/video0", sound="hw:1,0"))
    assert "-f alsa -i hw:1,0 -map 0:v -map 1:a" in heard
    assert " -an " not in heard
    pi4 = said(Source("v4l2", "/dev/video0", encoder="h264_v4l2m2m"))
    assert "-c:v h264_v4l2m2m" in pi4
    assert "preset" not in pi4


def test_an_address_is_told_without_its_user_and_password() -> None:
    told = masked("rtsp://admin:p-w!d@10.0.0.5:554/1: Connection refused")
    assert told == "rtsp://***@10.0.0.5:554/1: Connection refused"
    assert masked("mail to a@b") == "mail to a@b"
