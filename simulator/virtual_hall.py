"""A whole hall in virtual time: network, gateway, every node of the hall file, and the desk.

This is the room the people of `simulator.people` are in, and the physical world the auditor
watches; `simulator.breakage` breaks it.
"""

import random
from collections.abc import Callable

from gateway.broker.access import Credential, HallAccess, Role
from gateway.core.effects import Answer
from gateway.core.json import JsonObject
from gateway.systems.calling.commands import (
    CancelTicket,
    CommandWindow,
    GiveRating,
    IssueTicket,
    ReturnTicket,
)
from protocols.topics import GATEWAY
from simulator import shortcuts
from simulator.auditor import Auditor
from simulator.breakage import Breakage
from simulator.intruder import Intruder
from simulator.network import Network
from simulator.people.senses import Face, Kiosk, Pad, PageRow, Sign
from simulator.plan import SPARE, Plan, hall_of
from simulator.virtual_broker import VirtualBroker
from simulator.virtual_callers import Callers
from simulator.virtual_devices import FaceDevice, PadDevice, SignDevice, VoiceDevice
from simulator.virtual_gateway import VirtualGateway
from simulator.virtual_node import VirtualNode
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

# 2026-11-23 08:29 in the hall (+08:00): one minute before the doors open.
WALL_START_MS = 1_795_393_740_000


