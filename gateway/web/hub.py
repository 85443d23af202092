"""The live stream: the newest picture of the hall, encoded once for all who watch.

Rules: every frame is the whole hall, so a client that missed any number of them is right again
after the next; at most ten frames a second for everybody, and only the newest for a slow client;
between frames a beat each five seconds, a comment for proxies and an event for pages, which tell
from its absence that what they show is old.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

from gateway.core.json import JsonObject
from gateway.process import Process

FRAME_SECONDS_MIN = 0.1
BEAT_SECONDS = 5.0
FRESH_SECONDS = 0.5


def event_bytes(name: str, data: bytes, event_id: int | None = None) -> bytes:
    """One server-sent event; `data` must be a single line."""
    head = b"" if event_id is None else b"id: %d\n" % event_id
    return head + b"event: %s\ndata: %s\n\n" % (name.encode(), data)


def json_bytes(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Hub:
    """Pictures of the hall for streams and pages. `run` it as long as the application lives."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._changed = asyncio.Event()
        self._next = asyncio.Event()
        self._frame = b""
        self._hall = b""
        self._made_at = float("-inf")
        self.version = 0
        self.clients = 0
        self.page_clients = 0  # of ticket pages
        self.closed = False
        self.on_close: list[Callable[[], None]] = []
        process.on_change.append(self._changed.set)

    async def run(self) -> None:
        """Make a new frame after each change, but no more than ten a second."""
        while True:
            await self._changed.wait()
            if self.closed:
                return
            self._changed.clear()
            self._make()
            self.version += 1
            self._wake_all()
            await asyncio.sleep(FRAME_SECONDS_MIN)

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self.closed = True
        self._changed.set()
        self._wake_all()
        for tell in self.on_close:
            tell()

    def hall(self) -> bytes:
        """The picture of now as JSON."""
        self._refresh()
        return self._hall

    def frame(self) -> bytes:
        """The picture of now as an event whose id is the journal sequence."""
        self._refresh()
        return self._frame

    async def wait_after(self, version: int, seconds: float) -> bool:
        """Wait for a newer frame, at most that long; whether there is one."""
        if self.version == version and not self.closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._next.wait()
        return self.version != version

    async def stream(self) -> AsyncIterator[bytes]:
        """Frames for one client until it goes or the hub closes."""
        self.clients += 1
        try:
            # Before the yield: what changes while this client reads must be sent to it next.
            seen = self.version
            yield b"retry: 1000\n\n" + self.frame()
            while True:
                newer = await self.wait_after(seen, BEAT_SECONDS)
                if self.closed:
                    return
                seen = self.version
                yield self._frame if newer else self._beat()
        finally:
            self.clients -= 1

    def _beat(self) -> bytes:
        engine = self._process.engine
        body: JsonObject = {"seq": engine.seq, "at_ms": self._process.hall_ms()}
        return b": beat\n" + event_bytes("beat", json_bytes(body))

    def _refresh(self) -> None:
        # A page that asks must see its own change, and a clock that is nearly right.
        if self._changed.is_set() or time.monotonic() - self._made_at > FRESH_SECONDS:
            self._make()

    def _make(self) -> None:
        self._hall = json_bytes(self._process.hall_view())
        self._frame = event_bytes("hall", self._hall, self._process.engine.seq)
        self._made_at = time.monotonic()

    def _wake_all(self) -> None:
        waiting, self._next = self._next, asyncio.Event()
        waiting.set()
