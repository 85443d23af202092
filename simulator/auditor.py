"""The auditor: an independent witness that checks the promises while a virtual hall runs.

It is told what physically happens (fingers on keys, paper in the tray, words in the air, bytes on
the network, supplies that fail) and what became durable, keeps its own small model of the hall, and
raises `PromiseBroken` at the first contradiction, all day long. It uses no counter of the product
and none of its rules. Each promise has its file, `docs/ARCHITECTURE.md` lists them; here are the
wiring, P15 (announcements never overlap, each at most once, in order) and what is checked in the
end.
"""

from collections.abc import Callable, Sequence

from gateway.config import HallConfig
from gateway.core.json import JsonObject
from gateway.journal.records import Record
from simulator.auditor_gateway import GatewayAuditor
from simulator.auditor_history import HistoryAuditor
from simulator.auditor_kiosk import ANSWERS_MS, ASKING, KioskAuditor
from simulator.auditor_model import HallModel
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
from simulator.auditor_requests import RequestAuditor
from simulator.auditor_time import TimeAuditor
from simulator.broken import PromiseBroken
from simulator.virtual_devices import Device, FaceDevice, PadDevice, VoiceDevice
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.weather import Weather

WATCH_EVERY_MS = 1_000
PICTURES_EVERY_MS = 30_000
SAYS_SO_MS = 3_000
# The longest pause before the gateway says again what a node has not confirmed.
HEALING_MS = 65_000


