"""The gateway's standing line to the broker: connects, watches, reconnects, hands over to asyncio.

Rules:
- everything the caller sees happens in the event loop, in the order the broker said it;
- what waits for the loop is bounded; beyond that the connection is cut: nodes keep every report
  until the gateway's own acknowledgement, so nothing is lost and memory is;
- never publishes while down: after each connect the engine says everything anew;
- PUBACKs are tagged with the connection they belong to; those of an older one are dropped;
- reconnects after 1 to 5 s, with jitter; a watchdog replaces a connection that is dead or mute.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from gateway.broker.session import (
    BrokerAddress,
    Connection,
    Down,
    Happening,
    MakeSession,
    Receipt,
    Received,
    Session,
    Up,
)
from gateway.core.effects import Publish

KEEPALIVE_S = 10
DELAY_MIN_S = 1.0
DELAY_MAX_S = 5.0
WAITING_MAX = 5000
FAREWELL_S = 1.0

_log = structlog.get_logger("hallkit.broker")


@dataclass(frozen=True, slots=True)
class LinkCallbacks:
    """What the owner of the line is told, in the event loop; none of them may raise."""

    up: Callable[[], None]
    down: Callable[[], None]
    message: Callable[[Received], None]


@dataclass(slots=True)
class LinkCounters:
    """For the metrics page."""

    connections: int = 0
    watchdog_rebuilds: int = 0
    overflows: int = 0
    stale_acknowledgements: int = 0
    unsent_publications: int = 0


class BrokerLink:
    """`will(n)` gives the will of the n-th attempt to connect, counted from 1.

    Every attempt has a number of its own: one that the broker accepted and that broke before it
    was up leaves its will behind, and who heard that believes in no gateway of that number.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        topic_filter: str,
        will: Callable[[int], Publish],
        callbacks: LinkCallbacks,
        keepalive_s: int = KEEPALIVE_S,
        delay_min_s: float = DELAY_MIN_S,
        waiting_max: int = WAITING_MAX,
        make_session: MakeSession = Session,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.address = address
        self.problem = "not connected yet"
        self.counters = LinkCounters()
        self._client_id, self._filter = client_id, topic_filter
        self._will, self._callbacks = will, callbacks
        self._keepalive_s, self._delay_min_s = keepalive_s, delay_min_s
        self._waiting_max = waiting_max
        self._make_session, self._uniform = make_session, uniform
        self._waiting: deque[Happening] = deque()
        self._wake_is_due = False
        self._generation = 0
        self._session: Connection | None = None
        self._is_up = False
        self._was_up = False
        self._over = asyncio.Event()
        self._closing = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connected(self) -> bool:
        """The connection is up and subscribed."""
        return self._is_up

    @property
    def connection(self) -> int:
        """The number of the connection that is up, or of the latest attempt."""
        return self._generation

    def publish(self, message: Publish) -> bool:
        """Send it now, or not at all when the line is down; returns whether it was sent."""
        if not self._is_up or self._session is None:
            self.counters.unsent_publications += 1
            return False
        self._session.publish(message)
        return True

    def acknowledge(self, receipts: Iterable[Receipt]) -> None:
        """PUBACK these messages, in the order given, which must be that of their receipt."""
        for receipt in receipts:
            if self._session is None or receipt.generation != self._session.generation:
                self.counters.stale_acknowledgements += 1
            else:
                self._session.acknowledge(receipt.packet_id)

    async def run(self) -> None:
        """Keep the line up until `close`."""
        self._loop = asyncio.get_running_loop()
        delay_s = self._delay_min_s
        while not self._closing.is_set():
            self._was_up = False
            await self._hold_one_connection()
            if self._closing.is_set():
                break
            delay_s = self._delay_min_s if self._was_up else min(delay_s * 2, DELAY_MAX_S)
            # The jitter keeps many clients of one broker from coming back in the same moment.
            await self._wait_for(self._closing, delay_s * self._uniform(0.75, 1.25))

    async def close(self, farewell: Publish | None = None) -> None:
        """Send the last word if there is one, disconnect cleanly, and let `run` end."""
        session = self._session
        if session is not None and self._is_up:
            if farewell is not None:
                info = session.publish(farewell)
                await asyncio.to_thread(info.wait_for_publish, FAREWELL_S)
            await asyncio.to_thread(session.disconnect)
        self._is_up = False
        self._closing.set()
        self._over.set()

    async def _hold_one_connection(self) -> None:
        self._generation += 1
        self._over.clear()
        session = self._make_session(
            self._generation,
            self.address,
            self._client_id,
            self._filter,
            self._will(self._generation),
            self._keepalive_s,
            self._sink,
        )
        self._session = session
        try:
            await asyncio.to_thread(session.connect)
        except (OSError, ValueError) as error:
            self._end(
                session, f"{error.strerror or error}" if isinstance(error, OSError) else str(error)
            )
            return
        while not self._over.is_set() and not self._closing.is_set():
            await self._wait_for(self._over, self._keepalive_s / 2)
            complaint = session.complaint()
            if complaint and not self._over.is_set() and not self._closing.is_set():
                self.counters.watchdog_rebuilds += 1
                self._end(session, complaint)
        session.abandon()

    async def _wait_for(self, event: asyncio.Event, timeout_s: float) -> None:
        # Not wait_for: that of Python 3.11 can lose a cancellation.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()

    def _end(self, session: Connection, reason: str) -> None:
        """The connection is over: tell the owner once, whoever noticed it."""
        if session is not self._session:
            return
        session.abandon()
        self._session = None
        was_up, self._is_up = self._is_up, False
        if reason != self.problem:
            _log.warning(
                "broker_down", address=str(self.address), reason=reason, what_to_do=_advice(reason)
            )
        self.problem = reason
        self._over.set()
        if was_up:
            self._callbacks.down()

    # ---- the hand-over: `_sink` in the network thread, `_drain` in the event loop ----

    def _sink(self, happening: Happening) -> None:
        if len(self._waiting) >= self._waiting_max and isinstance(happening, Received):
            self.counters.overflows += 1
            raise OverflowError(f"{self._waiting_max} messages wait for the gateway")
        self._waiting.append(happening)
        if not self._wake_is_due:
            self._wake_is_due = True
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        # Before emptying: what comes in while it empties must ask for another round.
        self._wake_is_due = False
        while self._waiting:
            happening = self._waiting.popleft()
            session = self._session
            if session is None or happening.generation != session.generation:
                continue
            match happening:
                case Up():
                    self._is_up = self._was_up = True
                    self.counters.connections += 1
                    self.problem = ""
                    _log.info("broker_up", address=str(self.address), connection=self.connection)
                    self._callbacks.up()
                case Down():
                    self._end(session, happening.reason)
                case Received():
                    self._callbacks.message(happening)


def _advice(reason: str) -> str:
    if "Not authorized" in reason or "user name" in reason:
        return "check --user and --password-file against the broker's password file"
    return "see that the broker runs at this address (--broker); trying again by itself"
