"""The engine alone: what one press costs from `receive` to its effects, without any I/O.

Rules: the hall of `hall.py`, all its pads and its wall online and confirming what they show; time
goes on by 20 ms a press (50 a second); what plays the nodes and the journal is not timed.
"""

import json
import time
from typing import Any

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.core.effects import Effect, Publish
from gateway.engine import Engine
from gateway.hall import Hall
from gateway.journal.memory import MemoryDisk, MemoryJournal
from gateway.systems.calling import views
from protocols.messages.node import NodeState, Shown
from protocols.messages.pad import PadPressed
from protocols.topics import EVENT, SHOWN, STATE, WANT, node_topic
from protocols.wire import PROTOCOL_VERSION, Stamp, encode
from simulator.bench.figures import NS_PER_US, microseconds_each
from simulator.bench.hall import WALL, carry_out, opening

STEP_MS = 20
NOON_MS = 1_795_406_400_000  # 2026-11-23 12:00 in the hall: no day ends while this runs


class EngineHall:
    """An engine on a journal in memory, and the little of its nodes that it needs."""

    def __init__(self, config: HallConfig, tickets: int) -> None:
        self.config = config
        tokens = iter(range(1 << 40))
        self.engine = Engine(config, HallClock(0, NOON_MS), lambda: f"{next(tokens):022d}")
        self.now_ms = 1000
        self._journal = MemoryJournal.open(MemoryDisk(), hall=config.hall.id)
        self._wants: dict[str, dict[str, Any]] = {}
        self._services: dict[str, str] = {}
        self._seq = 0
        self._topics = {node_topic(config.hall.id, n.id, WANT): n.id for n in config.nodes}
        start = self.engine.start(0)
        self.engine.committed(start, self._journal.append(start.records), 0)
        carry_out(self.engine, self._journal, opening(config, tickets), self.now_ms)
        self.engine.broker_connected(self.now_ms, 1)
        self._go_online()
        self.engine.hall_view(self.now_ms)
        self._settle()

    def _go_online(self) -> None:
        for node in self.config.nodes:
            if node.kind == "pad" or node.id == WALL:
                state = NodeState(
                    state="online",
                    boot=1,
                    connection=1,
                    protocol=PROTOCOL_VERSION,
                    firmware="bench",
                    board="bench",
                    kind=node.kind,
                )
                self._hear(node.id, STATE, encode(state))

    def _hear(self, node: str, channel: Any, payload: bytes) -> None:
        topic = node_topic(self.config.hall.id, node, channel)
        self.engine.receive(self.now_ms, topic, payload)

    def _settle(self) -> None:
        """Rounds until nothing is published any more; the nodes confirm."""
        batch = self.engine.prepare(self.now_ms)
        records = self._journal.append(batch.records)
        self._obey(self.engine.committed(batch, records, self.now_ms))

    def _obey(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Publish) and effect.topic in self._topics:
                node = self._topics[effect.topic]
                want = self._wants[node] = json.loads(effect.payload)
                if node == WALL or node.endswith("-pad"):
                    shown = Shown(epoch=want["epoch"], rev=want["rev"], fresh=True, outbox_age_ms=0)
                    self._hear(node, SHOWN, encode(shown))

    def press_ns(self, number: int) -> int:
        """Press a key at one of the windows in turn; the engine's own time for it."""
        self.now_ms += STEP_MS
        self._seq += 1
        window = self.config.window[number % len(self.config.window)]
        pad = f"{window.id}-pad"
        stamp = Stamp(1, self._seq, 0, self.engine.epoch, self.now_ms)
        report = encode(self._pressed(window.id), stamp)
        topic = node_topic(self.config.hall.id, pad, EVENT)
        began = time.perf_counter_ns()
        self.engine.receive(self.now_ms, topic, report)
        batch = self.engine.prepare(self.now_ms)
        decided = time.perf_counter_ns()
        records = self._journal.append(batch.records)
        stored = time.perf_counter_ns()
        effects = self.engine.committed(batch, records, self.now_ms)
        self.engine.wake_at()
        ended = time.perf_counter_ns()
        result = json.loads(next(filter(None, map(_ack_of, effects))))["result"]
        assert result == "ok", f"press {number} at {pad} was not accepted: {result}"
        self._obey(effects)
        return decided - began + ended - stored

    def _pressed(self, window: str) -> PadPressed:
        want = self._wants[f"{window}-pad"]
        calls = want["mode"] == "open"
        argument = 0
        if not calls:
            codes = [service.code for service in self.config.service]
            offered = self.config.windows[window].services
            prefixes = {service.prefix: service.code for service in self.config.service}
            number = want["number"]
            now = self._services.get(number) or prefixes[number[0]]
            other = offered[(offered.index(now) + 1) % len(offered)]
            self._services[number] = other
            argument = codes.index(other) + 1
        return PadPressed(
            command="next" if calls else "transfer", argument=argument, seen=want["turn"]
        )


def _ack_of(effect: Effect) -> bytes | None:
    if isinstance(effect, Publish) and effect.topic.endswith("/down/ack"):
        return effect.payload
    return None


def engine_with(config: HallConfig, tickets: int) -> EngineHall:
    """A hall at work, with so many tickets in line."""
    return EngineHall(config, tickets)


def press_us(hall: EngineHall, presses: int) -> float:
    """The mean over an even number of presses: calls, and tickets put back."""
    total_ns = sum(hall.press_ns(number // 2) for number in range(presses * 2))
    return total_ns / (presses * 2) / NS_PER_US


def hall_view_us(hall: EngineHall, calls: int) -> float:
    """One picture of the whole hall for pages."""
    copy = Hall(hall.config, hall.engine.clock, lambda: "")
    copy.restore(hall.engine.snapshot())
    return microseconds_each(lambda: views.hall_view(hall.config, copy.state.calling), calls)
