"""The auditor: an independent witness that checks the promises while a virtual hall runs.

It is told what physically happens (fingers on keys, paper in the tray, words in the air, bytes on
the network) and what became durable, keeps its own small model of the hall, and raises
`PromiseBroken` at the first contradiction. It uses no counter of the product and none of its rules.

Checked: P1 and P3 by `auditor_presses`, P2 by `auditor_model`, P4 and P5 by `auditor_pictures`;
P7 (a number is fixed before it is printed, twice only when marked) and P15 (announcements never
overlap, each at most once, in order) here.
"""

from collections.abc import Sequence

from gateway.config import HallConfig
from gateway.journal.records import Record
from simulator.auditor_model import HallModel, PromiseBroken
from simulator.auditor_pictures import (
    LEASE_MS,
    RECONNECT_MS,
    RESTART_MS,
    SLACK_MS,
    PictureAuditor,
    Shower,
    Stillness,
)
from simulator.auditor_presses import PressAuditor
from simulator.virtual_devices import PadDevice, VoiceDevice
from simulator.virtual_time import Timeline

WATCH_EVERY_MS = 1_000
PICTURES_EVERY_MS = 30_000
SAYS_SO_MS = 3_000
# The longest pause before the gateway says again what a node has not confirmed.
HEALING_MS = 65_000


