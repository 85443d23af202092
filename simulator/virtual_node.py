"""A node in virtual time: the real firmware, its flash, its pins, and the loop around it.

The shell's contract is the one of `firmware.shell.node`. Each boot has its own origin of ticks,
often shortly before they wrap. A node that loses its supply says nothing to anybody: the broker
finds out by the keepalive or when the node is back. It may lose it in the middle of a write.

Beats wait on the link: on a fresh lease a beat only moves deadlines back, so it is told just before
anything else happens to the node, with the time at which it came, which makes no difference to it
(but for the order of what happens to different nodes within one millisecond).
"""

import random
from collections.abc import Callable

from firmware.logic.registry import make_logic
from firmware.shell.node import Node
from gateway.config import Node as NodeConfig
from protocols.ticks import TICKS_MASK, TICKS_PERIOD, ticks_diff
from simulator.link import Link
from simulator.network import Network
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
from simulator.virtual_flash import PowerCutError, VirtualFlash
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

# Ticks of a boot start this much before they wrap, at most.
NEVER_MS = 1 << 62
WRAP_WITHIN_MS = 8 * 3_600_000
_LIVE_QOS_0 = 0x30
_ONLINE = b'"state":"online"'
# What a boot in the midst of which the power failed waits for the next one.
CUT_IN_BOOT_MS = 500


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
        boot_floor: int,
    ) -> None:
        self.name = config.id
        self.config = config
        self.running = False
        self.boots = 0
        self.firmware = "0.1.0"
        self.password = config.id.encode()
        self.flash = VirtualFlash(rng)
        self.back_ms = CUT_IN_BOOT_MS  # after a cut in the middle of a write
        self.device = make_device(config.kind, timeline, self._tell, rng)
        self.linked_ms = 0  # when the link last came up
        self.told_ms = 0  # when a live beat last reached it, of those it was told
        self.on_packet: Callable[[str, bytes], None] | None = None
        self.on_start: Callable[[str], None] | None = None
        self._hall = hall
        self._timeline = timeline
        self._network = network
        self._trace = trace
        self._rng = rng
        self._boot_floor = boot_floor
        self._link: Link | None = None
        self._dialling = False
        self._wake_ms: int | None = None
        self._link_up = False
        self._busy = False
        self._seen = ""

    # ---- power ----

    def power_on(self) -> None:
        """Boot, unless it runs already."""
        if self.running:
            return
        self.boots += 1
        self.running = True
        if self.on_start is not None:
            self.on_start(self.name)
        self._origin = TICKS_PERIOD - self._rng.randrange(WRAP_WITHIN_MS) - self._timeline.now_ms
        self._link = None
        self._dialling = False
        self._wake_ms = None
        self._link_up = False
        self.told_ms = self._timeline.now_ms
        config = self.config
        try:
            boot = self.flash.start(self._boot_floor)
        except PowerCutError:
            self._lose_power()
            return
        self.node = Node(
            self._hall,
            config.id,
            config.kind,
            config.board,
            self.firmware,
            boot,
            make_logic(config.kind),
            self._jitter,
            password=self.password,
        )
        now = self._ticks()
        self.node.input(now, ("restore", self.flash.kept()))
        for event in self.device.power_on():
            self.node.input(now, event)
        self.node.input(now, ("start",))
        self._after()

    def power_off(self) -> None:
        """The supply is gone."""
        self._settle_beats()
        self.running = False
        self._link_up = False
        self._link = None
        self.flash.power_off()
        self._network.abandon(self.name)
        self.device.power_off()
        self._note_seen()

    def _lose_power(self) -> None:
        """It was cut off in the middle of a write, and comes back."""
        self._trace.note(self._timeline.now_ms, self.name, "loses power in a write")
        self.power_off()
        self._timeline.after(self.back_ms, self.power_on)

    def replace_board(self, boot_floor: int) -> None:
        """A new board under the same name: its flash is empty, it was made ready later."""
        self.power_off()
        self.flash = VirtualFlash(self._rng)
        self._boot_floor = boot_floor

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
        self._settle_beats()
        self._take(self._timeline.now_ms, data)

    def _take(self, at_ms: int, data: bytes) -> None:
        if data[0] != _LIVE_QOS_0:
            if self.on_packet is not None:
                self.on_packet(self.name, data)
            self.node.receive(self._ticks(), data)
            self._after()
            return
        self.told_ms = at_ms
        self.node.receive((at_ms + self._origin) & TICKS_MASK, data)
        link = self._link
        if link is not None:
            may = self.node.lease_fresh and _ONLINE in data
            link.may_wait = data[2 : data.index(b'"at_ms"')] if may else b""
            link.take_waited = self._take_waited
        self._after()

    def _take_waited(self, at_ms: int, data: bytes) -> None:
        """A beat that was let wait. On a fresh lease nothing follows from it at once."""
        self.told_ms = at_ms
        self.node.receive((at_ms + self._origin) & TICKS_MASK, data)

    def _settle_beats(self) -> None:
        link = self._link
        if link is not None and link.waiting:
            self._network.settle(link)

    @property
    def beat_ms(self) -> int:
        """When a live beat last reached it."""
        self._settle_beats()
        return self.told_ms

    def link_closed(self, link: Link) -> None:
        if self.running and link is self._link:
            self._link = None
            self.node.connection_lost(self._ticks())
            self._after()

    # ---- the loop ----

    def _tell(self, event: Effect) -> None:
        """An event of the device."""
        if not self.running:
            return
        self._settle_beats()
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
                if effect[0] != "store":
                    self.device.apply(effect)
                elif not self._store(effect[1], effect[2]):
                    return
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
        link = self._link
        if link is not None and link.may_wait and not node.lease_fresh:
            link.may_wait = b""  # the next beat matters
        if node.link_up and not self._link_up:
            self.linked_ms = self._timeline.now_ms
        self._link_up = node.link_up
        if node.wants_connection and not self._dialling:
            self._dialling = True
            node.wants_connection = False
            self._network.connect(self)
        if self._plan_wake() <= self._timeline.now_ms:
            self._wake_ms = self._timeline.now_ms
            self._timeline.after(0, self._wake, self.boots, self._wake_ms)

    def _store(self, key: str, value: bytes) -> bool:
        """Keep a value; False when the power failed meanwhile."""
        try:
            self.flash.put(key, value)
        except PowerCutError:
            self._busy = False
            self._lose_power()
            return False
        return True

    def _plan_wake(self) -> int:
        """When the node wants to be woken next, in virtual time; it will be, unless that is now."""
        now_ms = self._timeline.now_ms
        tick = self.node.wake_at()
        if tick is None:
            return NEVER_MS
        wake_ms = now_ms + max(0, ticks_diff(tick, self._ticks()))
        if wake_ms > now_ms and (self._wake_ms is None or wake_ms < self._wake_ms):
            self._wake_ms = wake_ms
            self._timeline.at(wake_ms, self._wake, self.boots, wake_ms)
        return wake_ms

    def _wake(self, boot: int, planned_ms: int) -> None:
        if not self.running or boot != self.boots or planned_ms != self._wake_ms:
            return
        self._wake_ms = None
        if self._plan_wake() > self._timeline.now_ms:
            return
        if self._link is not None and self._link.waiting:
            # Planned before whatever arrives at this same instant was sent.
            self._network.settle(self._link, planned_ms - 1)
            if self._plan_wake() > self._timeline.now_ms:
                return
        self.node.wake(self._ticks())
        self._after()

    # ---- helpers ----

    @property
    def link_up(self) -> bool:
        """Connected and subscribed, over a cable that is in."""
        return self.running and self._link_up and not self._network.is_blocked(self.name)

    def _ticks(self) -> int:
        return (self._timeline.now_ms + self._origin) & TICKS_MASK

    def _jitter(self, limit: int) -> int:
        return self._rng.randrange(limit) if limit > 0 else 0

    def _note_seen(self) -> None:
        seen = self.device.seen()
        if seen != self._seen:
            self._seen = seen
            self._trace.note(self._timeline.now_ms, self.name, f"shows {seen}")
