"""The touch screen of a kiosk: a browser on the same board talks HTTP to the node, loopback only.

    GET  /screen        server-sent events: {"mode": ..., "detail": [...]} now and at every change
    POST /touch         {"service": "filing"} as application/json: a finger on a button; 204

The page itself comes from the gateway; `origin` is the gateway's address, the only page that may
speak to the node. Requests come in threads of their own and are handed to the loop.
"""

import contextlib
import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop
from firmware.logic import events

HOST = "127.0.0.1"
BODY_BYTES_MAX = 200
STREAMS_MAX = 4
# A line goes out this often, so that a closed browser is noticed.
BEAT_S = 10.0

log = logging.getLogger(__name__)


class _Screen:
    """What is shown now, for the threads; `version` grows with every change."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.version = 1
        self.text = json.dumps({"mode": "offline", "detail": []})
        self.streams: list[object] = []

    def show(self, text: str) -> None:
        with self.changed:
            self.text = text
            self.version += 1
            self.changed.notify_all()


class ScreenPort(Driver):
    """("screen", ...) in, ("touch", service) out. `port` 0 takes a free one."""

    def __init__(self, loop: Loop, post: Post, port: int, origin: str) -> None:
        self._screen = _Screen()

        def touch(service: str) -> None:
            loop.call(partial(post, (events.TOUCH, service)))

        handler = partial(_Handler, self._screen, touch, origin)
        self._server = ThreadingHTTPServer((HOST, port), handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="screen", daemon=True
        )

    def start(self) -> None:
        """Answer from now on."""
        log.info("screen: http://%s:%d", HOST, self.port)
        self._thread.start()

    def stop(self) -> None:
        """End all streams."""
        with self._screen.changed:
            self._screen.streams.clear()
            self._screen.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def apply(self, effect: Event) -> None:
        """Show."""
        if effect[0] == events.SCREEN:
            _, mode, detail = effect
            self._screen.show(json.dumps({"mode": mode, "detail": detail}, ensure_ascii=False))


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server_version = "hallkit"
    sys_version = ""

    def __init__(
        self, screen: _Screen, touch: Callable[[str], None], origin: str, *arguments: object
    ) -> None:
        self._screen = screen
        self._touch = touch
        self._origin = origin
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server gives them

    def do_GET(self) -> None:
        """The stream of screens."""
        if self.path != "/screen":
            self._answer(404)
            return
        stream = object()
        with self._screen.changed:
            # The newest browser wins: one that was reloaded is only noticed at its next line.
            self._screen.streams = [*self._screen.streams, stream][-STREAMS_MAX:]
            self._screen.changed.notify_all()
        with contextlib.suppress(OSError):  # the browser has gone
            self._stream(stream)

    def do_POST(self) -> None:
        """A touch."""
        # This content type makes a browser ask first (do_OPTIONS), so a foreign page can not touch.
        if self.path != "/touch" or self.headers.get_content_type() != "application/json":
            self._answer(404)
            return
        if self.headers.get("Origin", self._origin) != self._origin:
            self._answer(403)
            return
        try:
            length = int(self.headers.get("Content-Length", "0"))
            body = json.loads(self.rfile.read(min(length, BODY_BYTES_MAX)))
            service = body["service"]
        except (ValueError, KeyError, TypeError):
            self._answer(400)
            return
        if not isinstance(service, str):
            self._answer(400)
            return
        self._touch(service)
        self._answer(204)

    def do_OPTIONS(self) -> None:
        """A page asks whether it may touch."""
        self._answer(204)

    def _stream(self, stream: object) -> None:
        self._head(200, "text/event-stream; charset=utf-8")
        seen = 0
        while True:
            with self._screen.changed:
                if self._screen.version == seen and stream in self._screen.streams:
                    self._screen.changed.wait(BEAT_S)
                if stream not in self._screen.streams:
                    return
                fresh = self._screen.version != seen
                seen, text = self._screen.version, self._screen.text
            self.wfile.write(f"data: {text}\n\n".encode() if fresh else b":\n\n")
            self.wfile.flush()

    def _answer(self, code: int) -> None:
        self._head(code, "")

    def _head(self, code: int, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Access-Control-Allow-Origin", self._origin)
        self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.send_header("Cache-Control", "no-store")
        if content_type:
            self.send_header("Content-Type", content_type)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Not logged: there is a touch for every visitor."""
