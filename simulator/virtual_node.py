"""A node in virtual time: the real firmware, its flash, its pins, and the loop around it.

The shell's contract is the one of `firmware.shell.node`. Each boot has its own origin of ticks,
often shortly before they wrap. A node that loses its supply says nothing to anybody: the broker
finds out by the keepalive or when the node is back.
"""

import random
from collections.abc import Callable

from firmware.logic.registry import make_logic
from firmware.shell.node import Node
from gateway.config import Node as NodeConfig
from protocols.ticks import TICKS_MASK, TICKS_PERIOD, ticks_diff
from simulator.network import Link, Network
from simulator.virtual_devices import (
    Device,
    Effect,
    FaceDevice,
    LampDevice,
    PadDevice,
    SignDevice,
    VoiceDevice,
    WallDevice,
)
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

FIRMWARE = "0.1.0"
# Ticks of a boot start this much before they wrap, at most.
NEVER_MS = 1 << 62
WRAP_WITHIN_MS = 8 * 3_600_000
_LIVE_QOS_0 = 0x30
_ONLINE = b'"state":"online"'

# Tests plant bugs by handing in another way to make the node.
MakeNode = Callable[..., Node]


def make_device(
    kind: str, timeline: Timeline, tell: Callable[[Effect], None], rng: random.Random
) -> Device:
    """The parts of one kind of node."""
    if kind == "pad":
        return PadDevice(timeline, tell, rng)
    if kind == "rating":
        return FaceDevice(timeline, tell, rng)
    if kind == "sign":
        return SignDevice(timeline, tell)
    if kind == "lamp":
        return LampDevice(timeline, tell)
    if kind == "wall":
        return WallDevice(timeline, tell)
    if kind == "voice":
        return VoiceDevice(timeline, tell)
    return KioskDevice(timeline, tell)