class Auditor:
    """One run's witness."""

    def __init__(self, config: HallConfig, timeline: Timeline) -> None:
        self.model = HallModel(config)
        self.presses = PressAuditor(config.rules.press_age_seconds * 1000)
        self.pictures = PictureAuditor(self.model)
        self.still = Stillness()
        # P4's times hold for a network that carries what it is given: from then on it does.
        self.calm_from_ms: int | None = 0
        # Nothing at all is broken or lost: then every report is acknowledged within 3 s.
        self.all_is_well = False
        self.papers: dict[str, int] = {}  # number -> prints without the mark
        self.spoken: list[str] = []
        self.checked_pictures = 0
        self._timeline = timeline
        self._nodes: Sequence[Shower] = ()
        self._last_seq = 0
        self._pictures_ms = 0

    def watch(self, nodes: Sequence[Shower]) -> None:
        """Look at these displays once a second from now on."""
        self._nodes = nodes
        self._timeline.after(WATCH_EVERY_MS, self._look_around)

    # ---- the journal and the gateway (GatewayWatcher) ----

    def record_durable(self, record: Record) -> None:
        """A record is durable."""
        if record.seq != self._last_seq + 1:
            raise PromiseBroken("P1", f"record {record.seq} follows {self._last_seq}")
        self._last_seq = record.seq
        self.still.truth_ms = self._timeline.now_ms
        self.presses.record_durable(record, self._timeline.now_ms)
        self.model.take(record)

    def gateway_started(self) -> None:
        """A gateway runs again."""
        self.restarted()

    def gateway_died(self) -> None:
        """It will be a while until anything is right."""
        self.restarted()

    def restarted(self) -> None:
        """Gateway or broker started or stopped."""
        self.still.restart_ms = self._timeline.now_ms

    # ---- the network ----

    def packets_get_lost(self, so: bool) -> None:
        """The network starts or stops to lose packets; what is lost by then is sent again."""
        self.calm_from_ms = None if so else self._timeline.now_ms + HEALING_MS

    def packet_up(self, node: str, packet: bytes) -> None:
        """What a node puts on the line, before any fault."""
        if packet[0] & 0xF0 == 0x30:
            topic, payload = _cut(packet)
            if topic.endswith((b"/up/ev", b"/up/res")):
                name = self.presses.report_sent(node, payload, self._timeline.now_ms)
                if name and self.all_is_well:
                    self._timeline.after(SAYS_SO_MS, self._check_heard, name)

    def _check_heard(self, name: str) -> None:
        if self.all_is_well and not self.presses.reports[name].heard:
            raise PromiseBroken("P3", f"{name} was not acknowledged within {SAYS_SO_MS} ms")

    def packet_down(self, node: str, packet: bytes) -> None:
        """What reaches a node."""
        if packet[0] & 0xF2 == 0x32:
            topic, payload = _cut(packet)
            if topic.endswith(b"/down/ack"):
                self.presses.ack_heard(node, payload)

    # ---- what people and paper do ----

    def paper_out(self, number: str, marked: bool) -> None:
        """P7: a ticket falls into the tray."""
        if number not in self.model.issued_numbers:
            raise PromiseBroken("P7", f"paper shows {number!r}, which the journal does not have")
        if not marked:
            self.papers[number] = self.papers.get(number, 0) + 1
            if self.papers[number] > 1:
                raise PromiseBroken("P7", f"{number} came out twice without the mark 补打")

    def speech_begins(self, device: VoiceDevice, job: str, number: str, window: str) -> None:
        """P15: the loudspeaker starts a sentence."""
        cut_off = device.speaker.overlaps()
        if cut_off:
            raise PromiseBroken("P15", f"{cut_off[-1].job} was cut off by {job}")
        if job in self.spoken:
            raise PromiseBroken("P15", f"{job} is said twice")
        queued = self.model.announcements.get(job)
        if queued is None:
            raise PromiseBroken("P15", f"{job} is said, but was never queued")
        ticket, at_window = queued
        true = (self.model.tickets[ticket].number, self.model.config.windows[at_window].label)
        if (number, window) != true:
            raise PromiseBroken("P15", f"{job} says {number} at {window}, true is {true}")
        order = list(self.model.announcements)
        if self.spoken and order.index(self.spoken[-1]) > order.index(job):
            raise PromiseBroken("P15", f"{job} is said after {self.spoken[-1]}, out of order")
        self.spoken.append(job)

    def pad_changed(self, name: str, device: PadDevice) -> None:
        """P3: a pad that shows "sent" must say within 3 s what came of it, or that it cannot."""
        if device.light == "sent" and device.light_since_ms == self._timeline.now_ms:
            self._timeline.after(
                SAYS_SO_MS + SLACK_MS, self._check_said, name, device, device.light_since_ms
            )

    def _check_said(self, name: str, device: PadDevice, since_ms: int) -> None:
        if device.light == "sent" and device.light_since_ms == since_ms:
            raise PromiseBroken("P3", f"{name} has shown `sent` for more than {SAYS_SO_MS} ms")

    # ---- looking around ----

    def _look_around(self) -> None:
        now_ms = self._timeline.now_ms
        still = self.still
        for node in self._nodes:
            if now_ms - node.beat_ms > LEASE_MS:
                self.pictures.check_lease(node, now_ms)
        changed_ms = max(still.truth_ms + RECONNECT_MS + SLACK_MS, still.restart_ms + RESTART_MS)
        seen = self._pictures_ms > changed_ms and now_ms - self._pictures_ms < PICTURES_EVERY_MS
        calm = self.calm_from_ms is not None and now_ms > self.calm_from_ms
        if calm and now_ms > changed_ms and not seen:
            self._pictures_ms = now_ms
            self.check_pictures()
        self._timeline.after(WATCH_EVERY_MS, self._look_around)

    def check_pictures(self) -> None:
        """P4, for every node that has been connected long enough."""
        for node in self._nodes:
            if node.link_up and self._timeline.now_ms - node.linked_ms > RECONNECT_MS + SLACK_MS:
                self.pictures.check_truth(node)
                self.checked_pictures += 1

    def check_end(self) -> None:
        """After the healing: everybody connected and right, and nothing left undone."""
        for node in self._nodes:
            if not node.link_up:
                raise PromiseBroken("P4", f"{node.name} is not back on the network")
        self.check_pictures()
        if self.model.open_announcements or self.model.open_prints:
            left = [*self.model.open_announcements, *self.model.open_prints]
            raise PromiseBroken("P11", f"jobs never settled: {left}")


def _cut(packet: bytes) -> tuple[bytes, bytes]:
    """(topic, payload) of a PUBLISH."""
    at = 2 if packet[1] < 128 else 3
    size = packet[at] << 8 | packet[at + 1]
    start = at + 2 + size
    return packet[at + 2 : start], packet[start + (2 if packet[0] & 6 else 0) :]
