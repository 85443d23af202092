"""Pads that measure from a press leaving them to the wall having it: the two floors.

Between pad and wall stands nothing but the broker, or the echo. `hall_pads` has those of a gateway.
A pad has one press out at a time.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from gateway.config import HallConfig
from protocols.messages.pad import PadPressed
from protocols.topics import ACK, EVENT, WANT, node_topic
from protocols.wire import Stamp, encode
from simulator.bench import echo
from simulator.bench.hall import WALL
from simulator.bench.line import Line

# (pad, nanoseconds from press to wall or None when it was not timed, whether it was accepted)
Settled = Callable[["Pad", int | None, bool], None]
DIRECT_HALL = "direct"


def _nobody(_pad: "Pad", _took_ns: int | None, _accepted: bool) -> None:
    """Nobody measures yet."""


class Pad(ABC):
    """A pad: `press` when it is free; `on_settled` is called when that press is over."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.on_settled: Settled = _nobody
        self.line: Line
        self.pressed_at = 0
        self.shown_at = 0

    @abstractmethod
    def press(self) -> None:
        """Press the key that is due."""

    def send(self, topic: str, payload: bytes) -> None:
        """Let the key go down now."""
        self.shown_at = 0
        self.pressed_at = time.perf_counter_ns()
        self.line.publish(topic, payload)
        self.line.flush()


class PlainPad(Pad):
    """A pad whose press is not understood by anybody, only answered."""

    def __init__(self, name: str, hall: str, wait_for_ack: bool) -> None:
        super().__init__(name)
        pressed = PadPressed(command="next", argument=0, seen=1)
        self._payload = encode(pressed, Stamp(1, 1, 0, 1_700_000_000, 1000))
        self._topic = node_topic(hall, name, EVENT)
        self._wait_for_ack = wait_for_ack
        self._acked = False

    def press(self) -> None:
        self._acked = not self._wait_for_ack
        self.send(self._topic, self._payload)

    def shown(self) -> None:
        """The wall has it."""
        self.shown_at = time.perf_counter_ns()
        self._settle()

    def take(self, _topic: str, _payload: bytes, _retain: bool) -> None:
        """The acknowledgement."""
        self._acked = True
        self._settle()

    def _settle(self) -> None:
        if self._acked and self.shown_at:
            self.on_settled(self, self.shown_at - self.pressed_at, True)


async def open_direct(port: int, config: HallConfig) -> list[Pad]:
    """Pads whose presses the wall reads itself."""
    pads = {f"{w.id}-pad": PlainPad(f"{w.id}-pad", DIRECT_HALL, False) for w in config.window}

    def wall(topic: str, _payload: bytes, _retain: bool) -> None:
        pads[topic.split("/", 3)[2]].shown()

    await Line.open(port, "direct-wall", [node_topic(DIRECT_HALL, "+", EVENT)], wall)
    for pad in pads.values():
        nothing = node_topic(DIRECT_HALL, pad.name, ACK)
        pad.line = await Line.open(port, f"direct-{pad.name}", [nothing], pad.take)
    return list(pads.values())


async def open_echo(port: int, config: HallConfig) -> list[Pad]:
    """Pads whose presses the echo answers."""
    pads = {f"{w.id}-pad": PlainPad(f"{w.id}-pad", echo.HALL, True) for w in config.window}

    def wall(_topic: str, payload: bytes, _retain: bool) -> None:
        pads[payload.partition(b" ")[0].decode()].shown()

    await Line.open(port, "echo-wall", [node_topic(echo.HALL, WALL, WANT)], wall)
    for pad in pads.values():
        ack = node_topic(echo.HALL, pad.name, ACK)
        pad.line = await Line.open(port, f"echo-{pad.name}", [ack], pad.take)
    return list(pads.values())
