"""A camera through ffmpeg: a test picture, Video4Linux (USB), or RTSP (network).

One child process; it writes the segments and names each whole one on its standard output. Rules:
- it does not outlive this process: the kernel ends it then (setpriv --pdeathsig);
- sound is recorded only when a sound device is named;
- the address of a network camera may hold its password: it is masked in every text.
Pictures that are compressed here have a key frame every half second, so that segments begin within
half a second of the even second. RTSP is taken as the camera compresses it: within its own interval
of key frames. Tested here with the test picture and an RTSP server of the tests; Video4Linux needs
a camera, so of that only the command line is tested.
"""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware.drivers.pi.camera import SEGMENT_MS, Segments, free_bytes
from firmware.drivers.pi.camera_care import SupervisedCamera
from firmware.drivers.pi.loop import Loop

STOP_TIMEOUT_S = 4.0
COMPLAINT_BYTES_MAX = 4096

TEST, V4L2, RTSP = "test", "v4l2", "rtsp"


@dataclass(frozen=True)
class Source:
    """What is recorded: `kind` is TEST, V4L2 (`address` a device) or RTSP (`address` a URL).

    `size` and `frames_per_second` are those of the picture (RTSP has its own); `encoder` is one of
    ffmpeg's for H.264; `sound` is an ALSA device, "" for none.
    """

    kind: str
    address: str = ""
    size: str = "1280x720"
    frames_per_second: int = 15
    kilobits_per_second: int = 1500
    encoder: str = "libx264"
    sound: str = ""


def command(source: Source, run: Path) -> list[str]:
    """The whole command line for one run, into its folder."""
    rate = str(source.frames_per_second)
    if source.kind == TEST:
        picture = f"testsrc2=size={source.size}:rate={rate}"
        taken = ["-re", "-f", "lavfi", "-i", picture]
    elif source.kind == V4L2:
        taken = ["-f", "v4l2", "-framerate", rate, "-video_size", source.size]
        taken += ["-i", source.address]
    else:
        taken = ["-rtsp_transport", "tcp", "-timeout", "10000000", "-i", source.address]
    if source.sound:
        taken += ["-f", "alsa", "-i", source.sound, "-map", "0:v", "-map", "1:a"]
        taken += ["-c:a", "aac", "-b:a", "64k"]
    else:
        taken += ["-map", "0:v", "-an"]
    return [
        *("setpriv", "--pdeathsig", "KILL", "--"),
        *("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats"),
        *taken,
        *_compression(source),
        *("-f", "segment", "-segment_format", "mpegts", "-reset_timestamps", "1"),
        *("-segment_time", str(SEGMENT_MS // 1000), "-segment_atclocktime", "1"),
        *("-segment_list", "pipe:1", "-segment_list_type", "csv"),
        str(run / "%06d.ts"),
    ]


def _compression(source: Source) -> list[str]:
    if source.kind == RTSP:
        return ["-c:v", "copy"]
    key_frames = str(max(1, source.frames_per_second // 2))
    bits = f"{source.kilobits_per_second}k"
    told = ["-c:v", source.encoder, "-g", key_frames, "-b:v", bits, "-pix_fmt", "yuv420p"]
    if source.encoder == "libx264":
        told += ["-preset", "ultrafast", "-tune", "zerolatency", "-sc_threshold", "0"]
        told += ["-maxrate", bits, "-bufsize", f"{2 * source.kilobits_per_second}k"]
    return told


def masked(text: str) -> str:
    """A text without the user and password of an address."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


class FfmpegCamera(SupervisedCamera):
    """One camera; the rest as in `SupervisedCamera`."""

    def __init__(
        self,
        loop: Loop,
        source: Source,
        folder: Path,
        floor_bytes: int,
        room: Callable[[Path], int] = free_bytes,
    ) -> None:
        super().__init__(loop, folder, floor_bytes, room)
        self._source = source
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = self._complaint = b""

    def begin(self, segments: Segments) -> None:
        """Start ffmpeg. OSError when there is none."""
        self._lines = self._complaint = b""
        self._process = subprocess.Popen(  # noqa: S603
            command(self._source, segments.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for pipe, read in (
            (self._process.stdout, self._listed),
            (self._process.stderr, self._told),
        ):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._loop.watch(pipe.fileno(), read)

    def end(self, gently: bool) -> None:
        """End it; asked gently it completes its segment."""
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        assert process.stderr is not None
        while data := _read(process.stdout.fileno()):
            self._take(data)
        for pipe in (process.stdout, process.stderr):
            self._loop.unwatch(pipe.fileno())
            pipe.close()

    def trouble(self) -> str:
        """That it has ended, and what it said last."""
        assert self._process is not None
        code = self._process.poll()
        if code is None:
            return ""
        said = masked(self._complaint.decode(errors="replace").strip().rpartition("\n")[2])
        return f"ffmpeg ended with {code}" + (f" ({said})" if said else "")

    def _listed(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        data = _read(self._process.stdout.fileno())
        if data:
            self._take(data)
        else:
            self._loop.unwatch(self._process.stdout.fileno())  # it ends; the next look sees it

    def _take(self, data: bytes) -> None:
        *lines, self._lines = (self._lines + data).split(b"\n")
        for line in lines:
            name, start_s, end_s = line.decode().split(",")
            self.completed(name, round((float(end_s) - float(start_s)) * 1000))

    def _told(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        data = _read(self._process.stderr.fileno())
        if data:
            self._complaint = (self._complaint + data)[-COMPLAINT_BYTES_MAX:]
        else:
            self._loop.unwatch(self._process.stderr.fileno())


def _read(file: int) -> bytes:
    try:
        return os.read(file, COMPLAINT_BYTES_MAX)
    except BlockingIOError:
        return b""
