"""A TCP proxy that treats its connections as bad cables and worse switches do.

What a line may do to bytes without breaking TCP's word: late, in pieces, one way only, not at all,
and cut in the middle of a packet. Rules: no byte is changed, repeated or reordered; what was late
comes once the fault is over; one fault at a time, for a share of the connections.
"""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass

UP, DOWN = "up", "down"
CHUNK = 65_536
LOOK_S = 0.02

LATE, TRICKLE, STALL_UP, STALL_DOWN, STALL, CUT, RESET, REFUSE, SILENT = FAULTS = (
    "late",  # everything by a while
    "trickle",  # a few bytes at a time
    "stall up",  # nothing gets from the node to the broker
    "stall down",  # nothing gets from the broker to the node
    "stall",  # neither
    "cut",  # hung up after so many bytes more, in the middle of a packet
    "reset",  # all connections broken at once
    "refuse",  # reset, and nobody can connect
    "silent",  # reset, and who connects is taken and hears nothing
)
LATE_S = (0.05, 0.8)
CUT_BYTES = (1, 400)


@dataclass(frozen=True, slots=True)
class Fault:
    """`share`: of the connections it hits."""

    kind: str
    share: float


class FaultProxy:
    """Passes what comes at `address` on to `target` on this machine."""

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        self.address = ("", 0)
        self.bytes_passed = 0
        self._target = target
        self._rng = random.Random(seed)
        self._fault: Fault | None = None
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()

    async def start(self, host: str) -> None:
        """Listen on a free port of `host`."""
        self._server = await asyncio.start_server(self._serve, host, 0)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Break all connections and listen no more."""
        assert self._server is not None, "it was started"
        self._server.close()
        self._reset_all()
        await asyncio.gather(*(pair.ended.wait() for pair in list(self._pairs)))

    def begin(self, fault: Fault) -> None:
        """From now on, until `heal`."""
        self._fault = fault
        for pair in list(self._pairs):
            self._harm(pair, fault)

    def heal(self) -> None:
        """The line is good again; those that were broken or ignored must dial anew."""
        if self._fault is not None and self._fault.kind == SILENT:
            self._reset_all()
        self._fault = None
        for pair in self._pairs:
            pair.fault = ""

    def _harm(self, pair: "_Pair", fault: Fault) -> None:
        if fault.kind in (RESET, REFUSE, SILENT):
            pair.reset()
        elif self._rng.random() < fault.share:
            pair.left_bytes = self._rng.randint(*CUT_BYTES)
            pair.fault = fault.kind

    def _reset_all(self) -> None:
        for pair in list(self._pairs):
            pair.reset()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._fault
        pair = _Pair(self, self._rng, writer)
        self._pairs.add(pair)
        try:
            if fault is not None and fault.kind == REFUSE:
                return
            if fault is not None and fault.kind == SILENT:
                await pair.ended.wait()
                return
            with contextlib.suppress(OSError):
                await pair.run(reader, *await asyncio.open_connection(*self._target))
        finally:
            pair.reset()
            self._pairs.discard(pair)


class _Pair:
    """One connection of a node and the one to the broker that belongs to it."""

    def __init__(self, proxy: FaultProxy, rng: random.Random, node: asyncio.StreamWriter) -> None:
        self.fault = ""
        self.left_bytes = 0
        self.ended = asyncio.Event()
        self._proxy, self._rng = proxy, rng
        self._writers = [node]

    async def run(
        self, node: asyncio.StreamReader, broker: asyncio.StreamReader, to: asyncio.StreamWriter
    ) -> None:
        self._writers.append(to)
        if self.ended.is_set():
            to.transport.abort()
            return
        ways = [
            asyncio.create_task(self._pass(UP, node, to)),
            asyncio.create_task(self._pass(DOWN, broker, self._writers[0])),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self.reset()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    def reset(self) -> None:
        """Break it, so that both sides hear of it at once."""
        for writer in self._writers:
            raw = writer.transport.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                # No lingering: what is under way is lost, as with a switch that died.
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self.ended.set()

    async def _pass(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(CHUNK):
            while data:
                await self._wait(way)
                count = len(data)
                if self.fault == TRICKLE:
                    count = min(count, self._rng.randint(1, 7))
                elif self.fault == CUT:
                    count = min(count, self.left_bytes)
                    self.left_bytes -= count
                writer.write(data[:count])
                await writer.drain()
                self._proxy.bytes_passed += count
                data = data[count:]
                if self.fault == CUT and self.left_bytes <= 0:
                    return

    async def _wait(self, way: str) -> None:
        if self.fault == LATE:
            await asyncio.sleep(self._rng.uniform(*LATE_S))
        elif self.fault == TRICKLE:
            await asyncio.sleep(LOOK_S)
        while self.fault in (STALL, f"{STALL} {way}"):  # noqa: ASYNC110  # either of two may end it
            await asyncio.sleep(LOOK_S)
