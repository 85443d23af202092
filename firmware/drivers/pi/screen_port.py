"""The screen of a node: a browser on the same board, which talks HTTP to it; loopback only.

    GET  /              the page; its other files beside it (`screen_page`)
    GET  /screen        server-sent events: the whole picture as JSON now and at every change, and
                        an event `beat` every BEAT_MS
    POST /touch         {"service": "filing"}: a finger on a button of the kiosk; 204
    POST /alive         {"build": "..."}: the page has drawn a frame; 204
    GET  /alive         {"silent_ms": ...} since the page last said so, null before the first time

Rules:
- beats are made by the node's loop, so that a loop that hangs is silent and the page says so;
- a touch that the loop gets to only after TOUCH_AGE_MS_MAX is dropped: its person has gone;
- a page that is not heard for PAGE_SILENT_MS is told in the log, and so is its return. Whoever
  keeps the browser (`firmware.shell.screen_pi`) asks /alive and starts it again;
- only requests to this machine's own names, and only touches of our own page.
Requests come in threads of their own and are handed to the loop.
"""

import contextlib
import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop, Timer
from firmware.drivers.pi.screen_page import HEADERS, Pages, load_pages
from firmware.logic import events
from protocols.ticks import ticks_diff

HOST = "127.0.0.1"
BODY_BYTES_MAX = 200
STREAMS_MAX = 4
BEAT_MS = 1000
TOUCH_AGE_MS_MAX = 2000
PAGE_SILENT_MS = 30_000
REQUEST_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


def kiosk_picture(effect: Event) -> dict[str, object] | None:
    """What the kiosk's page needs of an effect, None when it is none of the screen's."""
    if effect[0] != events.SCREEN:
        return None
    _, mode, detail, paper = effect
    return {"mode": mode, "detail": detail, "paper": paper}


def wall_picture(effect: Event) -> dict[str, object] | None:
    """The same for a wall: rows of (number, window, new), the whole notice."""
    if effect[0] != events.ROWS:
        return None
    _, mode, rows, _, waiting, notice = effect
    assert isinstance(rows, tuple)
    calls = [(number, window, new) for number, window, _, new in rows]
    return {"mode": mode, "rows": calls, "waiting": waiting, "notice": notice}


# Kind of node -> its page, how an effect becomes its picture, and the effect it begins with.
PAGES: dict[str, tuple[str, Callable[[Event], dict[str, object] | None], Event]] = {
    "ticket": ("kiosk.html", kiosk_picture, (events.SCREEN, "offline", (), "unknown")),
    "wall": ("wall.html", wall_picture, (events.ROWS, events.STALE, (), "", 0, "")),
}