class Auditor:
    """One run's witness."""

    def __init__(
        self, config: HallConfig, timeline: Timeline, stolen: tuple[str, ...] = ()
    ) -> None:
        self.model = HallModel(config)
        press_age_ms = config.rules.press_age_seconds * 1000
        self.presses = PressAuditor(press_age_ms, self.model.picture, stolen)
        self.requests = RequestAuditor(self.model.picture)
        self.pictures = PictureAuditor(self.model)
        self.history = HistoryAuditor(self.model)
        self.kiosks = KioskAuditor(self.model)
        self.time = TimeAuditor(config)
        self.gateway = GatewayAuditor()
        self.still = Stillness()
        # P4's times hold for a network that carries what it is given: from then on it does.
        self.calm_from_ms: int | None = 0
        # Nothing at all is broken or lost: then every report is acknowledged within 3 s.
        self.all_is_well = False
        self.spoken: list[str] = []
        self.checked_pictures = 0
        # Gateway and broker run, and bytes pass between them: told by the hall.
        self.can_be_right: Callable[[], bool] = lambda: True
        # The technician's page, by node; empty while there is no gateway: told by the hall.
        self.page: Callable[[], dict[str, JsonObject]] = dict
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
        now_ms = self._timeline.now_ms
        self.still.truth_ms = now_ms
        self.time.take(record, now_ms)
        self.presses.record_durable(record, now_ms)
        self.requests.record_durable(record)
        self.model.take(record)
        self.kiosks.take(record)
        if record.kind.startswith("calling."):
            window = record.data.get("window")
            self.history.truth_changed(window if isinstance(window, str) else None)

    def gateway_started(self) -> None:
        """A gateway runs again."""
        self.restarted()
        self.gateway.started()

    def gateway_died(self, how: str, down_ms: int) -> None:
        """It will be a while until anything is right."""
        self.restarted()
        self.gateway.died(how)
        self.gateway.is_away(down_ms, self._timeline.now_ms)

    def gateway_refused(self, why: str) -> None:
        """A start ended before it began."""
        self.gateway.refused(why)

    def gateway_doubled(self) -> None:
        """Two processes have the journal open."""
        raise PromiseBroken("P1", "a second gateway has opened the journal of the one that runs")

    def write_failed(self) -> None:
        """The disk refused a write of the journal."""
        self.gateway.write_failed(self._timeline.now_ms)

    def restarted(self) -> None:
        """Gateway or broker started or stopped."""
        self.still.restart_ms = self._timeline.now_ms

    def disk_in_trouble(self, so: bool) -> None:
        """The journal's disk is full or broken, or well again."""
        self.gateway.disk_in_trouble(so, self._timeline.now_ms)

    def journal_damaged(self, so: bool) -> None:
        """A record is damaged, or mended."""
        self.gateway.journal_damaged(so, self._timeline.now_ms)

    # ---- the network ----

    def weather_changes(self, weather: Weather) -> None:
        """The network starts or stops to lose packets; what is lost by then is sent again."""
        if not weather.any and self.calm_from_ms is None:
            self.calm_from_ms = self._timeline.now_ms + HEALING_MS
        elif weather.any:
            self.calm_from_ms = None

    def line_disturbed(self, name: str, lasts_ms: int) -> None:
        """Something befell the line of a client; the gateway's own concerns all displays."""
        until_ms = self._timeline.now_ms + lasts_ms
        if name == "gw":
            self.still.restart_ms = max(self.still.restart_ms, until_ms)
        self.pictures.disturbed(name, until_ms)

    def packet_up(self, node: str, packet: bytes) -> None:
        """What a node puts on the line, before any fault."""
        if packet[0] & 0xF0 == 0x30:
            topic, payload = _cut(packet)
            if topic.endswith((b"/up/ev", b"/up/res")) and not self.presses.is_stolen(node):
                name = self.presses.report_sent(node, payload, self._timeline.now_ms)
                if topic.endswith(b"/up/ev"):
                    self.kiosks.did_something(node, self._timeline.now_ms)
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
                command, result = self.presses.ack_heard(node, payload)
                if command == "ticket_requested" and result not in ("ok", ""):
                    self._expect_refusal(node)

    def _expect_refusal(self, kiosk: str) -> None:
        device = self._device(kiosk)
        # Else it has started anew, and nobody stands there who asked.
        if isinstance(device, KioskDevice) and device.screen == ASKING:
            self._timeline.after(1, self._check_refused, kiosk, device)

    def _check_refused(self, kiosk: str, device: KioskDevice) -> None:
        self.kiosks.check_refused(kiosk, device.screen)

    def _device(self, node: str) -> Device | None:
        return next((each.device for each in self._nodes if each.name == node), None)

    # ---- what people, paper and displays do ----

    def touched(self, kiosk: str, device: KioskDevice) -> None:
        """A finger on the kiosk's glass."""
        now_ms = self._timeline.now_ms
        self.presses.touched(kiosk, now_ms)
        self._timeline.after(ANSWERS_MS, self._check_answered, kiosk, device, now_ms)

    def _check_answered(self, kiosk: str, device: KioskDevice, touched_ms: int) -> None:
        self.kiosks.check_answered(kiosk, touched_ms, device.screen)

    def paper_out(self, number: str, marked: bool) -> None:
        """P7: a ticket falls into the tray."""
        self.kiosks.paper_out(number, marked)

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
        order = self.model.announcement_order
        if self.spoken and order[self.spoken[-1]] > order[job]:
            raise PromiseBroken("P15", f"{job} is said after {self.spoken[-1]}, out of order")
        self.spoken.append(job)

    def display_changed(self, node: Shower) -> None:
        """P11 for every display; P3: a pad that shows "sent" must say in 3 s what came of it."""
        device, now_ms = node.device, self._timeline.now_ms
        if not node.running:
            return
        self.history.look(node.name, device)
        if isinstance(device, KioskDevice):
            self.kiosks.did_something(node.name, now_ms)
        elif isinstance(device, FaceDevice):
            if device.mode == "thanks" and device.was != "thanks":
                self.presses.thanked[node.name] = self.presses.thanked.get(node.name, 0) + 1
        elif isinstance(device, PadDevice) and (device.light, device.light_since_ms) == (
            "sent",
            now_ms,
        ):
            delay_ms = SAYS_SO_MS + SLACK_MS
            self._timeline.after(delay_ms, self._check_said, node.name, device, now_ms)

    def _check_said(self, name: str, device: PadDevice, since_ms: int) -> None:
        if device.light == "sent" and device.light_since_ms == since_ms:
            raise PromiseBroken("P3", f"{name} has shown `sent` for more than {SAYS_SO_MS} ms")

    def node_starts(self, node: str) -> None:
        """A node boots; it remembers nothing of what it showed."""
        self.history.starts(node)

    def board_replaced(self, node: str) -> None:
        """A new board under the name of an old one."""
        self.presses.board_replaced(node)
        device = self._device(node)
        if isinstance(device, KioskDevice):
            self.kiosks.board_replaced(node)
        elif isinstance(device, VoiceDevice):
            # Nobody has heard from the old board that these were said; the new one may say them.
            unsettled = self.model.open_announcements
            self.spoken = [job for job in self.spoken if job not in unsettled]

    # ---- looking around ----

    def _look_around(self) -> None:
        now_ms = self._timeline.now_ms
        still = self.still
        self.gateway.look(now_ms)
        if not self.can_be_right():
            still.restart_ms = now_ms
        for node in self._nodes:
            # First by what it knows already: a later beat could only excuse it more.
            if now_ms - node.told_ms > LEASE_MS and now_ms - node.beat_ms > LEASE_MS:
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
        now_ms = self._timeline.now_ms
        page = self.page()
        for node in self._nodes:
            long_enough = now_ms - node.linked_ms > RECONNECT_MS + SLACK_MS
            if node.link_up and long_enough and self.pictures.is_undisturbed(node.name, now_ms):
                self.pictures.check_truth(node)
                self.pictures.check_page(node, page)
                self.checked_pictures += 1

    def check_end(self) -> None:
        """After the healing: everybody connected and right, and nothing left undone."""
        for node in self._nodes:
            if not node.link_up:
                raise PromiseBroken("P4", f"{node.name} is not back on the network")
        self.check_pictures()
        self.kiosks.check_end()
        self.presses.check_end()
        if self.model.open_announcements or self.model.open_prints:
            left = [*self.model.open_announcements, *self.model.open_prints]
            raise PromiseBroken("P11", f"jobs never settled: {left}")


def _cut(packet: bytes) -> tuple[bytes, bytes]:
    """(topic, payload) of a PUBLISH."""
    at = 2 if packet[1] < 128 else 3
    size = packet[at] << 8 | packet[at + 1]
    start = at + 2 + size
    return packet[at + 2 : start], packet[start + (2 if packet[0] & 6 else 0) :]
