"""A whole node with its broker and gateway, over MQTT bytes with faults. MicroPython subset.

Lines are the effects, the bytes sent, and (~) what can be read off the node after each happening.
"""

from firmware.logic import events
from firmware.logic.registry import job_kinds, make_logic, want_kinds
from firmware.shell.node import Node
from protocols import mqtt, topics
from protocols.messages.node import Ack, GatewayState
from protocols.messages.service import Identify
from protocols.mqtt_broker_side import Connect, Pingreq, Subscribe, encode_connack, encode_suback
from protocols.mqtt_packets import PINGRESP_BYTES, MqttError, Publish
from protocols.ticks import TICKS_MASK, ticks_add, ticks_diff
from protocols.wire import Message, encode
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.messages import any_message
from simulator.vm.differential.shown import show

HALL = "lf"
NODE = "n1"
KEYS = {"pad": 9, "rating": 5}
PAUSES_MS = (0, 1, 20, 25, 100, 900, 1000, 3000, 11000, 3600000)
NOISE: tuple[bytes, ...] = (
    b"",
    b"{",
    b'{"k":"ack"}',
    b"\xff\xfe",
    '{"k":"窗口","v":1}'.encode(),
    b'{"k":[1.5]}',
)
NOISE += (b'{"k":"ack","v":1,"boot":"\\u7a97"}', b'{"k":"ack","v":1,"boot":{"b":1,"a":2}}')


