"""The wall and the pads of a hall with a real gateway, as light as Python allows.

Rules:
- a pad presses NEXT and puts the ticket back with TRANSFER in turn, so that the line stays as long
  as it was however long the run; only NEXT is timed, for only a call is sure to change the wall;
- a press carries the turn of the pad's newest picture, its age, and the gateway's clock as the pad
  reckons it, as the firmware does; each display confirms what it shows;
- a call that eight newer ones pushed off the wall is settled without a time.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from typing import Any

from gateway.config import HallConfig
from protocols.messages.node import NodeState, Shown
from protocols.messages.pad import PadPressed
from protocols.topics import (
    EVENT,
    SHOWN,
    STATE,
    WANT,
    down_filter,
    gateway_topic,
    node_topic,
)
from protocols.wire import PROTOCOL_VERSION, Stamp, encode
from simulator.bench.hall import WALL
from simulator.bench.line import Line
from simulator.bench.pads import Pad

READY_S = 20.0
UNSEEN_S = 0.5


class Display(ABC):
    """What the gateway knows of a node: that it is there, and what it shows."""

    def __init__(self, hall: str, name: str, kind: str) -> None:
        self.name, self._kind = name, kind
        self._shown_topic = node_topic(hall, name, SHOWN)
        self._state_topic = node_topic(hall, name, STATE)
        self._filters = [down_filter(hall, name), gateway_topic(hall)]
        self._beat_topic = gateway_topic(hall)
        self._want_topic = node_topic(hall, name, WANT)
        self._shown: Shown | None = None
        self.epoch, self.at_ms, self.heard_at = 0, 0, 0.0
        self.ready = asyncio.Event()  # a live beat and a picture have come
        self.line: Line

    async def open(self, port: int) -> None:
        """Connect, subscribe, and say that the node is there."""
        self.line = await Line.open(port, self.name, self._filters, self._take)
        self.line.on_read = self._confirm
        state = NodeState(
            state="online",
            boot=1,
            connection=1,
            protocol=PROTOCOL_VERSION,
            firmware="bench",
            board="bench",
            kind=self._kind,  # type: ignore[arg-type]  # a kind of the hall file
        )
        self.line.publish(self._state_topic, encode(state), True)
        self.line.flush()

    def _take(self, topic: str, payload: bytes, retain: bool) -> None:
        body = json.loads(payload)
        if topic == self._want_topic:
            self._shown = Shown(epoch=body["epoch"], rev=body["rev"], fresh=True, outbox_age_ms=0)
            self.show(body)
        elif topic != self._beat_topic:
            self.hear(body)
        elif not retain:
            self.epoch, self.at_ms = body["epoch"], body["at_ms"]
            self.heard_at = time.monotonic()
        if self.epoch and self._has_picture():
            self.ready.set()

    def _confirm(self) -> None:
        if self._shown is not None:
            self.line.publish(self._shown_topic, encode(self._shown), True)
            self._shown = None

    @abstractmethod
    def _has_picture(self) -> bool:
        """Whether what a node of this kind needs has come."""

    @abstractmethod
    def show(self, want: dict[str, Any]) -> None:
        """A picture has come."""

    @abstractmethod
    def hear(self, body: dict[str, Any]) -> None:
        """An acknowledgement or a job has come."""


class WallDisplay(Display):
    """Tells the pads whose calls it shows."""

    def __init__(self, hall: str) -> None:
        super().__init__(hall, WALL, "wall")
        self.pads: dict[str, HallPad] = {}  # by the label of the window
        self.called: frozenset[str] | None = None
        # Where each ticket is in line since it was put back: its number does not tell.
        self.service_of: dict[str, str] = {}

    def _has_picture(self) -> bool:
        return self.called is not None

    def show(self, want: dict[str, Any]) -> None:
        now = time.perf_counter_ns()
        self.called = frozenset([row["window"] for row in want["rows"] if row["new"]])
        for label in sorted(self.called):
            self.pads[label].wall_shows_call(now)

    def hear(self, body: dict[str, Any]) -> None:
        raise AssertionError(f"a wall gets pictures only, this is {body}")


class _PadDisplay(Display):
    def __init__(self, hall: str, pad: "HallPad") -> None:
        super().__init__(hall, pad.name, "pad")
        self._pad = pad

    def _has_picture(self) -> bool:
        return self._pad.mode != "closed"

    def show(self, want: dict[str, Any]) -> None:
        self._pad.turn, self._pad.mode, self._pad.number = (
            want["turn"],
            want["mode"],
            want["number"],
        )

    def hear(self, body: dict[str, Any]) -> None:
        self._pad.acknowledged(body["result"] == "ok")


class HallPad(Pad):
    """See the rules at the top."""

    def __init__(self, config: HallConfig, window: str, wall: WallDisplay) -> None:
        super().__init__(f"{window}-pad")
        self.turn, self.mode, self.number = 0, "closed", ""
        self.display = _PadDisplay(config.hall.id, self)
        self._topic = node_topic(config.hall.id, self.name, EVENT)
        self._config, self._wall = config, wall
        self._label = config.windows[window].label
        self._services = config.windows[window].services
        self._seq = 0
        self._calls = self._out = self._acked = False
        wall.pads[self._label] = self

    def press(self) -> None:
        self._seq += 1
        self._calls, self._out, self._acked = self.mode == "open", True, False
        pressed = PadPressed(
            command="next" if self._calls else "transfer",
            argument=0 if self._calls else self._other_service(),
            seen=self.turn,
        )
        display = self.display
        heard_ms = display.at_ms + round((time.monotonic() - display.heard_at) * 1000)
        stamp = Stamp(1, self._seq, 0, display.epoch, heard_ms)
        self.line = display.line
        self.send(self._topic, encode(pressed, stamp))

    def _other_service(self) -> int:
        codes = [service.code for service in self._config.service]
        prefixes = {service.prefix: service.code for service in self._config.service}
        service_of = self._wall.service_of
        now = service_of.get(self.number) or prefixes[self.number[0]]
        other = self._services[(self._services.index(now) + 1) % len(self._services)]
        service_of[self.number] = other
        return codes.index(other) + 1

    def wall_shows_call(self, now_ns: int) -> None:
        """The wall shows a call of this window."""
        if self._out and self._calls and not self.shown_at:
            self.shown_at = now_ns
            self._settle(True)

    def acknowledged(self, accepted: bool) -> None:
        """The gateway has settled the press."""
        self._acked = True
        self._settle(accepted)

    def _settle(self, accepted: bool) -> None:
        if not self._acked:
            return
        if accepted and self._calls and not self.shown_at:
            asyncio.get_running_loop().call_later(UNSEEN_S, self._give_up, self._seq)
            return
        self._end(accepted)

    def _give_up(self, seq: int) -> None:
        if self._out and seq == self._seq:
            self._end(True)

    def _end(self, accepted: bool) -> None:
        self._out = False
        took_ns = self.shown_at - self.pressed_at if self.shown_at else None
        self.on_settled(self, took_ns, accepted)


async def open_hall(port: int, config: HallConfig) -> list[Pad]:
    """The wall and the pads, once the gateway has given all of them their pictures."""
    wall = WallDisplay(config.hall.id)
    pads = [HallPad(config, window.id, wall) for window in config.window]
    displays = [wall, *(pad.display for pad in pads)]
    for display in displays:
        await display.open(port)
    for display in displays:
        await asyncio.wait_for(display.ready.wait(), READY_S)
    return list(pads)
