"""A whole hall in virtual time: network, gateway, every node of the hall file, and the desk.

This is the room the people of `simulator.people` are in, and the physical world the auditor
watches; it carries out the faults it is told to.
"""

import random
from collections.abc import Callable

from firmware.shell.node import Node
from gateway.config import HallConfig
from gateway.core.effects import Answer
from gateway.engine import Engine
from gateway.systems.calling.commands import ReturnTicket
from simulator.auditor import Auditor
from simulator.faults import Fault
from simulator.network import Network
from simulator.people.senses import Face, Kiosk, Pad, Sign
from simulator.virtual_devices import FaceDevice, PadDevice, SignDevice, VoiceDevice
from simulator.virtual_gateway import MakeEngine, VirtualGateway
from simulator.virtual_node import MakeNode, VirtualNode
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

# 2026-11-23 08:29 in the hall (+08:00): one minute before the doors open.
WALL_START_MS = 1_795_393_740_000
DESK_RETRY_MS = 5_000
DESK_TRIES = 6


class VirtualHall:
    """One hall with everything in it but the people."""

    def __init__(
        self,
        config: HallConfig,
        timeline: Timeline,
        trace: Trace,
        make_rng: Callable[[str], random.Random],
        auditor: Auditor,
        make_engine: MakeEngine = Engine,
        make_node: MakeNode = Node,
    ) -> None:
        self.config = config
        self.windows = tuple(window.label for window in config.window)
        self.network = Network(timeline, trace, make_rng("network"))
        self.auditor = auditor
        self.gateway = VirtualGateway(
            config,
            timeline,
            self.network,
            trace,
            make_rng("gateway"),
            WALL_START_MS,
            auditor,
            make_engine,
        )
        self.nodes = {
            node.id: VirtualNode(
                config.hall.id,
                node,
                timeline,
                self.network,
                trace,
                make_rng(f"node/{node.id}"),
                make_node,
            )
            for node in config.nodes
        }
        self.on_named: Callable[[str], None] = _nobody_listens
        self._timeline = timeline
        self._trace = trace
        self._desk_calls = 0
        self._window_of_label = {window.label: window.id for window in config.window}
        self._wire_auditor()

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
        """See `people.senses.Room`. The clerk asks again with the same key until answered."""
        self._desk_calls += 1
        self._ask_desk(f"desk-{self._desk_calls}", number, answered, DESK_TRIES)

    def _ask_desk(self, key: str, number: str, answered: Callable[[str], None], tries: int) -> None:
        date = self.auditor.model.date
        done: list[Answer] = []

        def take(answer: Answer) -> None:
            done.append(answer)
            self._trace.note(self._timeline.now_ms, "desk", f"{number} {answer.status}")
            if answer.status == "done":
                answered("wait")
            else:
                answered("new" if self._is_over(f"{date}-{number}") else "wait")

        def again() -> None:
            if not done and tries > 1:
                self._ask_desk(key, number, answered, tries - 1)

        self.gateway.request(key, "desk", ReturnTicket(f"{date}-{number}"), take)
        self._timeline.after(DESK_RETRY_MS, again)

    def _is_over(self, ticket: str) -> bool:
        view = self.gateway.engine.ticket_view(ticket)
        return view is None or view["state"] in ("served", "cancelled")

    # ---- faults ----

    def suffer(self, fault: Fault) -> None:
        """Carry out one planned fault."""
        self._trace.note(
            self._timeline.now_ms,
            "fault",
            f"{fault.kind} {fault.target or fault.point} {fault.lasts_ms}",
        )
        if fault.kind == "gateway":
            self.gateway.doom(fault.point, fault.lasts_ms)
        elif fault.kind == "broker":
            self.restart_broker(fault.lasts_ms)
        elif fault.kind == "cut":
            self.network.cut(fault.target)
        elif fault.kind == "cable":
            self.network.pull_cable(fault.target)
            self._timeline.after(fault.lasts_ms, self.network.plug_cable, fault.target)
        elif fault.kind == "restart":
            self._restart_node(self.nodes[fault.target], fault.lasts_ms)
        else:
            self._break_printer(fault)

    def restart_broker(self, down_ms: int) -> None:
        """The broker dies, forgets everything, and is back after `down_ms`."""
        if not self.network.broker_running:
            return
        self.network.stop_broker()
        self.auditor.restarted()
        self._timeline.after(down_ms, self._start_broker)

    def _start_broker(self) -> None:
        self.network.start_broker()
        self.auditor.restarted()

    def _restart_node(self, node: VirtualNode, down_ms: int) -> None:
        if node.running:
            node.power_off()
            self._timeline.after(down_ms, node.power_on)

    def _break_printer(self, fault: Fault) -> None:
        device = self.nodes[fault.target].device
        if not isinstance(device, KioskDevice):
            return
        if fault.kind == "paper":
            device.paper_out()
            self._timeline.after(fault.lasts_ms, device.new_roll)
        else:
            device.set_cover(True)
            self._timeline.after(fault.lasts_ms, device.set_cover, False)

    # ---- the auditor's eyes ----

    def _wire_auditor(self) -> None:
        self.network.on_packet_up = self.auditor.packet_up
        for node in self.nodes.values():
            node.on_packet = self.auditor.packet_down
            self._wire(node)

    def _wire(self, node: VirtualNode) -> None:
        device = node.device
        name = node.name
        if isinstance(device, (PadDevice, FaceDevice)):
            device.on_press = lambda key, hold_ms: self._pressed(name, device, key, hold_ms)
        if isinstance(device, PadDevice):
            device.on_change = lambda: self.auditor.pad_changed(name, device)
        elif isinstance(device, VoiceDevice):
            device.on_speech = lambda job, number, window: self._spoken(device, job, number, window)
        elif isinstance(device, KioskDevice):
            device.on_touch = lambda service: self._touched(name, service)

    def _pressed(self, name: str, device: PadDevice | FaceDevice, key: int, hold_ms: int) -> None:
        self._trace.note(self._timeline.now_ms, name, f"key {key} for {hold_ms} ms")
        shown = device.display if isinstance(device, PadDevice) else device.number
        self.auditor.presses.pressed(name, key, self._timeline.now_ms, shown.strip())

    def _touched(self, name: str, service: str) -> None:
        self._trace.note(self._timeline.now_ms, name, f"touch {service}")
        self.auditor.presses.touched(name, self._timeline.now_ms)

    def _spoken(self, device: VoiceDevice, job: str, number: str, window: str) -> None:
        self._trace.note(self._timeline.now_ms, "voice", f"{job} {number} {window}")
        self.auditor.speech_begins(device, job, number, window)
        self.on_named(number)


def _nobody_listens(number: str) -> None:
    """Before the doors open."""
