"""The superloop in virtual time: what it does when broker, way or interface are away."""

import re
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.logic.lamp import LampLogic
from firmware.logic.pad import PadLogic
from firmware.shell.health import HEALTH_MS, Health
from firmware.shell.liveness import BUDGET_MS
from firmware.shell.loop import Loop
from firmware.shell.node import Node
from protocols.catalogue import messages_on
from protocols.messages.node import GatewayState, NodeLog
from protocols.messages.service import NodeHealth
from protocols.mqtt import Decoder, encode_publish
from protocols.mqtt_broker_side import Connect, Pingreq, Subscribe, encode_connack, encode_suback
from protocols.mqtt_packets import PINGRESP_BYTES, Publish
from protocols.ticks import ticks_add
from protocols.topics import LOG, gateway_topic, node_topic
from protocols.wire import decode, encode


class Stage:
    """A loop with a clock, a link, an interface and a store that a test plays."""

    def __init__(self, start_ms: int, logic: Any, kind: str, keys: bool = False) -> None:
        self.now_ms, self.passed_ms = start_ms, 0
        self.up, self.broker, self.gateway = True, "here", True
        self.log: list[Any] = []
        self.feeds: list[int] = []
        self.starts: list[int] = []
        self.effects: list[Any] = []
        self.told: list[tuple[int, Any]] = []  # to the technician
        self.key_events: list[Any] = []
        self.pauses: list[int] = []
        self.dialling = self.connected = False
        self._happened: list[Any] = []
        self._decoder = Decoder(65536)
        self._beat_at_ms = 0
        hal = SimpleNamespace(
            ticks_ms=lambda: self.now_ms, sleep_ms=self.pass_ms, chance=lambda limit: limit // 3
        )
        node = Node("lf", "n1", kind, "esp32", "1", 1, logic, lambda limit: limit // 2)
        self.node = node
        self.loop = Loop(
            node,
            self,
            self,
            SimpleNamespace(
                start=lambda: self.starts.append(self.passed_ms),
                restart=lambda: self.starts.append(self.passed_ms),
                is_up=lambda: self.up,
            ),
            SimpleNamespace(kept=dict, put=self.put),
            hal,
            lambda: self.feeds.append(self.passed_ms),
            lambda: self.log.append("collected"),
            keys,
            Health(start_ms, lambda: (-58, 41_000), lambda: (0, "")),
        )

    # ---- parts and store

    def apply(self, effect: Any, now_ms: int) -> None:
        self.effects.append(effect)
        self.log.append(effect[0])

    def put(self, key: str, value: bytes) -> None:
        self.log.append("store")

    def poll(self) -> list[Any]:
        events, self.key_events = self.key_events, []
        return events

    def wake(self, now_ms: int) -> None:
        """Parts have nothing to do."""

    def wake_at(self) -> int | None:
        return None

    # ---- the link

    def dial(self, now_ms: int) -> None:
        self.log.append("dial")
        self.dialling = True
        if self.broker == "here":
            self._happened.append(("made",))
        elif self.broker == "refuses":
            self._happened.append(("refused", True))

    def step(self, now_ms: int) -> list[Any]:
        if self.gateway and self.connected and self.passed_ms >= self._beat_at_ms:
            self._beat_at_ms = self.passed_ms + 3000
            beat = GatewayState(
                state="online", epoch=9, connection=1, at_ms=self.passed_ms + 1, protocol="1.0"
            )
            packet = encode_publish(gateway_topic("lf"), encode(beat), 0, False)
            self._happened.append(("data", packet))
        if self.dialling and self.broker == "silent":
            self.silent_ms = getattr(self, "silent_ms", self.passed_ms)
            if self.passed_ms - self.silent_ms >= 4000:
                del self.silent_ms
                self._happened.append(("refused", False))
        happened, self._happened = self._happened, []
        for event in happened:
            if event[0] in ("made", "refused", "lost"):
                self.dialling = False
                self.connected = event[0] == "made"
        return happened

    def send(self, data: bytes) -> None:
        self.log.append("send")
        if not self.connected:
            return
        for packet in self._decoder.feed(data):
            if isinstance(packet, Connect):
                self._happened.append(("data", encode_connack(False, 0)))
            elif isinstance(packet, Subscribe):
                granted = bytes(len(packet.filters))
                self._happened.append(("data", encode_suback(packet.packet_id, granted)))
            elif isinstance(packet, Pingreq):
                self._happened.append(("data", PINGRESP_BYTES))
            elif isinstance(packet, Publish) and packet.topic == node_topic("lf", "n1", LOG):
                self.told.append((self.passed_ms, decode(packet.payload, messages_on(LOG))))
            elif isinstance(packet, Publish) and packet.qos:
                self._happened.append(("data", b"\x40\x02" + packet.packet_id.to_bytes(2, "big")))

    def flush(self) -> None:
        """All goes at once here."""

    def close(self) -> None:
        self.log.append("close")
        self.connected = self.dialling = False
        self._decoder = Decoder(65536)

    def lose(self) -> None:
        self._happened.append(("lost",))
        self._decoder = Decoder(65536)

    def wait(self, duration_ms: int, sleep_ms: Callable[[int], None]) -> None:
        self.pauses.append(duration_ms)
        sleep_ms(max(1, duration_ms))

    # ---- time

    def pass_ms(self, duration_ms: int) -> None:
        self.now_ms = ticks_add(self.now_ms, duration_ms)
        self.passed_ms += duration_ms

    def run(self, duration_ms: int) -> None:
        end_ms = self.passed_ms + duration_ms
        while self.passed_ms < end_ms:
            self.loop.turn()


def lamp(start_ms: int) -> Stage:
    stage = Stage(start_ms, LampLogic(), "lamp")
    stage.loop.start()
    return stage


def test_a_node_comes_up_and_hears_the_gateway(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.run(3000)
    assert (stage.node.link_up, stage.node.lease_fresh) == (True, True)
    assert stage.starts == [0]


@pytest.mark.parametrize("away", ["refuses", "silent"])
def test_the_watchdog_is_fed_all_the_while_the_gateway_is_away(start_ms: int, away: str) -> None:
    stage = lamp(start_ms)
    stage.run(5000)
    stage.broker = away
    stage.lose()
    stage.run(4 * BUDGET_MS)
    gaps = [b - a for a, b in zip(stage.feeds, stage.feeds[1:], strict=False)]
    assert max(gaps) < 1000
    assert stage.passed_ms - stage.feeds[-1] < 1000
    assert not stage.node.lease_fresh
    assert (len(stage.starts) == 1) is (away == "refuses")


def test_a_gateway_away_behind_a_broker_that_answers_is_no_reason_either(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.gateway = False
    stage.run(2 * BUDGET_MS)
    assert stage.node.link_up
    assert stage.passed_ms - stage.feeds[-1] < 1000
    assert stage.log.count("dial") == 1


def test_a_node_that_stops_trying_is_not_fed_any_more(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.run(5000)
    stage.broker = "refuses"
    stage.lose()
    stage.run(1000)
    # Planted: the dial never comes to an end, as a socket that went mad.
    stage.broker = "mad"
    stage.run(2 * BUDGET_MS)
    assert stage.passed_ms - stage.feeds[-1] > BUDGET_MS // 2


def test_nobody_dials_without_an_interface_and_at_once_when_it_is_back(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.run(5000)
    stage.up = False
    stage.run(1000)
    assert not stage.node.link_up, "a cable that is out ends the connection at once"
    dials = stage.log.count("dial")
    stage.run(100_000)
    assert stage.log.count("dial") == dials
    assert len(stage.starts) > 1
    stage.up = True
    stage.run(1500)
    assert stage.node.lease_fresh
    assert stage.passed_ms - stage.feeds[-1] < 1000


def test_an_interface_away_for_an_hour_resets_nothing(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.up = False
    stage.run(3_600_000)
    feeds = [0, *stage.feeds, stage.passed_ms]
    assert max(b - a for a, b in pairwise(feeds)) < 1000


@pytest.mark.parametrize("away", ["here", "refuses", "silent", "no network"])
def test_the_loop_never_spins_on_a_deadline_that_nobody_serves(start_ms: int, away: str) -> None:
    stage = lamp(start_ms)
    stage.run(5000)
    stage.up = away != "no network"
    stage.broker = away if stage.up else "here"
    stage.lose()
    stage.run(30_000)
    stage.up = True
    stage.run(30_000)
    spins = [first for first, second in pairwise(stage.pauses) if first == second == 0]
    assert spins == []


def test_a_stored_value_is_kept_before_what_follows_it_and_before_bytes() -> None:
    class Order(PadLogic):
        def step(self, now_ms: int, event: tuple[Any, ...]) -> list[tuple[Any, ...]]:
            if event[0] == "key":
                return [("store", "visit", b"v"), ("beep", "key"), ("store", "jobs", b"j")]
            return super().step(now_ms, event)

    stage = Stage(0, Order(), "pad", keys=True)
    stage.loop.start()
    stage.run(3000)
    stage.log.clear()
    stage.key_events = [("key", 0, 1)]
    stage.loop.turn()
    assert [entry for entry in stage.log if entry != "collected"][:3] == ["store", "beep", "store"]


def test_keys_are_polled_every_five_milliseconds_and_garbage_is_collected() -> None:
    stage = Stage(0, PadLogic(), "pad", keys=True)
    stage.loop.start()
    turns = 0
    while stage.passed_ms < 10_500:
        before_ms = stage.passed_ms
        stage.loop.turn()
        turns += 1
        assert stage.passed_ms - before_ms <= 5
    assert stage.log.count("collected") == 2


def lines(stage: Stage) -> list[str]:
    return [told.text for _, told in stage.told if isinstance(told, NodeLog)]


def test_it_tells_how_it_is_when_the_link_comes_up_and_every_minute(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.run(3 * HEALTH_MS + 5000)
    healths = [(at, told) for at, told in stage.told if isinstance(told, NodeHealth)]
    first_ms = healths[0][0]
    assert first_ms < 3000
    assert [round((at - first_ms) / HEALTH_MS) for at, _ in healths] == [0, 1, 2, 3]
    assert [abs(told.uptime_s - at // 1000) <= 1 for at, told in healths] == [True] * 4
    assert (healths[0][1].signal_dbm, healths[0][1].heap_free_bytes) == (-58, 41_000)
    assert lines(stage) == []


def test_a_connection_that_is_back_says_why_it_was_lost_and_for_how_long(start_ms: int) -> None:
    stage = lamp(start_ms)
    stage.run(3000)
    stage.broker = "refuses"
    stage.lose()
    stage.run(30_000)
    stage.broker = "here"
    stage.run(8000)
    assert len(lines(stage)) == 1
    assert re.fullmatch(r"back after 3\d s without connection: connection lost", lines(stage)[0]), (
        lines(stage)
    )


def test_a_network_that_was_away_is_told_with_the_new_starts_of_the_interface(
    start_ms: int,
) -> None:
    stage = lamp(start_ms)
    stage.run(3000)
    stage.up = False
    stage.run(100_000)
    stage.up = True
    stage.run(3000)
    assert len(stage.starts) > 2
    again, back = lines(stage)
    assert again == "interface started anew: there was no network"
    assert re.fullmatch(r"back after 10\d s without connection: no network", back), back


def test_a_key_that_stays_down_is_told_once() -> None:
    stage = Stage(0, PadLogic(), "pad", keys=True)
    stage.loop.start()
    stage.run(3000)
    stage.key_events = [("key", 4, 1), ("key", 2, 1)]
    stage.run(1000)
    stage.key_events = [("key", 2, 0)]
    stage.run(28_000)
    assert lines(stage) == []
    stage.run(200_000)
    assert lines(stage) == ["key 5 (missed) is stuck: it does not come up"]


def test_keys_held_down_at_boot_press_nothing() -> None:
    stage = Stage(0, PadLogic(), "pad", keys=True)
    stage.key_events = [("key", 0, 1)]
    stage.loop.start()
    stage.run(3000)
    stage.key_events = [("key", 0, 0)]
    stage.run(100)
    assert [effect for effect in stage.effects if effect[0] == "beep"] == []
