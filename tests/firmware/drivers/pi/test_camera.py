"""The port of a camera: runs and their lists, and what looks after every adapter."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.drivers.pi import camera, camera_care
from firmware.drivers.pi.camera import LIST, Segments, read_list, recover
from firmware.drivers.pi.camera_care import SupervisedCamera
from firmware.drivers.pi.loop import Loop

MB = 1 << 20


# ---- runs and lists ----


def segment(run: Path, number: int, ended_ms: int, size: int = 100) -> None:
    path = run / f"{number:06d}.ts"
    path.write_bytes(bytes(size))
    os.utime(path, ns=(ended_ms * 1_000_000, ended_ms * 1_000_000))


def test_a_run_is_a_folder_with_a_list_of_what_is_whole(tmp_path: Path) -> None:
    segments = Segments(tmp_path / "w01")
    assert segments.path(7).name == "000007.ts"
    segments.add("000000.ts", 1000, 2500)
    segments.add("000001.ts", 2500, 4500)
    assert read_list(segments.folder) == [("000000.ts", 1000, 2500), ("000001.ts", 2500, 4500)]


def test_what_was_being_written_when_the_power_failed_is_listed_at_the_next_start(
    tmp_path: Path,
) -> None:
    first = Segments(tmp_path)
    first.add("000000.ts", 10_000, 12_000)
    segment(first.folder, 0, 12_000)
    segment(first.folder, 1, 13_700)
    Segments(tmp_path)
    assert read_list(first.folder) == [("000000.ts", 10_000, 12_000), ("000001.ts", 12_000, 13_700)]


def test_a_half_line_is_no_line_and_an_empty_segment_no_segment(tmp_path: Path) -> None:
    run = tmp_path / "20261123T011502Z"
    run.mkdir()
    (run / LIST).write_text("000000.ts,10000,12000\n000001.ts,12000,14")
    segment(run, 0, 12_000)
    segment(run, 1, 14_000)
    segment(run, 2, 14_100, size=0)
    recover(run)
    recover(run)
    assert read_list(run)[:2] == [("000000.ts", 10000, 12000), ("000001.ts", 12000, 14000)]
    assert len(read_list(run)) == 2


def test_a_run_that_died_before_its_first_line_is_listed_from_its_files(tmp_path: Path) -> None:
    first = Segments(tmp_path)
    segment(first.folder, 0, 50_000)
    Segments(tmp_path)
    assert read_list(first.folder) == [("000000.ts", 48_000, 50_000)]


def test_no_jump_of_the_clock_writes_over_an_older_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "wall_ms", lambda: 1_763_860_502_900)
    runs = []
    for _ in range(3):
        made = Segments(tmp_path)
        segment(made.folder, 0, 1_763_860_504_000)
        runs.append(made.folder)
    assert len(set(runs)) == 3
    assert runs[0].name == "20251123T011502Z"
    assert all(len(read_list(run)) == 1 for run in runs[:2])


def test_tries_that_recorded_nothing_leave_nothing(tmp_path: Path) -> None:
    for _ in range(5):
        Segments(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_list_does_not_keep_the_camera_from_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "20261123T011502Z"
    run.mkdir()
    (run / LIST).write_bytes(b"\xff\x00 what,is\n")
    segment(run, 0, 12_000)
    assert Segments(tmp_path).folder != run
    assert str(run / LIST) in caplog.text


# ---- looking after it ----


class Steps(SupervisedCamera):
    """A camera that does what the test says."""

    def __init__(self, loop: Loop, folder: Path, room: Callable[[Path], int]) -> None:
        super().__init__(loop, folder, 100 * MB, room)
        self.log: list[str] = []
        self.wrong = ""
        self.refuses = ""

    def begin(self, segments: Segments) -> None:
        if self.refuses:
            raise OSError(self.refuses)
        self.log.append("begin")

    def end(self, gently: bool) -> None:
        self.log.append("end" if gently else "kill")

    def trouble(self) -> str:
        return self.wrong


class Clocked(Loop):
    """A loop whose time the test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.time_ms = 5_000

    def now_ms(self) -> int:
        return self.time_ms

    def run(self, duration_ms: int) -> None:
        for _ in range(0, duration_ms, 100):
            self.time_ms += 100
            self.run_once(0)


class Watched:
    """A camera of steps in a clocked loop, and a disk of so many bytes."""

    def __init__(self, folder: Path) -> None:
        self.loop = Clocked()
        self.free = 1000 * MB
        self.camera = Steps(self.loop, folder, lambda _: self.free)

    @property
    def state(self) -> str:
        return self.camera.health().state


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    made.camera.start()
    yield made
    made.camera.stop()
    made.loop.close()


def test_a_camera_records_once_a_segment_is_whole(watched: Watched) -> None:
    assert watched.camera.log == ["begin"]
    assert watched.camera.health() == camera.Health("starting", None)
    watched.loop.run(3000)
    watched.camera.completed("000000.ts", 2000)
    watched.loop.run(1500)
    assert watched.camera.health() == camera.Health("recording", 1500)
    [(name, start_ms, end_ms)] = read_list(watched.camera.segments.folder)
    assert (name, end_ms - start_ms) == ("000000.ts", 2000)


def test_a_silent_camera_is_begun_anew_ever_more_slowly(watched: Watched) -> None:
    watched.loop.run(camera_care.STARTUP_MS - 1000)
    assert watched.camera.log == ["begin"]
    watched.loop.run(1100)
    assert watched.camera.log == ["begin", "kill"]
    assert watched.camera.health().why == "no segment was completed"
    watched.loop.run(600_000)
    begun = watched.camera.log.count("begin")
    assert 7 <= begun <= 12, "20 s of patience and up to 60 s between"


def test_a_camera_that_stops_completing_is_noticed_sooner_than_one_that_starts(
    watched: Watched,
) -> None:
    for number in range(60):
        watched.loop.run(2000)
        watched.camera.completed(f"{number:06d}.ts", 2000)
    assert watched.camera.log == ["begin"]
    watched.loop.run(camera.STALLED_MS + 500)
    assert watched.camera.log == ["begin", "kill"]
    watched.loop.run(1100)
    assert watched.camera.log == ["begin", "kill", "begin"], "it had been well: at once"


def test_what_is_wrong_is_told_in_its_own_words(watched: Watched) -> None:
    watched.camera.wrong = "the cable is out"
    watched.loop.run(1100)
    assert watched.camera.health() == camera.Health("waiting", None, "the cable is out")
    watched.camera.wrong = ""
    watched.camera.refuses = "no such device"
    watched.loop.run(3000)
    assert watched.camera.health().why == "no such device"
    watched.camera.refuses = ""
    watched.loop.run(10_000)
    assert watched.state == "starting"


def test_a_disk_at_its_floor_stops_recording_says_so_and_goes_on_with_some_more_room(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.loop.run(3000)
    watched.free = 100 * MB - 1
    watched.loop.run(1100)
    assert watched.camera.log == ["begin", "end"]
    assert watched.state == "disk_full"
    assert "99 MB are free" in watched.camera.health().why
    assert "disk_full" in caplog.text
    watched.free = 105 * MB
    watched.loop.run(5000)
    assert watched.camera.log == ["begin", "end"], "five MB are no reason to begin"
    watched.free = 110 * MB
    watched.loop.run(1100)
    assert watched.camera.log == ["begin", "end", "begin"]