class VirtualNode:
    """One node over all its boots."""

    def __init__(
        self,
        hall: str,
        config: NodeConfig,
        timeline: Timeline,
        network: Network,
        trace: Trace,
        rng: random.Random,
        make_node: MakeNode = Node,
    ) -> None:
        self.name = config.id
        self.config = config
        self.running = False
        self.boot = 0
        self.flash: dict[str, bytes] = {}
        self.device = make_device(config.kind, timeline, self._tell, rng)
        self.linked_ms = 0  # when the link last came up
        self.beat_ms = 0  # when a live beat last reached it
        self._beat = b""
        self._beat_head = b""
        self.on_packet: Callable[[str, bytes], None] | None = None
        self._hall = hall
        self._timeline = timeline
        self._network = network
        self._trace = trace
        self._rng = rng
        self._make_node = make_node
        self._link: Link | None = None
        self._dialling = False
        self._wake_ms: int | None = None
        self._link_up = False
        self._busy = False
        self._seen = ""

    # ---- power ----

    def power_on(self) -> None:
        """Boot."""
        self.boot += 1
        self.running = True
        self._origin = TICKS_PERIOD - self._rng.randrange(WRAP_WITHIN_MS) - self._timeline.now_ms
        self._link = None
        self._dialling = False
        self._wake_ms = None
        self._link_up = False
        self._beat = b""
        self.beat_ms = self._timeline.now_ms
        config = self.config
        self.node = self._make_node(
            self._hall,
            config.id,
            config.kind,
            config.board,
            FIRMWARE,
            self.boot,
            make_logic(config.kind),
            self._jitter,
        )
        now = self._ticks()
        self.node.input(now, ("restore", dict(self.flash)))
        for event in self.device.power_on():
            self.node.input(now, event)
        self.node.input(now, ("start",))
        self._after()

    def power_off(self) -> None:
        """The supply is gone."""
        self.running = False
        self._link_up = False
        self._network.abandon(self.name)
        self.device.power_off()
        self._note_seen()

    # ---- the network's end ----

    def link_opened(self, link: Link) -> None:
        self._dialling = False
        if not self.running:
            self._network.close(link)
            return
        self._link = link
        self.node.connection_made(self._ticks())
        self._after()

    def link_refused(self) -> None:
        self._dialling = False
        if self.running:
            self.node.connection_refused(self._ticks())
            self._after()

    def link_data(self, link: Link, data: bytes) -> None:
        if not self.running or link is not self._link:
            return
        if data[0] == _LIVE_QOS_0:
            if self._beat and data.startswith(self._beat_head, 2):
                self.beat_ms = self._timeline.now_ms
                self._beat = data
                return
            self._take_beat()
            self.beat_ms = self._timeline.now_ms
            if self.node.lease_fresh and _ONLINE in data:
                self._beat_head = data[2 : data.index(b'"at_ms"')]
                self._beat = data
                return
        else:
            self._take_beat()
            if self.on_packet is not None:
                self.on_packet(self.name, data)
        self.node.receive(self._ticks(), data)
        self._after()

    def _take_beat(self) -> None:
        """Tell the node the beat that was put off, with its true time.

        On a fresh lease a beat only moves deadlines back, and of several from the same connection
        of the gateway only the last counts; so it is told just before anything else happens to the
        node, which makes no difference to it. Nine of ten packets of a day are beats.
        """
        if self._beat:
            data, self._beat = self._beat, b""
            self.node.receive((self.beat_ms + self._origin) & TICKS_MASK, data)

    def link_closed(self, link: Link) -> None:
        if self.running and link is self._link:
            self._link = None
            self._take_beat()
            self.node.connection_lost(self._ticks())
            self._after()

    # ---- the loop ----

    def _tell(self, event: Effect) -> None:
        """An event of the device."""
        if not self.running:
            return
        self._take_beat()
        self.node.input(self._ticks(), event)
        if not self._busy:
            self._after()

    def _after(self) -> None:
        """What a shell does after every call into a node."""
        node = self.node
        self._busy = True
        while True:
            effects = node.take_effects()
            for effect in effects:
                if effect[0] == "store":
                    self.flash[effect[1]] = effect[2]
                else:
                    self.device.apply(effect)
            if effects:
                self._note_seen()
                continue
            data = node.take_output()
            if data and self._link is not None:
                self._network.send(self._link, data)
            if node.wants_close:
                link, self._link = self._link, None
                self._trace.note(
                    self._timeline.now_ms, self.name, f"disconnects: {node.close_reason}"
                )
                if link is not None:
                    self._network.close(link)
                node.connection_lost(self._ticks())
                continue
            break
        self._busy = False
        if node.link_up and not self._link_up:
            self.linked_ms = self._timeline.now_ms
        self._link_up = node.link_up
        if node.wants_connection and not self._dialling:
            self._dialling = True
            node.wants_connection = False
            self._network.connect(self)
        if self._plan_wake() <= self._timeline.now_ms:
            self._wake_ms = self._timeline.now_ms
            self._timeline.after(0, self._wake, self.boot, self._wake_ms)

    def _plan_wake(self) -> int:
        """When the node wants to be woken next, in virtual time; it will be, unless that is now."""
        now_ms = self._timeline.now_ms
        tick = self.node.wake_at()
        if tick is None:
            return NEVER_MS
        wake_ms = now_ms + max(0, ticks_diff(tick, self._ticks()))
        if wake_ms > now_ms and (self._wake_ms is None or wake_ms < self._wake_ms):
            self._wake_ms = wake_ms
            self._timeline.at(wake_ms, self._wake, self.boot, wake_ms)
        return wake_ms

    def _wake(self, boot: int, planned_ms: int) -> None:
        if not self.running or boot != self.boot or planned_ms != self._wake_ms:
            return
        self._wake_ms = None
        if self._plan_wake() > self._timeline.now_ms:
            return
        if self._beat:
            self._take_beat()
            if self._plan_wake() > self._timeline.now_ms:
                return
        self.node.wake(self._ticks())
        self._after()

    # ---- helpers ----

    @property
    def link_up(self) -> bool:
        """Connected and subscribed, over a cable that is in."""
        return self.running and self._link_up and not self._network.is_pulled(self.name)

    def _ticks(self) -> int:
        return (self._timeline.now_ms + self._origin) & TICKS_MASK

    def _jitter(self, limit: int) -> int:
        return self._rng.randrange(limit) if limit > 0 else 0

    def _note_seen(self) -> None:
        seen = self.device.seen()
        if seen != self._seen:
            self._seen = seen
            self._trace.note(self._timeline.now_ms, self.name, f"shows {seen}")
