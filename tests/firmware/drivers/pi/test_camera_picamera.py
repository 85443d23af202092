"""The adapter for picamera2, against a small fake of what it uses of the library (0.3.38).

The fake keeps what matters of the real one: names and arguments of the calls, a split that returns
only when the next key frame has come, an output that tells of its failure from another thread.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.drivers.pi import camera_picamera
from firmware.drivers.pi.camera import read_list
from firmware.drivers.pi.camera_picamera import PicameraCamera
from firmware.drivers.pi.loop import Loop

DEADLINE_S = 20.0


class Library:
    """The fake; `key_frames` cleared: no more of them come."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.key_frames = threading.Event()
        self.key_frames.set()
        self.closes = threading.Event()
        self.closes.set()
        self.missing = ""
        self.outputs: list[Any] = []
        library = self

        class Picamera2:
            def __init__(self, camera_num: int = 0) -> None:
                if library.missing:
                    raise RuntimeError(library.missing)
                library.calls.append(("open", camera_num))

            def create_video_configuration(self, main: Any, controls: Any) -> Any:
                return main, controls

            def configure(self, camera_config: Any) -> None:
                library.calls.append(("configure", *camera_config))

            def start_recording(self, encoder: Any, output: Any) -> None:
                library.calls.append(("encoder", encoder))
                output.output.start()

            def stop_recording(self) -> None:
                library.closes.wait(DEADLINE_S)

            def close(self) -> None:
                library.calls.append("close")

        class SplittableOutput:
            def __init__(self, output: Any) -> None:
                self.output = output

            def split_output(self, new_output: Any, wait_for_keyframe: bool = True) -> None:
                new_output.start()
                library.key_frames.wait(DEADLINE_S)
                self.output = new_output

        class PyavOutput:
            error_callback: Any = None

            def __init__(self, output_name: str, format: str | None = None) -> None:  # noqa: A002
                self.path, self.format = Path(output_name), format
                library.outputs.append(self)

            def start(self) -> None:
                self.path.write_bytes(b"G" * 188)

        def encoder(bitrate: int, iperiod: int) -> Any:
            return bitrate, iperiod

        self.parts = SimpleNamespace(
            Picamera2=Picamera2,
            H264Encoder=encoder,
            SplittableOutput=SplittableOutput,
            PyavOutput=PyavOutput,
        )


class Recording:
    """A camera and its loop."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.loop = Loop()
        self.folder = folder
        self.camera = PicameraCamera(
            self.loop, 1, "640x480", 20, 900, folder, 1, library=lambda: library.parts
        )
        self.camera.start()

    def until(self, holds: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.camera.health()}"
            self.loop.run_once(10)

    def rows(self) -> list[tuple[str, int, int]]:
        return read_list(sorted(self.folder.iterdir())[-1])


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def recording(tmp_path: Path, library: Library) -> Iterator[Recording]:
    made = Recording(tmp_path, library)
    yield made
    library.closes.set()
    library.key_frames.set()
    made.camera.stop()
    made.loop.close()


def test_the_camera_is_opened_with_what_the_file_says(
    recording: Recording, library: Library
) -> None:
    assert library.calls == [
        ("open", 1),
        ("configure", {"size": (640, 480)}, {"FrameRate": 20}),
        ("encoder", (900_000, 10)),
    ]
    assert library.outputs[0].format == "mpegts"
    assert library.outputs[0].path.name == "000000.ts"


@pytest.mark.slow
def test_files_change_at_even_seconds_and_the_last_is_completed(
    recording: Recording, library: Library
) -> None:
    recording.until(lambda: len(recording.rows()) >= 4, "no four segments")
    rows = recording.rows()
    assert [name for name, _, _ in rows] == [f"00000{number}.ts" for number in range(4)]
    for before, after in itertools.pairwise(rows):
        assert abs(after[1] - before[2]) <= 1, "two clocks in whole milliseconds"
    # The best of them: a busy machine may be late for some.
    assert min(start_ms % 2000 for _, start_ms, _ in rows[1:]) < 600
    assert min(abs(end_ms - start_ms - 2000) for _, start_ms, end_ms in rows[1:]) < 600
    recording.camera.stop()
    assert recording.rows()[-1][0] == "000004.ts"
    assert library.calls[-1] == "close"


@pytest.mark.slow
def test_a_sensor_without_key_frames_is_begun_anew(
    recording: Recording, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.drivers.pi.camera_care.STARTUP_MS", 3000)
    library.key_frames.clear()
    recording.until(lambda: library.calls.count(("open", 1)) == 2, "it was not begun anew")
    assert library.calls.count("close") == 1
    library.key_frames.set()
    recording.until(lambda: recording.camera.health().state == "recording", "nothing comes")


def test_an_output_that_can_not_write_is_told(recording: Recording, library: Library) -> None:
    thread = threading.Thread(
        target=library.outputs[0].error_callback, args=(OSError("no space left"),)
    )
    thread.start()
    thread.join()
    recording.until(lambda: recording.camera.health().why == "no space left", "not told")
    assert recording.camera.health().state == "waiting"


def test_a_camera_that_is_not_there_is_told_and_tried_again(
    tmp_path: Path, library: Library
) -> None:
    library.missing = "Camera(s) not found"
    recording = Recording(tmp_path, library)
    assert recording.camera.health().why == "Camera(s) not found"
    library.missing = ""
    recording.until(lambda: recording.camera.health().state == "starting", "not tried again")
    recording.camera.stop()
    recording.loop.close()


def test_without_the_library_the_reason_is_its_name(tmp_path: Path) -> None:
    loop = Loop()
    camera = PicameraCamera(loop, 0, "640x480", 20, 900, tmp_path, 1)
    camera.start()
    assert "picamera2" in camera.health().why
    camera.stop()
    loop.close()


def test_a_camera_that_does_not_close_ends_the_process(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_picamera, "CLOSE_TIMEOUT_S", 0.1)
    recording = Recording(tmp_path, library)
    library.closes.clear()
    with pytest.raises(RuntimeError, match="camera 1 does not close"):
        recording.camera.stop()
    library.closes.set()
    recording.loop.close()
