"""The fonts that the set-up step makes, and a network camera."""

import contextlib
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from firmware.drivers.pi.glyphs import LedFont
from simulator import assets as set_up


@pytest.fixture(scope="session")
def assets() -> set_up.Assets:
    return set_up.ensure(only=("unifont",))


@pytest.fixture(scope="session")
def led_font(assets: set_up.Assets) -> LedFont:
    return LedFont(assets.unifont)


class RtspCamera:
    """A network camera: RTSP with its data in the same TCP line, an MPEG transport stream in RTP.

    As much of RFC 2326 (OPTIONS, DESCRIBE, SETUP, PLAY, interleaved data) and RFC 2250 as a client
    needs; ffmpeg makes the stream.
    """

    DESCRIPTION = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\n"

    def __init__(self) -> None:
        self._port = 0
        self._lines: list[socket.socket] = []
        self.plug()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self._port}/1"

    def plug(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def unplug(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._lines.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                self._lines.append(line)
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, contextlib.suppress(OSError), line.makefile("rb") as asked:
            while request := asked.readline().decode().split():
                headers = {}
                while text := asked.readline().decode().strip():
                    name, _, value = text.partition(":")
                    headers[name.lower()] = value.strip()
                told = {"DESCRIBE": "Content-Type: application/sdp\r\n"}.get(request[0], "")
                if request[0] == "SETUP":
                    told = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
                body = self.DESCRIPTION if request[0] == "DESCRIBE" else ""
                line.sendall(
                    f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\nSession: 1\r\n{told}"
                    f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
                )
                if request[0] == "PLAY":
                    self._play(line)

    def _play(self, line: socket.socket) -> None:
        made = subprocess.Popen(
            [
                *("ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi"),
                *("-i", "testsrc2=size=320x240:rate=10", "-c:v", "libx264", "-g", "5"),
                *("-preset", "ultrafast", "-tune", "zerolatency", "-f", "mpegts", "pipe:1"),
            ],
            stdout=subprocess.PIPE,
        )
        assert made.stdout is not None
        try:
            sequence = 0
            while data := made.stdout.read(7 * 188):
                time_90khz = time.monotonic_ns() * 9 // 100_000 & 0xFFFFFFFF
                packet = struct.pack(">BBHII", 0x80, 33, sequence & 0xFFFF, time_90khz, 7) + data
                line.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                sequence += 1
        finally:
            made.kill()
            made.wait()
            made.stdout.close()


@pytest.fixture
def rtsp_camera() -> Iterator[RtspCamera]:
    made = RtspCamera()
    yield made
    made.unplug()