class VirtualHall:
    """One hall with everything in it but the people."""

    def __init__(
        self,
        plan: Plan,
        timeline: Timeline,
        trace: Trace,
        make_rng: Callable[[str], random.Random],
    ) -> None:
        shortcuts.take()
        self.config = config = hall_of(plan.windows, plan.spare)
        self._timeline = timeline
        self._trace = trace
        used = [node for node in config.nodes if node.window != SPARE]
        spare = [node for node in config.nodes if node.window == SPARE]
        self.windows = tuple(window.label for window in config.window if window.id != SPARE)
        self._window_of_label = {window.label: window.id for window in config.window}
        self.auditor = Auditor(config, timeline, tuple(node.id for node in spare))
        broker = VirtualBroker(timeline, make_rng("broker"), self._access())
        self.network = Network(timeline, trace, make_rng, broker)
        self.gateway = VirtualGateway(
            config, timeline, self.network, trace, make_rng("gateway"), WALL_START_MS, self.auditor
        )
        self.nodes = {
            node.id: VirtualNode(
                config.hall.id,
                node,
                timeline,
                self.network,
                trace,
                make_rng(f"node/{node.id}"),
                WALL_START_MS // 1000,
            )
            for node in used
        }
        intruder = None
        if spare:
            rng = make_rng("intruder")
            stolen = rng.choice(spare)
            intruder = Intruder(
                config, stolen, timeline, self.network, rng, self._heard_by_intruder(stolen.id)
            )
        self.breakage = Breakage(
            timeline,
            trace,
            make_rng("breakage"),
            self.network,
            self.gateway,
            self.nodes,
            self.auditor,
            intruder,
        )
        self.on_named: Callable[[str], None] = _nobody_listens
        self._callers = Callers(
            timeline,
            trace,
            make_rng("callers"),
            self.network,
            self.gateway,
            self.auditor.requests,
        )
        self._wire_auditor()

    def _access(self) -> HallAccess:
        def credential(identity: str, role: Role) -> Credential:
            return Credential(identity, role, identity)

        nodes = [credential(node.id, "node") for node in self.config.nodes]
        return HallAccess(self.config.hall.id, [credential(GATEWAY, "gateway"), *nodes])

    def switch_on(self) -> None:
        """Gateway first, then the nodes, all within a second or two."""
        self.gateway.start()
        for place, node in enumerate(self.nodes.values()):
            self._timeline.at(200 + 30 * place, node.power_on)
        self.auditor.watch(list(self.nodes.values()))

    # ---- what people see and touch (Room) ----

    def pad(self, window: str) -> Pad:
        """See `people.senses.Room`."""
        device = self.device(window, "pad")
        assert isinstance(device, PadDevice), "a node is of its kind"
        return device

    def sign(self, window: str) -> Sign:
        """See `people.senses.Room`."""
        device = self.device(window, "sign")
        assert isinstance(device, SignDevice), "a node is of its kind"
        return device

    def face(self, window: str) -> Face:
        """See `people.senses.Room`."""
        device = self.device(window, "rating")
        assert isinstance(device, FaceDevice), "a node is of its kind"
        return device

    def kiosk(self) -> Kiosk:
        """See `people.senses.Room`."""
        return self.kiosk_device()

    def kiosk_device(self) -> KioskDevice:
        """The first kiosk, with its printer."""
        for node in self.nodes.values():
            if isinstance(node.device, KioskDevice):
                return node.device
        raise ValueError("node: the hall file names no kiosk (kind = ticket)")

    def window_id(self, label: str) -> str:
        """The id of the window with this label."""
        return self._window_of_label[label]

    def device(self, window: str, kind: str) -> object:
        """A device of the window with this label."""
        return self.nodes[f"{self._window_of_label[window]}-{kind}"].device

    def ask_desk(self, number: str, answered: Callable[[str], None]) -> None:
        """See `people.senses.Room`."""
        ticket = self._ticket(number)

        def take(answer: Answer) -> None:
            if answer.status == "done":
                answered("wait")
            else:
                answered("new" if self._is_over(ticket) else "wait")

        self._callers.ask("desk", ReturnTicket(ticket), None, take)

    def take_number(self, service: str, answered: Callable[[str], None]) -> None:
        """See `people.senses.Room`."""

        def take(answer: Answer) -> None:
            answered(str(answer.body["number"]) if answer.status == "done" else "")

        self._callers.ask("phone", IssueTicket(service, None), None, take)

    def give_back(self, number: str) -> None:
        """See `people.senses.Room`."""
        self._callers.ask("desk", CancelTicket(self._ticket(number)), None, _nobody_looks)

    def rate(self, number: str, grade: int) -> None:
        """See `people.senses.Room`."""
        self._callers.ask("phone", GiveRating(self._ticket(number), grade), None, _nobody_looks)

    def page(self) -> tuple[PageRow, ...]:
        """See `people.senses.Room`."""
        return tuple(
            PageRow(
                str(row["id"]),
                str(row["mode"]),
                str(row["number"] or ""),
                int(str(row["turn"])),
                bool(row["help"]),
            )
            for row in self.gateway.windows_view()
            if row["id"] != SPARE
        )

    def command(self, row: PageRow, command: str) -> None:
        """See `people.senses.Room`."""
        asked = CommandWindow(row.window, command, seen=row.turn)
        self._callers.ask("chief", asked, (row.mode, row.number), _nobody_looks)

    def _ticket(self, number: str) -> str:
        return f"{self.auditor.model.date}-{number}"

    def _is_over(self, ticket: str) -> bool:
        view = self.gateway.engine.ticket_view(ticket)
        return view is None or view["state"] in ("served", "cancelled")

    # ---- the auditor's eyes ----

    def _wire_auditor(self) -> None:
        self.auditor.can_be_right = self._can_be_right
        self.auditor.page = self._page
        self.network.on_packet_up = self.auditor.packet_up
        for node in self.nodes.values():
            node.on_packet = self.auditor.packet_down
            node.on_start = self.auditor.node_starts
            self._wire(node)

    def _can_be_right(self) -> bool:
        reached = self.network.broker_running and not self.network.is_blocked(GATEWAY)
        return reached and self.gateway.running

    def _page(self) -> dict[str, JsonObject]:
        return {str(row["id"]): row for row in self.gateway.nodes_view()}

    def _heard_by_intruder(self, stolen: str) -> Callable[[str], None]:
        return lambda topic: self.auditor.presses.intruder_heard(stolen, topic)

    def _wire(self, node: VirtualNode) -> None:
        device = node.device
        name = node.name
        device.on_change = lambda: self.auditor.display_changed(node)
        if isinstance(device, (PadDevice, FaceDevice)):
            device.on_press = lambda key, hold_ms: self._pressed(name, device, key, hold_ms)
        elif isinstance(device, VoiceDevice):
            device.on_speech = lambda job, number, window: self._spoken(device, job, number, window)
        elif isinstance(device, KioskDevice):
            device.on_touch = lambda service: self._touched(name, device, service)

    def _pressed(self, name: str, device: PadDevice | FaceDevice, key: int, hold_ms: int) -> None:
        self._trace.note(self._timeline.now_ms, name, f"key {key} for {hold_ms} ms")
        shown = device.display if isinstance(device, PadDevice) else device.number
        self.auditor.presses.pressed(name, key, self._timeline.now_ms, shown.strip())

    def _touched(self, name: str, device: KioskDevice, service: str) -> None:
        self._trace.note(self._timeline.now_ms, name, f"touch {service}")
        self.auditor.touched(name, device)

    def _spoken(self, device: VoiceDevice, job: str, number: str, window: str) -> None:
        self._trace.note(self._timeline.now_ms, "voice", f"{job} {number} {window}")
        self.auditor.speech_begins(device, job, number, window)
        self.on_named(number)


def _nobody_looks(answer: Answer) -> None:
    """Who has left does not mind, and the chief looks at the page again."""


def _nobody_listens(number: str) -> None:
    """Before the doors open."""