class Peer:
    """The shell, the broker and the gateway of one node."""

    def __init__(self, kind: str, chance: Chance, say) -> None:
        self.kind = kind
        self.chance = chance
        self.say = say
        self.stored: dict[str, bytes] = {}
        self.boots = 0
        self.rev = 0
        self.at_ms = 0
        self.jobs: list[str] = []
        self.now_ms = chance.pick((0, 99999, TICKS_MASK - 40000))
        self.power_on()

    def power_on(self) -> None:
        """A new node with what the one before stored."""
        self.boots += 1
        self.open = False
        self.mute = False
        self.last_seq = 0
        logic = make_logic(self.kind)
        below = self.chance.below
        self.node = Node(HALL, NODE, self.kind, "virtual", "1.0.0", self.boots, logic, below)
        self.levels = [0] * 9
        self.node.input(self.now_ms, (events.RESTORE, self.stored))
        self.node.input(self.now_ms, (events.START,))
        self.pump()

    def pump(self) -> None:
        """Effects first, then bytes, then the socket: the contract of a shell."""
        while True:
            for effect in self.node.take_effects():
                self.say(show(effect))
                if effect[0] == events.STORE:
                    self.stored[effect[1]] = effect[2]
            data = self.node.take_output()
            answer = b""
            if data:
                self.say("out " + show(data))
                if self.open and not self.mute:
                    for packet in self.decoder.feed(data):
                        answer += self.answer(packet)
            if self.node.wants_close:
                self.say("closed " + show(self.node.close_reason))
                self.open = False
                self.node.connection_lost(self.now_ms)
            elif answer:
                self.receive(answer)
            elif not data:
                return

    def receive(self, data: bytes) -> None:
        """Bytes to the node, in two pieces."""
        cut = self.chance.below(len(data) + 1)
        self.node.receive(self.now_ms, data[:cut])
        self.node.receive(self.now_ms, data[cut:])

    def answer(self, packet: object) -> bytes:
        """What the broker says to a packet."""
        if isinstance(packet, Connect):
            return encode_connack(False, 0 if self.chance.below(8) else 3)
        if isinstance(packet, Subscribe):
            granted = 1 if self.chance.below(8) else 128
            return encode_suback(packet.packet_id, bytes([granted] * len(packet.filters)))
        if isinstance(packet, Pingreq):
            return PINGRESP_BYTES
        if isinstance(packet, Publish) and packet.qos:
            return mqtt.encode_puback(packet.packet_id)
        return b""

    def pass_time(self, duration_ms: int) -> None:
        """Wake the node when it asks to be."""
        end_ms = ticks_add(self.now_ms, duration_ms)
        for _ in range(30):
            wake = self.node.wake_at()
            if wake is None or ticks_diff(wake, end_ms) > 0:
                break
            if ticks_diff(wake, self.now_ms) > 0:
                self.now_ms = wake
            self.node.wake(self.now_ms)
            self.pump()
        self.now_ms = end_ms

    def publish(self, channel: str, payload: bytes, retain: bool) -> None:
        """The broker delivers a message, if the node is connected."""
        if self.open:
            qos = self.chance.below(2)
            self.receive(mqtt.encode_publish(channel, payload, qos, retain, False, 7 * qos))
            self.pump()

    def send(self, channel: topics.Channel, message: Message) -> None:
        """A message of the gateway, now and then with noise in its place."""
        payload = encode(message)
        if self.chance.one_in(16):
            payload = self.chance.pick(NOISE)
        topic = topics.node_topic(HALL, NODE, channel)
        self.publish(topic, payload, self.chance.one_in(4))

    def step(self) -> None:
        """Something happens."""
        chance = self.chance
        draw = chance.below(20)
        if self.node.wants_connection and not chance.one_in(4):
            self.dial()
        elif draw < 4:
            self.pass_time(chance.pick(PAUSES_MS))
        elif draw < 7:
            self.beat()
        elif draw < 11:
            self.device()
        elif draw < 13:
            self.want()
        elif draw < 16:
            self.acknowledge()
        elif draw == 16:
            self.give_job()
        elif draw == 17:
            self.fault()
        else:
            self.node.wake(self.now_ms)
        self.pump()
        node = self.node
        flags = (node.link_up, node.lease_fresh, node.wants_connection, node.want_key)
        counts = (node.outbox_size, node.bad_count, node.wake_at())
        self.say("~ is " + show((flags, counts)))

    def dial(self) -> None:
        """The shell dials."""
        if self.chance.one_in(5):
            self.node.connection_refused(self.now_ms)
            return
        self.decoder = mqtt.Decoder(65536)
        self.open = True
        self.mute = self.chance.one_in(10)
        self.node.connection_made(self.now_ms)
        self.pump()

    def beat(self) -> None:
        """The gateway's beat."""
        chance = self.chance
        self.at_ms += chance.pick((3000, 3000, 3000, 0))
        word = "online" if chance.below(12) else chance.pick(("bye", "lost"))
        fixed = {"state": word, "epoch": 9, "connection": self.at_ms // 600000 + 1}
        fixed["at_ms"] = self.at_ms
        state = any_message(chance, GatewayState, fixed)
        assert isinstance(state, Message)
        self.publish(topics.gateway_topic(HALL), encode(state), chance.one_in(8))

    def want(self) -> None:
        """A newer picture, or an old one once more."""
        kinds = want_kinds(self.kind)
        if kinds:
            self.rev += self.chance.below(3)
            fixed: dict[str, object] = {"epoch": 9, "rev": self.rev, "turn": self.chance.below(4)}
            if self.kind == "rating":
                fixed["visit"] = "v%d" % self.chance.below(5)
                fixed["open_ms"] = 60000
            self.send(topics.WANT, any_message(self.chance, kinds[0], fixed))  # type: ignore[arg-type]  # a message

    def acknowledge(self) -> None:
        """The gateway settles reports of this or the last boot."""
        boot = max(1, self.boots - self.chance.below(2))
        seq = self.chance.between(1, 12)
        ack = any_message(self.chance, Ack, {"boot": boot, "seq": seq})
        self.send(topics.ACK, ack)  # type: ignore[arg-type]  # a message

    def give_job(self) -> None:
        """A job, now and then one given before, or to show which node it is."""
        kinds = job_kinds(self.kind)
        if self.chance.one_in(3):
            self.send(topics.JOB, any_message(self.chance, Identify, {}))  # type: ignore[arg-type]  # a message
        elif kinds:
            if not self.jobs or self.chance.below(3):
                self.jobs.append("j%d" % len(self.jobs))
            fixed = {"id": self.chance.pick(self.jobs), "ttl_ms": self.chance.pick((0, 9000))}
            self.send(topics.JOB, any_message(self.chance, kinds[0], fixed))  # type: ignore[arg-type]  # a message

    def device(self) -> None:
        """A finger, a printer, an announcement that ended."""
        chance = self.chance
        event: tuple = (events.TICK,)
        if self.kind in KEYS:
            index = chance.below(KEYS[self.kind])
            self.levels[index] ^= 1
            event = (events.KEY, index, self.levels[index])
        elif self.kind == "ticket":
            draw = chance.below(3)
            if draw == 0:
                paper = chance.pick(("ok", "ok", "out"))
                event = (events.PRINTER, paper, "closed", "none")
            elif draw == 1:
                event = (events.TOUCH, chance.pick(("a", "vat")))
            elif self.jobs:
                event = (events.PRINTED, chance.pick(self.jobs))
        elif self.kind == "voice":
            event = (events.SPOKEN, chance.pick(self.jobs + ["identify"]))
        self.node.input(self.now_ms, event)
        self.pump()
        self.pass_time(chance.pick((0, 25, 25, 100)))

    def fault(self) -> None:
        """The network, the broker, the power or a byte fails."""
        draw = self.chance.below(4)
        if draw == 0 and self.open:
            self.open = False
            self.node.connection_lost(self.now_ms)
        elif draw == 1:
            self.mute = not self.mute
        elif draw == 2 and self.open:
            self.receive(self.chance.bytes(3))
        elif draw == 3:
            self.power_on()


def drive(kind: str, chance: Chance, steps: int, say) -> None:
    """`steps` happenings."""
    peer = Peer(kind, chance, say)
    for _ in range(steps):
        try:
            peer.step()
        except MqttError as error:
            say(show(error))
    say("~ stored " + show(peer.stored))
