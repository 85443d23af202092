"""Somebody with the stolen credential of a node, who says all that is not its own.

The intruder knows the protocol and the names of all nodes, guesses ids, and stops at nothing but
the credential: other nodes' topics, the gateway's, forged wills, reports of kinds its node has not,
garbage. What it hears, and what comes of what it says, is the auditor's (P13).
"""

import random
from collections.abc import Callable

from firmware.logic.lease import HEARD_MS_MAX
from gateway.config import HallConfig, Node
from protocols import topics
from protocols.messages.node import Ack, GatewayState, JobResult, NodeState, Shown
from protocols.messages.pad import PadPressed, PadSignedIn
from protocols.messages.rating import RatingGiven
from protocols.messages.sign import SignWant
from protocols.messages.ticket import PrinterChanged, ReserveTicket, ReserveWanted, TicketRequested
from protocols.mqtt_session import ClientSession
from protocols.ticks import TICKS_MASK
from protocols.wire import PROTOCOL_VERSION, Message, Stamp, decode, encode
from simulator.link import Link
from simulator.network import Network
from simulator.virtual_time import Timeline

PAUSE_MS_MIN = 400
PAUSE_MS_MAX = 4000
RECONNECT_MS = 1500
# Digits of a staff number that nobody here has.
WRONG_STAFF_NUMBER = "9999"


