"""A board in its hall in virtual time: the firmware in MicroPython, the real broker core and the
real gateway engine, and nothing between but `simulator.network`.

    bench = VirtualBench("esp32-pad")
    bench.switch_on()
    bench.run(5000)             # ms
    bench.board.parts.display_text()
    bench.close()

The same seed gives the same run.
"""

import random
from collections.abc import Callable
from pathlib import Path

import gateway
from gateway.core.effects import Answer
from gateway.hallfile import parse_hall
from gateway.journal.records import Record
from gateway.systems.calling.commands import Command, IssueTicket
from simulator.board.board import HEAP_KIB, Board
from simulator.board.install import application, configuration, lay_down
from simulator.board.sockets import Sockets
from simulator.board.virtual_pace import VirtualPace
from simulator.board.virtual_sockets import VirtualSockets
from simulator.network import Network
from simulator.virtual_broker import VirtualBroker
from simulator.virtual_gateway import VirtualGateway
from simulator.virtual_hall import WALL_START_MS
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace
from simulator.vm.disk import Disk

STEPS_MAX = 1 << 40
STEP_MS = 20
UNTIL_MS = 30_000
OFFICER = "1122"  # of window w01


class VirtualBench:
    """One board of window w01, by the name of its kind of board.

    `form` as in size_board.FORMS; `files`: what lies on its flash in the place of the program.
    """

    def __init__(
        self,
        name: str,
        *,
        form: str = "rom",
        files: dict[str, bytes] | None = None,
        heap_kib: int = HEAP_KIB,
        disk: Disk | None = None,
        seed: int = 0,
    ) -> None:
        self.timeline = Timeline(STEPS_MAX)
        trace = Trace()

        def make_rng(purpose: str) -> random.Random:
            return random.Random(f"{seed}/{purpose}")

        broker = VirtualBroker(self.timeline, make_rng("broker"), None)
        self.network = Network(self.timeline, trace, make_rng, broker)
        hall = Path(gateway.__file__).parent / "halls" / "langfang.toml"
        self.gateway = VirtualGateway(
            parse_hall(hall.read_text("utf-8"), hall.name),
            self.timeline,
            self.network,
            trace,
            make_rng("gateway"),
            WALL_START_MS,
            self,
        )
        self.records: list[Record] = []
        program, rom = application(form) if files is None else (files, {})
        kind = name.split("-")[1]
        self.node = f"w01-{kind}"

        def make_sockets(is_up: Callable[[], bool], wake: Callable[[], None]) -> Sockets:
            return VirtualSockets(self.node, self.network, is_up, wake)

        self.board = Board(
            name,
            disk=disk,
            heap_kib=heap_kib,
            pace=VirtualPace(self.timeline),
            make_sockets=make_sockets,
            rom=rom,
        )
        self.board.flash_interpreter()
        lay_down(self.board.disk, program | configuration(name, self.node, ("10.0.0.1", 1883)))

    def switch_on(self) -> None:
        """Gateway and board."""
        self.gateway.start()
        self.board.power_on()

    def run(self, duration_ms: int) -> None:
        """Let time pass."""
        self.timeline.run(self.timeline.now_ms + duration_ms)

    def until(self, holds: Callable[[], bool], limit_ms: int = UNTIL_MS) -> bool:
        """Let time pass until it holds; False when it does not in time."""
        end_ms = self.timeline.now_ms + limit_ms
        while not holds():
            if self.timeline.now_ms >= end_ms:
                return False
            self.run(STEP_MS)
        return True

    @property
    def online(self) -> bool:
        """Whether the gateway sees the board's node."""
        return self.gateway.engine.presence[self.node].online

    def close(self) -> None:
        """Switch the board off."""
        self.board.stop()

    # ---- people ----

    def press(self, *keys: int) -> None:
        """One key after the other."""
        for key in keys:
            self.board.parts.press(key)
            self.run(300)

    def sign_in(self) -> None:
        """At a closed window the keys of a pad are digits."""
        self.press(*(int(digit) - 1 for digit in OFFICER))

    def request(self, command: Command) -> Answer:
        """What the REST interface does."""
        answers: list[Answer] = []
        self.gateway.request(f"r{self.timeline.now_ms}", "desk", command, answers.append)
        assert self.until(lambda: bool(answers)), "the gateway did not answer"
        return answers[0]

    def issue(self) -> None:
        """A ticket is taken."""
        assert self.request(IssueTicket("filing", None)).status == "done"

    # ---- GatewayWatcher ----

    def record_durable(self, record: Record) -> None:
        """In order, each once."""
        self.records.append(record)

    def gateway_started(self) -> None:
        """It has read its journal and runs."""

    def gateway_died(self, how: str, down_ms: int) -> None:
        """It is gone."""

    def gateway_refused(self, why: str) -> None:
        """It did not start."""
        raise AssertionError(why)

    def gateway_doubled(self) -> None:
        """There is one process here."""

    def write_failed(self) -> None:
        """The disk refused a write; this one never does."""
