"""Records one camera on a Raspberry Pi, into segments (`firmware.drivers.pi.camera`).

    python -m firmware.shell.record_pi --config FILE [--check]

There is no node for a camera yet: the recorder speaks to no broker. It tells how it does in its log
and, under systemd, in the status of its unit. SIGTERM and SIGINT complete the segment under way and
end with 0. Exit codes: 2 the file or the command line is wrong, 3 the camera can not be ended.
"""

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from firmware.drivers.pi.camera import Health
from firmware.drivers.pi.camera_care import SupervisedCamera
from firmware.drivers.pi.camera_retention import Retention
from firmware.drivers.pi.loop import Loop
from firmware.shell.config_pi import ConfigError, Table, load_tables
from firmware.shell.systemd_pi import Systemd

TURN_MS_MAX = 1000
USAGE, UNUSABLE = 2, 3

log = logging.getLogger("hallkit.camera")


class CameraTable(Table):
    """[camera]: `source` "v4l2" needs `device`, "rtsp" needs `url`; "picamera" takes `number`.

    `sound` is an ALSA device and is left out unless a hall has decided to record sound. After
    `keep_days` segments are deleted (`firmware.drivers.pi.camera_retention`).
    """

    folder: Path
    source: Literal["v4l2", "rtsp", "picamera", "test"]
    device: str = ""
    url: Annotated[str, Field(pattern=r"^(rtsps?://\S+)?$")] = ""
    number: Annotated[int, Field(ge=0, le=7)] = 0
    size: Annotated[str, Field(pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$")] = "1280x720"
    frames_per_second: Annotated[int, Field(ge=2, le=60)] = 15
    kilobits_per_second: Annotated[int, Field(ge=100, le=20_000)] = 1500
    encoder: Literal["libx264", "h264_v4l2m2m"] = "libx264"
    sound: str = ""
    free_mb_min: Annotated[int, Field(ge=100)] = 2000
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30

    @model_validator(mode="after")
    def _whole(self) -> "CameraTable":
        if (self.source == "v4l2") != bool(self.device):
            raise ValueError('give `device` with source "v4l2", and only with it')
        if (self.source == "rtsp") != bool(self.url):
            raise ValueError('give `url` with source "rtsp", and only with it')
        if self.sound and self.source not in ("v4l2", "test"):
            raise ValueError('`sound` is recorded with source "v4l2" only')
        return self


class CameraConfig(Table):
    """The whole file."""

    camera: CameraTable


def make_camera(table: CameraTable, loop: Loop) -> SupervisedCamera:
    """The adapter, not started; only its own libraries are imported."""
    floor_bytes = table.free_mb_min << 20
    if table.source == "picamera":
        from firmware.drivers.pi.camera_picamera import PicameraCamera

        return PicameraCamera(
            loop,
            table.number,
            table.size,
            table.frames_per_second,
            table.kilobits_per_second,
            table.folder,
            floor_bytes,
        )
    from firmware.drivers.pi.camera_ffmpeg import FfmpegCamera, Source

    source = Source(
        table.source,
        table.device or table.url,
        table.size,
        table.frames_per_second,
        table.kilobits_per_second,
        table.encoder,
        table.sound,
    )
    return FfmpegCamera(loop, source, table.folder, floor_bytes)


def _words(health: Health) -> str:
    return health.state + (f": {health.why}" if health.why else "")


def run(camera: SupervisedCamera, table: CameraTable, loop: Loop) -> None:
    """Until SIGTERM or SIGINT. RuntimeError when the camera does not end."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopping.append(number))
    signal.set_wakeup_fd(loop.bell, warn_on_full_buffer=False)
    systemd = Systemd()
    camera.start()
    Retention(table.folder, table.keep_days, camera.run_folder).start(loop)
    systemd.tell("READY=1")
    told = ""
    while not stopping:
        # Told before the wait: what it is now, not what it was a turn ago.
        words = _words(camera.health())
        if words != told:
            told = words
            systemd.tell(f"STATUS={words}")
        loop.run_once(TURN_MS_MAX)
        systemd.feed(loop.now_ms())
    systemd.tell("STOPPING=1")
    camera.stop()
    signal.set_wakeup_fd(-1)
    loop.close()


def main() -> int:
    """The command line."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="record_pi", description="records one camera")
    parser.add_argument("--config", type=Path, required=True, help="the camera's file (TOML)")
    parser.add_argument("--check", action="store_true", help="check the file and end")
    arguments = parser.parse_args()
    try:
        config = load_tables(arguments.config, CameraConfig, {})
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"record_pi: {error}\n")
        return USAGE
    if arguments.check:
        return 0
    loop = Loop()
    try:
        run(make_camera(config.camera, loop), config.camera, loop)
    except RuntimeError as error:
        sys.stderr.write(f"record_pi: {error}\n")
        return UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
