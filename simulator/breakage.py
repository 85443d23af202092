"""Carries out planned faults on a virtual hall, and mends everything when the hall is to heal.

Rules: every kind of fault has one method here; what lasts ends by itself, or in `heal`. A fault
that does not apply (no such node in this hall, broken already) does nothing.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from simulator.auditor import Auditor
from simulator.faults import Fault
from simulator.intruder import Intruder
from simulator.network import Network
from simulator.virtual_devices import FaceDevice, PadDevice, VoiceDevice
from simulator.virtual_gateway import VirtualGateway
from simulator.virtual_journal import Trouble
from simulator.virtual_node import VirtualNode
from simulator.virtual_printer import KioskDevice
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace
from simulator.weather import CALM, Weather

GHOST_MS_MAX = 800
SHORT_RESTART_MS = 1000
# The line of a kiosk that is to be alone goes between these after its start.
ALONE_SOON_MS, ALONE_LATE_MS = 5_000, 60_000
LOOK_MS = 100
TECHNICIAN_MS = 40_000
# Nobody takes one board out and wires another while a single announcement lasts.
BOARD_MS_MIN = 15_000
# CONNECT, SUBSCRIBE, what it is and what it shows, and then some of its reports.
PACKETS_PASSED = (4, 12)
# To dial again, to lose one, to notice that, and to dial once more.
LOSS_MS = 12_000
OTHER_FIRMWARE = "0.2.0"
DAY_MS = 86_400_000


class Breakage:
    """The faults of one run."""

    def __init__(
        self,
        timeline: Timeline,
        trace: Trace,
        rng: random.Random,
        network: Network,
        gateway: VirtualGateway,
        nodes: dict[str, VirtualNode],
        auditor: Auditor,
        intruder: Intruder | None,
    ) -> None:
        self._timeline = timeline
        self._trace = trace
        self._rng = rng
        self._network = network
        self._gateway = gateway
        self._nodes = nodes
        self._auditor = auditor
        self._intruder = intruder
        self._healed = False
        self._ways: dict[str, Callable[[Fault], None]] = {
            "gateway": self._kill_gateway,
            "upgrade": self._upgrade,
            "machine": self._switch_machine_off,
            "clock": self._set_clock,
            "full": self._trouble_disk,
            "broken": self._trouble_disk,
            "damage": self._damage_journal,
            "broker": self._restart_broker,
            "old_broker": self._restart_broker,
            "cut": self._cut,
            "cable": self._block,
            "deaf": self._block,
            "mute": self._block,
            "clog": self._clog,
            "ghost": self._ghost,
            "restart": self._restart_node,
            "torn": self._tear,
            "board": self._replace_board,
            "alone": self._leave_alone,
            "stuck": self._hold_key,
            "spike": self._spike,
            "paper": self._break_printer,
            "cover": self._break_printer,
            "jam": self._break_printer,
            "silent": self._break_printer,
            "printer_off": self._break_printer,
            "speaker": self._unplug_speaker,
            "intruder": self._let_intruder_in,
        }

    def plan(self, faults: tuple[Fault, ...]) -> None:
        """Let these happen at their times."""
        for fault in faults:
            self._timeline.at(fault.at_ms, self.suffer, fault)

    def suffer(self, fault: Fault) -> None:
        """Carry out one fault, unless the hall is healing already."""
        if not self._healed:
            self._trace.note(self._timeline.now_ms, "fault", str(fault))
            self._ways[fault.kind](fault)

    def set_weather(self, weather: Weather) -> None:
        """From now on the network is like this."""
        broker = self._network.broker
        broker.late_will_percent = weather.late_will_percent
        broker.late_will_ms_max = weather.late_will_ms_max
        self._network.weather = weather
        self._auditor.weather_changes(weather)

    def heal(self) -> None:
        """Mend everything, for good. What is restarting comes back in its own time."""
        self._healed = True
        self.set_weather(CALM)
        gateway = self._gateway
        gateway.wall_jump_ms = 0
        self._disk_is_well()
        self._mend_journal()
        gateway.forget_doom()
        for name in (gateway.name, *self._nodes):
            self._network.unblock(name)
            self._network.lose_none(name)
        for node in self._nodes.values():
            node.flash.cut_never()
            if isinstance(node.device, KioskDevice):
                node.device.mend()
            elif isinstance(node.device, VoiceDevice):
                node.device.speaker.unplugged = False
        if self._intruder is not None:
            self._intruder.stop()

    def _later(self, fault: Fault, action: Callable[..., None], *arguments: object) -> None:
        self._timeline.after(fault.lasts_ms, action, *arguments)

    # ---- the gateway's computer ----

    def _kill_gateway(self, fault: Fault) -> None:
        self._gateway.doom(fault.step, fault.count, fault.lasts_ms)

    def _upgrade(self, fault: Fault) -> None:
        self._gateway.start_another()  # too early: the other one is not there yet
        self._gateway.other_version()
        self._gateway.stop(fault.lasts_ms)
        for node in list(self._nodes.values())[:: max(1, fault.count)]:
            node.firmware = OTHER_FIRMWARE if node.firmware != OTHER_FIRMWARE else "0.1.0"

    def _switch_machine_off(self, fault: Fault) -> None:
        self._gateway.switch_off(fault.lasts_ms)

    def _set_clock(self, fault: Fault) -> None:
        self._gateway.wall_jump_ms = fault.count * 1000
        self._later(fault, self._set_clock_right)

    def _set_clock_right(self) -> None:
        self._gateway.wall_jump_ms = 0

    def _trouble_disk(self, fault: Fault) -> None:
        trouble: Trouble = "full" if fault.kind == "full" else "broken"
        self._gateway.disk.trouble = trouble
        self._auditor.disk_in_trouble(True)
        self._later(fault, self._disk_is_well)

    def _disk_is_well(self) -> None:
        self._gateway.disk.trouble = ""
        self._auditor.disk_in_trouble(False)

    def _damage_journal(self, fault: Fault) -> None:
        disk = self._gateway.disk
        if self._gateway.running and disk.rows:
            # While it is down: a running gateway reads its journal no more.
            self._gateway.doom("now", 0, 1000)
            disk.damage(fault.count % len(disk.rows))
            self._auditor.journal_damaged(True)
            self._later(fault, self._mend_journal)

    def _mend_journal(self) -> None:
        self._gateway.disk.mend()
        self._auditor.journal_damaged(False)

    # ---- the network ----

    def _restart_broker(self, fault: Fault) -> None:
        self.restart_broker(fault.lasts_ms, old_news=fault.kind == "old_broker")

    def restart_broker(self, down_ms: int, old_news: bool = False) -> None:
        """The broker dies and is back after `down_ms`; it knows nothing, or old news."""
        if self._network.broker_running:
            self._network.stop_broker()
            self._auditor.restarted()
            self._timeline.after(down_ms, self._start_broker, old_news)

    def _start_broker(self, old_news: bool) -> None:
        self._network.start_broker(old_news)
        self._auditor.restarted()

    def _names(self, fault: Fault) -> list[str]:
        names = fault.target.split()
        return [name for name in names if name == self._gateway.name or name in self._nodes]

    def _cut(self, fault: Fault) -> None:
        for name in self._names(fault):
            self._disturb(name)
            self._network.cut(name)

    def _block(self, fault: Fault) -> None:
        for name in self._names(fault):
            self._disturb(name)
            self._network.block(name, up=fault.kind != "deaf", down=fault.kind != "mute")
            self._later(fault, self._unblock, name)

    def _unblock(self, name: str) -> None:
        self._disturb(name)
        self._network.unblock(name)

    def _clog(self, fault: Fault) -> None:
        for name in self._names(fault):
            self._disturb(name, fault.lasts_ms)
            self._network.clog(name, fault.lasts_ms)

    def _ghost(self, fault: Fault) -> None:
        for name in self._names(fault):
            self._disturb(name, GHOST_MS_MAX)
            self._network.ghost(name, self._rng.randint(1, GHOST_MS_MAX))

    def _disturb(self, name: str, lasts_ms: int = 0) -> None:
        """The gateway's own line concerns all displays."""
        self._auditor.line_disturbed(name, lasts_ms)

    # ---- nodes ----

    def _restart_node(self, fault: Fault) -> None:
        for name in self._names(fault):
            node = self._nodes[name]
            if node.running:
                node.power_off()
                self._later(fault, node.power_on)

    def _tear(self, fault: Fault) -> None:
        for name in self._names(fault):
            self._nodes[name].back_ms = max(1, fault.lasts_ms)
            self._nodes[name].flash.cut_after(max(1, fault.count))

    def _replace_board(self, fault: Fault) -> None:
        for name in self._names(fault):
            node = self._nodes[name]
            if node.running:
                self._auditor.board_replaced(name)
                node.replace_board(self._gateway.wall_seconds())
                self._timeline.after(max(fault.lasts_ms, BOARD_MS_MIN), node.power_on)

    def _leave_alone(self, fault: Fault) -> None:
        """What two short lives have to tell is told at once, and a bit of it is lost.

        The line goes while it prints, so that there is something to tell from the first life on.
        """
        restart = _short_restart(fault)
        self._restart_node(restart)
        until_ms = self._timeline.now_ms + ALONE_LATE_MS
        self._timeline.after(ALONE_SOON_MS, self._leave_alone_now, fault, restart, until_ms)

    def _leave_alone_now(self, fault: Fault, restart: Fault, until_ms: int) -> None:
        if self._healed:
            return
        devices = [self._nodes[name].device for name in self._names(fault)]
        prints = any(isinstance(d, KioskDevice) and d.screen == "printing" for d in devices)
        if not prints and self._timeline.now_ms < until_ms:
            self._timeline.after(LOOK_MS, self._leave_alone_now, fault, restart, until_ms)
            return
        self._block(fault)
        for place in range(fault.count):
            after_ms = fault.lasts_ms * (place + 1) // (fault.count + 1)
            self._timeline.after(after_ms, self.suffer, restart)
        over_ms = fault.lasts_ms + LOSS_MS
        for name in self._names(fault):
            self._disturb(name, over_ms)
            self._network.lose_one(name, self._rng.randint(*PACKETS_PASSED))
            self._timeline.after(over_ms, self._network.lose_none, name)

    def _hold_key(self, fault: Fault) -> None:
        for name in self._names(fault):
            device = self._nodes[name].device
            if isinstance(device, (PadDevice, FaceDevice)):
                device.press(fault.count % len(device.panel.keys), max(60, fault.lasts_ms))
        if fault.lasts_ms > TECHNICIAN_MS:
            # The page says that the key is stuck, and somebody starts the board anew, as one does.
            self._timeline.after(TECHNICIAN_MS, self.suffer, _short_restart(fault))

    def _spike(self, fault: Fault) -> None:
        for name in self._names(fault):
            device = self._nodes[name].device
            if isinstance(device, (PadDevice, FaceDevice)):
                device.panel.spike(fault.count % len(device.panel.keys))

    # ---- parts ----

    def _break_printer(self, fault: Fault) -> None:
        for name in self._names(fault):
            device = self._nodes[name].device
            if isinstance(device, KioskDevice):
                device.break_printer(fault.kind)
                self._later(fault, device.mend_printer, fault.kind)

    def _unplug_speaker(self, fault: Fault) -> None:
        for name in self._names(fault):
            device = self._nodes[name].device
            if isinstance(device, VoiceDevice):
                device.speaker.unplugged = True
                self._later(fault, device.plug_speaker)

    def _let_intruder_in(self, fault: Fault) -> None:
        if self._intruder is not None:
            self._intruder.start(fault.lasts_ms)


def _short_restart(fault: Fault) -> Fault:
    """Off and on again, of the same nodes."""
    return replace(fault, kind="restart", lasts_ms=SHORT_RESTART_MS, count=0)
