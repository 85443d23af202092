"""The live stream of the lines nodes tell the technician.

Rules: a client hears every line after the number it names (its Last-Event-ID when it comes back),
as far as they are kept; lines wait PAUSE_SECONDS for company, so that a node that says much does
not keep the gateway busy; a beat, as on the stream of the hall, when there is nothing to say.
"""

import asyncio
from collections.abc import AsyncIterator

from gateway.core.json import JsonObject
from gateway.core.lines import Line
from gateway.process import Process
from gateway.web.hub import BEAT_SECONDS, Hub, event_bytes, json_bytes

PAUSE_SECONDS = 0.2


def line_view(line: Line) -> JsonObject:
    """One line as plain JSON."""
    return {
        "n": line.n,
        "node": line.node,
        "at_ms": line.at_ms,
        "level": line.level,
        "text": line.text,
    }


class LineHub:
    """Lines for streams; ends with the hub of the hall."""

    def __init__(self, process: Process, hub: Hub) -> None:
        self._process = process
        self._hub = hub
        self._next = asyncio.Event()
        self.clients = 0
        process.on_line.append(self._wake)
        hub.on_close.append(self._wake)

    def _wake(self) -> None:
        waiting, self._next = self._next, asyncio.Event()
        waiting.set()

    async def stream(self, after: int, node: str | None) -> AsyncIterator[bytes]:
        """Lines after number `after`, of one node or of all, until the client goes."""
        lines = self._process.engine.service.lines
        self.clients += 1
        try:
            yield b"retry: 1000\n\n"
            while not self._hub.closed:
                coming = self._next
                if found := lines.after(after, node):
                    after = found[-1].n
                    yield b"".join(
                        event_bytes("line", json_bytes(line_view(line)), line.n) for line in found
                    )
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                try:
                    async with asyncio.timeout(BEAT_SECONDS):
                        await coming.wait()
                except TimeoutError:
                    yield b": beat\n" + event_bytes("beat", b"{}")
        finally:
            self.clients -= 1