class _Shared:
    """What the threads of the requests see; everything under `changed`."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.text = ""
        self.version = 0  # grows with every change of the text
        self.beat = 0
        self.streams: list[object] = []
        self.page_heard_ms: int | None = None

    def show(self, text: str) -> None:
        with self.changed:
            if text != self.text:
                self.text = text
                self.version += 1
                self.changed.notify_all()

    def tick(self) -> None:
        with self.changed:
            self.beat += 1
            self.changed.notify_all()


class ScreenPort(Driver):
    """Pictures in; ("touch", service) out.

    `kind` is a key of PAGES; `port` 0 takes a free one; `title` is the hall's name (zh, en).
    """

    def __init__(
        self, loop: Loop, post: Post, kind: str, port: int, title: tuple[str, str]
    ) -> None:
        self._loop, self._post = loop, post
        first, self._picture_of, beginning = PAGES[kind]
        self._title = title
        self._pages = load_pages(first)
        self._shared = _Shared()
        self._page_silent = False
        self._timer: Timer | None = None
        self.apply(beginning)

        handler = partial(_Handler, self)
        self._server = ThreadingHTTPServer((HOST, port), handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="screen", daemon=True
        )

    def start(self) -> None:
        """Answer from now on."""
        log.info("screen: http://%s:%d", HOST, self.port)
        self._started_ms = self._loop.now_ms()
        self._thread.start()
        self._tick()

    def stop(self) -> None:
        """End all streams."""
        if self._timer is not None:
            self._timer.cancel()
        with self._shared.changed:
            self._shared.streams.clear()
            self._shared.changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def apply(self, effect: Event) -> None:
        """Show."""
        picture = self._picture_of(effect)
        if picture is not None:
            self._show(picture)

    def _show(self, picture: dict[str, object]) -> None:
        title = {"zh": self._title[0], "en": self._title[1]}
        whole = {"build": self._pages.build, "title": title, "screen": picture}
        self._shared.show(json.dumps(whole, ensure_ascii=False, separators=(",", ":")))

    def _tick(self) -> None:
        self._shared.tick()
        self._look_after_page()
        self._timer = self._loop.later(BEAT_MS, self._tick)

    def _look_after_page(self) -> None:
        heard_ms = self._shared.page_heard_ms
        silent_ms = self._loop.now_ms() - (self._started_ms if heard_ms is None else heard_ms)
        silent = silent_ms >= PAGE_SILENT_MS
        if silent and not self._page_silent:
            log.warning("screen: the page has not been heard for %d s", silent_ms // 1000)
        elif self._page_silent and not silent:
            log.info("screen: the page is back")
        self._page_silent = silent

    # ---- called by the threads of the requests ----

    @property
    def pages(self) -> Pages:
        """The files."""
        return self._pages

    @property
    def shared(self) -> _Shared:
        """The picture and who looks at it."""
        return self._shared

    def touch(self, service: str) -> None:
        """A finger, now."""
        self._loop.call(partial(self._take_touch, service, self._loop.ticks()))

    def hear_page(self) -> None:
        """The page lives."""
        self._shared.page_heard_ms = self._loop.now_ms()

    def page_silent_ms(self) -> int | None:
        """Since the page was heard; None: never yet."""
        heard_ms = self._shared.page_heard_ms
        return None if heard_ms is None else self._loop.now_ms() - heard_ms

    def _take_touch(self, service: str, at: int) -> None:
        age_ms = ticks_diff(self._loop.ticks(), at)
        if age_ms > TOUCH_AGE_MS_MAX:
            log.warning("screen: a touch of %s came %d ms late and is dropped", service, age_ms)
        else:
            self._post((events.TOUCH, service))


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server_version = "hallkit"
    sys_version = ""
    timeout = REQUEST_TIMEOUT_S

    def __init__(self, port: ScreenPort, *arguments: object) -> None:
        self._port = port
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server gives them

    def do_GET(self) -> None:
        """Pages, and the stream of pictures."""
        if not self._is_for_us():
            self._answer(421)
        elif self.path == "/screen":
            with contextlib.suppress(OSError):  # the browser has gone
                self._stream()
        elif self.path == "/alive":
            silent = json.dumps({"silent_ms": self._port.page_silent_ms()}).encode()
            self._answer(200, "application/json", silent)
        elif self.path in self._port.pages.files:
            self._answer(200, *self._port.pages.files[self.path])
        else:
            self._answer(404)

    def do_POST(self) -> None:
        """A touch, or a sign of life."""
        own = f"http://{self.headers.get('Host', '')}"
        if not self._is_for_us():
            self._answer(421)
        elif self.path not in ("/touch", "/alive"):
            self._answer(404)
        elif self.headers.get("Origin", own) != own:
            self._answer(403)
        elif self.headers.get_content_type() != "application/json":
            self._answer(415)
        else:
            self._take(self._body())

    def _take(self, body: dict[str, object] | None) -> None:
        if body is None:
            self._answer(400)
        elif self.path == "/alive":
            self._port.hear_page()
            self._answer(204)
        elif isinstance(service := body.get("service"), str):
            self._port.touch(service)
            self._answer(204)
        else:
            self._answer(400)

    def _is_for_us(self) -> bool:
        """A name that somebody else's DNS leads to this machine is not ours."""
        port = self._port.port
        return self.headers.get("Host") in (f"{HOST}:{port}", f"localhost:{port}")

    def _body(self) -> dict[str, object] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return None
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, OSError):
            return None
        return body if isinstance(body, dict) else None

    def _stream(self) -> None:
        shared = self._port.shared
        stream = object()
        with shared.changed:
            # The newest browser wins: one that was reloaded is only noticed at its next line.
            shared.streams = [*shared.streams, stream][-STREAMS_MAX:]
            shared.changed.notify_all()
        self._head(200, "text/event-stream; charset=utf-8")
        seen = (-1, -1)
        while True:
            with shared.changed:
                while stream in shared.streams and seen == (shared.version, shared.beat):
                    shared.changed.wait()
                if stream not in shared.streams:
                    return
                fresh = shared.version != seen[0]
                seen, text = (shared.version, shared.beat), shared.text
            self.wfile.write(f"data: {text}\n\n".encode() if fresh else b"event: beat\ndata:\n\n")
            self.wfile.flush()

    def _answer(self, code: int, content_type: str = "", content: bytes = b"") -> None:
        self._head(code, content_type, len(content))
        with contextlib.suppress(OSError):  # the browser has gone
            self.wfile.write(content)

    def _head(self, code: int, content_type: str, length: int | None = None) -> None:
        self.send_response(code)
        for name, value in HEADERS:
            self.send_header(name, value)
        if content_type:
            self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Not logged: there is a touch for every visitor."""
