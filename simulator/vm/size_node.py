"""Runs in the VM: one node with a broker and a gateway that are always there. MicroPython subset.

Prints the heap in use after the imports, once the node has started and is connected, and at the
end.
"""

# ruff: noqa: I001, F401  # the order of the imports is meant
import gc
import sys

# From the bottom up: a long chain of imports is too deep for the stack of a board.
import protocols.wire
import protocols.topics
from firmware.logic import events
from firmware.logic.registry import job_kinds, make_logic, want_kinds
from firmware.shell.node import Node
from protocols.mqtt_broker_side import Connect, Pingreq, Subscribe, encode_connack, encode_suback
from protocols import mqtt, topics
from protocols.fields import Choice, Digits, Flag, Int, Items, Name, Nullable, Text
from protocols.messages.node import Ack, GatewayState
from protocols.mqtt_packets import Publish
from protocols.ticks import ticks_diff
from protocols.wire import encode

HALL, NODE = "lf", "w01"
KEYED = ("pad", "rating")


def report_heap() -> None:
    """One number, on a line."""
    gc.collect()
    in_use = gc.mem_alloc()  # type: ignore[attr-defined]  # MicroPython has it
    sys.stdout.write("%d\n" % in_use)


def full(kind, number: int):
    """A message as long as its fields allow in practice; `number` makes it new."""
    values: dict[str, object] = {}
    for name, declared in kind.FIELDS:
        field = declared.field if isinstance(declared, Nullable) else declared
        if name in ("rev", "turn"):
            value: object = number
        elif name in ("id", "visit"):
            value = "job-%d" % number
        elif isinstance(field, Int):
            value = min(field.high, 60000)
        elif isinstance(field, Flag):
            value = number % 2 == 0
        elif isinstance(field, Choice):
            value = field.options[number % len(field.options)]
        elif isinstance(field, Items):
            value = tuple([full(field.item, number) for _ in range(min(6, field.count_max))])
        elif isinstance(field, (Name, Digits)):
            value = "vat"
        else:
            assert isinstance(field, Text)
            value = ("窗口" * 20)[: max(1, field.bytes_max // 6)]
        values[name] = value
    return kind(**values)


class Peer:
    """Shell, broker and gateway of one node."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.now_ms = 0
        self.number = 0
        self.decoder = mqtt.Decoder(4096)
        logic = make_logic(kind)
        self.node = Node(HALL, NODE, kind, "esp32", "1.0.0", 1, logic, lambda limit: limit // 2)
        self.node.input(0, (events.RESTORE, {}))
        self.node.input(0, (events.START,))

    def pump(self) -> None:
        """The contract of a shell."""
        while True:
            for effect in self.node.take_effects():
                self.apply(effect)
            data = self.node.take_output()
            if self.node.wants_connection:
                self.node.connection_made(self.now_ms)
            elif not data:
                return
            for packet in self.decoder.feed(data):
                self.answer(packet)

    def apply(self, effect: tuple) -> None:
        """The device does what it is told."""
        if effect[0] == events.PRINT:
            self.node.input(self.now_ms, (events.PRINTED, effect[1].id))
        elif effect[0] == events.SPEAK:
            self.node.input(self.now_ms, (events.SPOKEN, effect[1]))

    def answer(self, packet: object) -> None:
        """The broker's answer."""
        if isinstance(packet, Connect):
            self.receive(encode_connack(False, 0))
        elif isinstance(packet, Subscribe):
            self.receive(encode_suback(packet.packet_id, b"\x01\x01"))
        elif isinstance(packet, Pingreq):
            self.receive(b"\xd0\x00")
        elif isinstance(packet, Publish):
            self.receive(mqtt.encode_puback(packet.packet_id))

    def receive(self, data: bytes) -> None:
        """Bytes to the node."""
        self.node.receive(self.now_ms, data)

    def say(self, topic: str, message) -> None:
        """The gateway publishes."""
        self.receive(mqtt.encode_publish(topic, encode(message), 0))
        self.pump()

    def beat(self) -> None:
        """The gateway's beat."""
        beat = GatewayState(
            state="online", epoch=9, connection=1, at_ms=self.now_ms + 1, protocol="1.0"
        )
        self.say(topics.gateway_topic(HALL), beat)

    def happen(self) -> None:
        """A new picture or job, a device that acts, and the acknowledgements."""
        self.number += 1
        for kinds, channel in (
            (want_kinds(self.kind), topics.WANT),
            (job_kinds(self.kind), topics.JOB),
        ):
            if kinds:
                self.say(topics.node_topic(HALL, NODE, channel), full(kinds[0], self.number))
        if self.kind in KEYED:
            for level in (1, 0):
                self.node.input(self.now_ms, (events.KEY, self.number % 5, level))
                self.run(100)
        elif self.kind == "ticket":
            self.node.input(self.now_ms, (events.TOUCH, "vat"))
        self.pump()
        ack = Ack(boot=1, seq=0x7FFFFFFF, result="ok", first=None, why="", cumulative=True)
        self.say(topics.node_topic(HALL, NODE, topics.ACK), ack)

    def run(self, duration_ms: int) -> None:
        """Time passes."""
        end_ms = self.now_ms + duration_ms
        while True:
            wake = self.node.wake_at()
            if wake is None or ticks_diff(wake, end_ms) > 0:
                break
            self.now_ms = max(self.now_ms, wake)
            self.node.wake(self.now_ms)
            self.pump()
        self.now_ms = end_ms


def live(kind: str, duration_s: int) -> None:
    """A node of this kind, for that long."""
    report_heap()
    peer = Peer(kind)
    peer.run(2000)
    peer.beat()
    peer.happen()
    assert peer.node.link_up
    assert peer.node.lease_fresh
    report_heap()
    for beat in range(duration_s // 3):
        peer.run(3000)
        peer.beat()
        if beat % 10 == 0:
            peer.happen()
    assert peer.node.bad_count == 0
    assert peer.node.lease_fresh
    report_heap()
