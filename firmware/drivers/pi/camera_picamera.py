"""A camera on the ribbon cable of a Raspberry Pi, through picamera2.

picamera2 (0.3.38) and libcamera come from the board's own packages (python3-picamera2) and exist
only there, so they are imported when the camera is opened. Used of it: Picamera2 with
create_video_configuration, configure, start_recording, stop_recording and close; H264Encoder;
SplittableOutput.split_output, which changes files at the next key frame without losing one;
PyavOutput, which writes transport streams and calls `error_callback` when it can not.

**Not tested on a board.** The tests run against a small fake of these calls, written from the
source of 0.3.38; once, by hand, this file ran with the library's own SplittableOutput and
PyavOutput and frames of a software encoder, and lost none. Not known from that: how a sensor that
was unplugged shows itself (an exception or silence; both are handled), and how large a picture each
model of Pi can compress.
A segment begins within half a second of the even second: there is a key frame so often.
"""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from firmware.drivers.pi.camera import NAME, SEGMENT_MS, Segments, free_bytes, wall_ms
from firmware.drivers.pi.camera_care import SupervisedCamera
from firmware.drivers.pi.loop import Loop, Timer

CLOSE_TIMEOUT_S = 8.0


def picamera2() -> SimpleNamespace:
    """The parts of the library. ImportError where there is none."""
    from picamera2 import Picamera2
    from picamera2.encoders import H264Encoder
    from picamera2.outputs import PyavOutput, SplittableOutput

    return SimpleNamespace(
        Picamera2=Picamera2,
        H264Encoder=H264Encoder,
        PyavOutput=PyavOutput,
        SplittableOutput=SplittableOutput,
    )


class PicameraCamera(SupervisedCamera):
    """Camera `number`; `size` is "1280x720". `library` as `picamera2` returns it."""

    def __init__(
        self,
        loop: Loop,
        number: int,
        size: str,
        frames_per_second: int,
        kilobits_per_second: int,
        folder: Path,
        floor_bytes: int,
        room: Callable[[Path], int] = free_bytes,
        library: Callable[[], Any] = picamera2,
    ) -> None:
        super().__init__(loop, folder, floor_bytes, room)
        self._number = number
        self._size = tuple(int(part) for part in size.split("x"))
        self._rate, self._bits = frames_per_second, kilobits_per_second * 1000
        self._library = library
        self._run = 0  # which begin() a late answer belongs to
        self._camera: Any = None
        self._output: Any = None
        self._segment = 0
        self._segment_ms = 0  # when it began
        self._timer_of_split: Timer | None = None
        self._trouble = ""

    def begin(self, segments: Segments) -> None:
        """Open the camera; blocks for a second or two."""
        library = self._library()
        self._run += 1
        self._trouble, self._segment = "", 0
        camera = library.Picamera2(self._number)
        try:
            controls = {"FrameRate": self._rate}
            picture = {"size": self._size}
            camera.configure(camera.create_video_configuration(main=picture, controls=controls))
            encoder = library.H264Encoder(bitrate=self._bits, iperiod=max(1, self._rate // 2))
            self._output = library.SplittableOutput(output=self._file(library, segments, 0))
            camera.start_recording(encoder, self._output)
        except Exception:
            camera.close()
            raise
        self._camera = camera
        self._segment_ms = wall_ms()
        self._split_later(library, segments)

    def end(self, gently: bool) -> None:
        """Close the camera. RuntimeError when it does not close: the process must end then."""
        if self._timer_of_split is not None:
            self._timer_of_split.cancel()
        self._run += 1
        camera, self._camera = self._camera, None

        def close() -> None:
            camera.stop_recording()
            camera.close()

        closing = threading.Thread(target=close, name="camera", daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT_S)
        if closing.is_alive():
            raise RuntimeError(f"camera {self._number} does not close")
        if gently:
            self._complete()

    def trouble(self) -> str:
        """What an output or a change of files complained of."""
        return self._trouble

    def _file(self, library: Any, segments: Segments, number: int) -> Any:
        made = library.PyavOutput(str(segments.path(number)), format="mpegts")
        run = self._run

        def tell(error: object) -> None:  # in the encoder's thread
            self._loop.call(partial(self._fail, run, str(error)))

        made.error_callback = tell
        return made

    def _fail(self, run: int, why: str) -> None:
        if run == self._run:
            self._trouble = why

    def _split_later(self, library: Any, segments: Segments) -> None:
        delay_ms = SEGMENT_MS - wall_ms() % SEGMENT_MS
        if delay_ms < SEGMENT_MS // 10:
            delay_ms += SEGMENT_MS  # the timer came a moment before the second it was for
        self._timer_of_split = self._loop.later(delay_ms, partial(self._split, library, segments))

    def _split(self, library: Any, segments: Segments) -> None:
        """The even second: the next key frame begins the next file."""
        split = partial(self._output.split_output, self._file(library, segments, self._segment + 1))
        self._loop.in_background(split, partial(self._was_split, self._run, library, segments))

    def _was_split(self, run: int, library: Any, segments: Segments, result: object) -> None:
        if run != self._run:
            return  # it was ended meanwhile
        if isinstance(result, Exception):
            self._fail(run, str(result))
            return
        self._complete()
        self._segment += 1
        self._split_later(library, segments)

    def _complete(self) -> None:
        now_ms = wall_ms()
        self.completed(NAME.format(self._segment), now_ms - self._segment_ms)
        self._segment_ms = now_ms
