"""The gateway's connection to the broker in virtual time, in the place of the one over paho.

The contract is that of `gateway.broker.session`: one connection each, clean session, manual
acknowledgement, up only after the SUBACK; what happens goes to `sink`, in order. It does not give
up on a late PUBACK, as paho does not; the keepalive finds a dead peer.
"""

import asyncio
from collections.abc import Callable

from gateway.broker.session import BrokerAddress, Down, Receipt, Received, Sink, Up
from gateway.core.effects import Publish
from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_MASK, ticks_diff
from simulator.link import Link
from simulator.network import Network
from simulator.virtual_loop import VirtualLoop
from simulator.virtual_time import Timeline

SUBSCRIBE_TIMEOUT_MS = 5000
NEVER_MS = 1 << 28


class _Sent:
    """A publication: on its way at once, as far as its sender can tell."""

    def wait_for_publish(self, timeout: float | None = None) -> None:
        """Not waited for: what comes after it is sent after it."""


class VirtualSession:
    """See the module. `may_send(packets)` is asked before anything leaves."""

    def __init__(
        self,
        timeline: Timeline,
        network: Network,
        loop: VirtualLoop,
        may_send: Callable[[], bool],
        generation: int,
        address: BrokerAddress,
        client_id: str,
        topic_filter: str,
        will: Publish,
        keepalive_s: int,
        sink: Sink,
    ) -> None:
        self.generation = generation
        self.name = client_id
        self._timeline = timeline
        self._network = network
        self._loop = loop
        self._may_send = may_send
        self._filter = topic_filter
        self._sink = sink
        self._ended = False
        self._link: Link | None = None
        self._dialled: asyncio.Future[None] | None = None
        self._subscribe_id = 0
        self._wake_ms: int | None = None
        password = None if address.password is None else address.password.encode()
        self._session = ClientSession(
            client_id,
            keepalive_s,
            address.username,
            password,
            (will.topic, will.payload, will.qos, will.retain),
            manual_ack=True,
            max_packet_bytes=1 << 20,
            ack_timeout_ms=NEVER_MS,
        )

    # ---- what the line to the broker calls ----

    def connect(self) -> asyncio.Future[None]:  # the loop waits for it, as for a thread
        """Dial; what it returns is done when the socket is open, or has an OSError."""
        self._dialled = self._loop.create_future()
        self._network.connect(self)
        return self._dialled

    def publish(self, message: Publish) -> _Sent:
        """Send it; nothing when the connection is over."""
        if self._session.connected and self._may_send():
            self._session.publish(
                self._ticks(), message.topic, message.payload, message.qos, message.retain
            )
            self._send()
        return _Sent()

    def acknowledge(self, packet_id: int) -> None:
        """PUBACK a message of this connection."""
        if self._session.connected and self._may_send():
            self._session.acknowledge(self._ticks(), packet_id)
            self._send()

    def complaint(self) -> str:
        """It finds out by itself that the broker is silent."""
        return ""

    def disconnect(self) -> None:
        """Say DISCONNECT: for a clean stop."""
        if self._session.connected and self._may_send():
            self._session.disconnect(self._ticks())
            self._send()
        self.abandon()

    def abandon(self) -> None:
        """Cut the socket without a word."""
        self._ended = True
        link, self._link = self._link, None
        if link is not None:
            self._network.close(link)

    # ---- the network's end ----

    def link_opened(self, link: Link) -> None:
        if self._ended or not self._loop.alive:
            self._network.close(link)
            return
        self._link = link
        self._settle_dial(None)
        self._session.connection_made(self._ticks())
        self._pump()

    def link_refused(self) -> None:
        self._settle_dial(ConnectionRefusedError(111, "Connection refused"))

    def link_data(self, link: Link, data: bytes) -> None:
        if link is self._link and self._loop.alive:
            self._session.receive(self._ticks(), data)
            self._pump()

    def link_closed(self, link: Link) -> None:
        if link is self._link and self._loop.alive:
            self._session.connection_lost(self._ticks())
            self._pump()

    # ---- inside ----

    def _settle_dial(self, error: OSError | None) -> None:
        dialled = self._dialled
        if dialled is None or dialled.done() or not self._loop.alive:
            return
        if error is None:
            dialled.set_result(None)
        else:
            dialled.set_exception(error)

    def _pump(self) -> None:
        """Tell the line what happened, and carry this session's bytes to the network."""
        for event in self._session.take_events():
            kind = event[0]
            if kind == "message":
                _, topic, payload, qos, kept, _, packet_id = event
                receipt = Receipt(self.generation, packet_id) if qos else None
                self._tell(Received(self.generation, topic, payload, receipt, kept))
            elif kind == "connected":
                self._subscribe_id = self._session.subscribe(self._ticks(), [(self._filter, 1)])
                self._timeline.after(SUBSCRIBE_TIMEOUT_MS, self._check_subscribed)
            elif kind == "subscribed":
                self._subscribe_id = 0
                self._tell(Up(self.generation))
            elif kind == "closed":
                self._tell(Down(self.generation, f"the connection broke: {event[1]}"))
                return
        self._send()
        self._plan_wake()

    def _tell(self, happening: Up | Down | Received) -> None:
        if not self._ended:
            self._ended = isinstance(happening, Down)
            self._sink(happening)

    def _check_subscribed(self) -> None:
        if self._subscribe_id and not self._ended and self._loop.alive:
            self._tell(Down(self.generation, "no SUBACK"))

    def _send(self) -> None:
        data = self._session.take_output()
        if data and self._link is not None:
            self._network.send(self._link, data)

    def _plan_wake(self) -> None:
        tick = self._session.wake_at()
        if tick is None:
            return
        wake_ms = self._timeline.now_ms + max(0, ticks_diff(tick, self._ticks()))
        if self._wake_ms is None or wake_ms < self._wake_ms:
            self._wake_ms = wake_ms
            self._timeline.at(wake_ms, self._wake, wake_ms)

    def _wake(self, wake_ms: int) -> None:
        if wake_ms == self._wake_ms and self._loop.alive and self._link is not None:
            self._wake_ms = None
            self._session.wake(self._ticks())
            self._pump()

    def _ticks(self) -> int:
        return self._timeline.now_ms & TICKS_MASK