class Intruder:
    """`identity` is the stolen node; `heard(topic)` is told every message it gets."""

    def __init__(
        self,
        config: HallConfig,
        identity: Node,
        timeline: Timeline,
        network: Network,
        rng: random.Random,
        heard: Callable[[str], None],
    ) -> None:
        self.name = identity.id
        self._config = config
        self._identity = identity
        self._victims = [node for node in config.nodes if node.id != identity.id]
        self._timeline = timeline
        self._network = network
        self._rng = rng
        self._heard = heard
        self._link: Link | None = None
        self._until_ms = 0
        self._connections = 0
        self._seq = 0
        self._boot = rng.randint(1, 0x7FFFFFFF)
        self._epoch = 0  # of the gateway last heard
        self._session = self._new_session()

    def start(self, lasts_ms: int) -> None:
        """Come in, for so long."""
        idle = self._until_ms <= self._timeline.now_ms
        self._until_ms = self._timeline.now_ms + lasts_ms
        if idle:
            self._dial()

    def stop(self) -> None:
        """The credential is revoked."""
        self._until_ms = 0
        if self._link is not None:
            self._network.close(self._link)
            self._link = None

    def _new_session(self) -> ClientSession:
        victim = self._rng.choice(self._victims)
        # A client id that is another's, and a will that speaks for another.
        will = (self._topic(victim, topics.STATE), encode(self._state(victim, "lost")), 1, True)
        return ClientSession(victim.id, 15, self.name, self.name.encode(), will)

    # ---- the network's end ----

    def link_opened(self, link: Link) -> None:
        if self._timeline.now_ms >= self._until_ms:
            self._network.close(link)
            return
        self._link = link
        self._session.connection_made(self._ticks())
        self._pump()

    def link_refused(self) -> None:
        self._dial_later()

    def link_data(self, link: Link, data: bytes) -> None:
        if link is self._link:
            self._session.receive(self._ticks(), data)
            self._pump()

    def link_closed(self, link: Link) -> None:
        if link is self._link:
            self._link = None
            self._dial_later()

    def _dial_later(self) -> None:
        self._timeline.after(RECONNECT_MS, self._dial)

    def _dial(self) -> None:
        if self._timeline.now_ms < self._until_ms and self._link is None:
            self._session = self._new_session()
            self._network.connect(self)

    def _pump(self) -> None:
        for event in self._session.take_events():
            if event[0] == "message":
                self._heard(event[1])
                if event[1] == topics.gateway_topic(self._config.hall.id):
                    state = decode(event[2], (GatewayState,))
                    assert isinstance(state, GatewayState)
                    self._epoch = state.epoch
            elif event[0] == "connected":
                self._connections += 1
                self._session.subscribe(self._ticks(), [("#", 1), ("hk1/#", 1)])
                self._timeline.after(self._pause_ms(), self._act, self._connections)
        self._send()

    def _send(self) -> None:
        data = self._session.take_output()
        if data and self._link is not None:
            self._network.send(self._link, data)

    # ---- mischief ----

    def _act(self, connection: int) -> None:
        if connection != self._connections or self._link is None or not self._session.connected:
            return
        if self._timeline.now_ms >= self._until_ms:
            self.stop()
            return
        act = self._rng.choice(
            (
                self._speak_for_the_gateway,
                self._tell_others_what_to_show,
                self._acknowledge_for_the_gateway,
                self._report_for_others,
                self._report_for_others,
                self._bury_others,
                self._report_as_itself,
                self._report_as_itself,
                self._report_as_itself,
                self._babble,
            )
        )
        act()
        self._send()
        self._timeline.after(self._pause_ms(), self._act, connection)

    def _speak_for_the_gateway(self) -> None:
        word = self._rng.choice(("online", "bye", "lost"))
        message = GatewayState(
            state=word,  # type: ignore[arg-type]  # one of the words; the field checks it
            epoch=self._rng.choice((1, 1 << 40)),
            connection=1,
            at_ms=self._rng.randrange(1 << 30),
            protocol=PROTOCOL_VERSION,
        )
        self._publish(topics.gateway_topic(self._config.hall.id), encode(message), True)

    def _tell_others_what_to_show(self) -> None:
        victim = self._rng.choice(self._victims)
        want = SignWant(epoch=1 << 40, rev=1 << 20, mode="called", number="Z999", window="66")
        self._publish(self._topic(victim, topics.WANT), encode(want), True)

    def _acknowledge_for_the_gateway(self) -> None:
        victim = self._rng.choice(self._victims)
        ack = Ack(boot=1, seq=1 << 20, result="ok", first=None, why="", cumulative=True)
        self._publish(self._topic(victim, topics.ACK), encode(ack), False)

    def _report_for_others(self) -> None:
        victim = self._rng.choice(self._victims)
        self._report(victim, self._rng.choice(self._messages()))

    def _bury_others(self) -> None:
        victim = self._rng.choice(self._victims)
        state = self._state(victim, self._rng.choice(("lost", "bye", "online")))
        self._publish(self._topic(victim, topics.STATE), encode(state), True)

    def _report_as_itself(self) -> None:
        self._report(self._identity, self._rng.choice(self._messages()))

    def _babble(self) -> None:
        channel = self._rng.choice((topics.EVENT, topics.STATE, topics.SHOWN, topics.RESULT))
        payload = self._rng.choice(
            (
                b"",
                b"{",
                self._rng.randbytes(self._rng.randint(1, 300)),
                b'{"k":"pad_pressed","v":1}' + b" " * 2000,
                encode(Shown(epoch=1 << 40, rev=7, fresh=True, outbox_age_ms=0)),
                encode(self._state(self._identity, "online")),
            )
        )
        self._publish(self._topic(self._identity, channel), payload, channel.retain)

    def _messages(self) -> tuple[Message, ...]:
        """Reports of every kind, with ids that may be right."""
        rng = self._rng
        service = rng.choice(self._config.service)
        number = rng.randint(1, 60)
        visit = f"20261123-{service.prefix}{number:03d}"
        command = rng.choice(("next", "finish", "missed", "sign_off", "help", "help_cancel"))
        return (
            PadPressed(command=command, argument=0, seen=rng.randint(0, 40)),  # type: ignore[arg-type]  # one of them
            PadSignedIn(staff_number=WRONG_STAFF_NUMBER, seen=rng.randint(0, 3)),
            TicketRequested(service=service.code),
            PrinterChanged(paper="out", cover="open", fault="cutter"),
            RatingGiven(visit=visit, grade=1),
            JobResult(id=f"p1-{visit[9:]}-{0:012d}", state="unknown", why=""),
            ReserveWanted(reserve=""),
            ReserveTicket(
                reserve="1-1", service=service.code, number=999, issued_ms=0, printed="unknown"
            ),
        )

    def _report(self, node: Node, message: Message) -> None:
        self._seq += 1
        # As young as can be: its idea of the gateway's clock is far ahead.
        age_ms = self._rng.randint(0, 3000)
        stamp = Stamp(self._boot, self._seq, age_ms, self._epoch, HEARD_MS_MAX)
        channel = topics.RESULT if isinstance(message, JobResult) else topics.EVENT
        self._publish(self._topic(node, channel), encode(message, stamp), False)

    def _state(self, node: Node, state: str) -> NodeState:
        return NodeState(
            state=state,  # type: ignore[arg-type]  # one of the words; the field checks it
            boot=0x7FFFFFFF,
            connection=0x7FFFFFFF,
            protocol=PROTOCOL_VERSION,
            firmware="0",
            board=node.board,
            kind=node.kind,
        )

    def _topic(self, node: Node, channel: topics.Channel) -> str:
        return topics.node_topic(self._config.hall.id, node.id, channel)

    def _publish(self, topic: str, payload: bytes, retain: bool) -> None:
        if self._session.connected:
            self._session.publish(self._ticks(), topic, payload, 1, retain)

    def _pause_ms(self) -> int:
        return self._rng.randint(PAUSE_MS_MIN, PAUSE_MS_MAX)

    def _ticks(self) -> int:
        return self._timeline.now_ms & TICKS_MASK
