"""The gateway without its sockets: inputs wait, are decided together, leave after the commit.

The path of one press: `receive` queues it; `prepare` drops it when it was settled before, else asks
the rules, and collects the records of everything that waits; the caller appends them to the journal
in one transaction; `committed` then gives the effects: acknowledgements, wants, jobs, answers.

Rules:
- pure: no clock, no socket, no journal, no random source inside. `now_ms` is steady milliseconds;
  `clock` maps them to hall time;
- nothing leaves before its records are durable; when the append fails the caller must drop this
  object and start again from the journal, for the state has moved ahead of it;
- between `prepare` and `committed` the views still show what was committed before.
"""

from collections.abc import Callable
from typing import Literal

from gateway.config import HallConfig, Node
from gateway.core.clock import HallClock
from gateway.core.delivery import Delivery
from gateway.core.effects import Effect, Publish
from gateway.core.json import JsonObject
from gateway.core.presence import NodePresence
from gateway.hall import Batch, Hall, Report, Request
from gateway.journal.records import Record
from gateway.service import Service
from gateway.systems.calling import commands, devices, views
from gateway.systems.calling.fit import missing_of_today
from protocols.catalogue import messages_on
from protocols.messages.node import GatewayState, NodeState, Shown
from protocols.topics import (
    ACK,
    BEAT,
    GET,
    JOB,
    LOG,
    STATE,
    WANT,
    gateway_topic,
    node_topic,
    parse,
)
from protocols.wire import PROTOCOL_VERSION, WireError, decode, encode

BEAT_MS = 3_000
# Nodes come back together after a broker's restart; one beat serves all that came in a second.
BIRTH_BEAT_MS = 1_000
# Kinds whose picture depends on their own window alone.
_OF_ONE_WINDOW = ("sign", "lamp", "rating")
REFRESH_MS = 60_000


class Engine:
    """One hall, from its journal to its effects. See the rules at the top."""

    def __init__(self, config: HallConfig, clock: HallClock, make_token: Callable[[], str]) -> None:
        self.config = config
        self.clock = clock
        self.seq = 0
        self.presence = {node.id: NodePresence() for node in config.nodes}
        self.rejected = 0  # messages no rule could read
        # The walls first: a whole hall looks at them, and they need not wait for thirty pads.
        self._nodes = sorted(config.nodes, key=lambda node: node.kind != "wall")
        self.service = Service([node.id for node in config.nodes])
        self._hall = Hall(config, clock, make_token)
        self._delivery = Delivery()
        self._inputs: list[Report | Request] = []
        self._request_number = 0
        self._in_flight: Batch | None = None
        self._view: JsonObject | None = None  # None: nobody has looked yet
        self._view_is_old = False
        self._connection, self._connected = 1, False  # the first one, until there is a broker
        self._online: set[str] = set()
        self._refresh_ms = 0  # when all wants are published again
        self._beat_ms = 0
        self._now_ms = 0  # of the latest round

    # --- recovery

    @property
    def epoch(self) -> int:
        """Of this gateway; rises with every start."""
        return self._hall.state.epoch

    def restore(self, state: JsonObject) -> None:
        """Take over a snapshot that `snapshot` made, before any `fold`."""
        self._hall.restore(state)

    def fold(self, record: Record) -> None:
        """Replay one record of the journal."""
        self._hall.fold(record)
        self.seq = record.seq

    def snapshot(self) -> JsonObject:
        """The whole committed state as JSON; equal to that of a full replay."""
        assert self._in_flight is None, "a snapshot holds committed events only"
        return self._hall.snapshot()

    def missing_of_today(self, now_ms: int) -> list[str]:
        """What this day's tickets name and the hall file lacks; must be empty before `start`."""
        return missing_of_today(self.config, self._hall.state.calling, self.clock.hall_ms(now_ms))

    def carry_clock_on(self, now_ms: int, boot: str, last_event_ms: int) -> None:
        """Before `start`: let hall time run on from the start before, if that was in this boot."""
        mark = self._hall.state.mark
        hall_ms = None if mark is None else mark.carried_ms(boot, now_ms)
        if hall_ms is not None:
            self.clock.carry_on(now_ms, hall_ms, last_event_ms)

    def start(self, now_ms: int, boot: str = "") -> Batch:
        """Open a new epoch; its batch must be committed before anything else.

        `boot` names the boot of the machine, "" when it has no name.
        """
        self._now_ms = now_ms
        batch = self._in_flight = self._hall.start(now_ms, boot)
        self.service.lines.begin(self.epoch)
        return batch

    # --- inputs

    def will(self, connection: int) -> Publish:
        """What the broker must say when the gateway's `connection` (1, 2, ...) breaks."""
        return self._gateway_state("lost", connection, 0)

    def farewell(self, now_ms: int) -> Publish:
        """What to publish before a clean stop: displays stop trusting their pictures at once."""
        return self._gateway_state("bye", self._connection, now_ms)

    def _gateway_state(
        self, state: Literal["online", "bye", "lost"], connection: int, now_ms: int
    ) -> Publish:
        message = GatewayState(
            state=state,
            epoch=self.epoch,
            connection=connection,
            at_ms=max(0, now_ms - self._hall.started_ms),
            protocol=PROTOCOL_VERSION,
        )
        topic = gateway_topic(self.config.hall.id)
        # The beat itself may be lost; what changes the picture of the gateway may not.
        qos = BEAT.qos if state == "online" else 1
        return Publish(topic, encode(message), qos, BEAT.retain)

    def broker_connected(self, now_ms: int, connection: int) -> None:
        """Connected and subscribed: everything is published anew, the broker may know nothing."""
        self._connection = connection
        self._connected = True
        self._refresh_ms = now_ms
        self._beat_ms = now_ms
        self._online.clear()
        self._delivery.jobs.clear()
        self.service.broker_connected()

    def broker_lost(self) -> None:
        """Nothing can be published; nodes find out by their lease."""
        self._connected = False

    def receive(self, now_ms: int, topic: str, payload: bytes, kept: bool = False) -> bool:
        """A message of a node; one that cannot be read is counted. `kept`: said by the broker.

        Whether a round may have something to do now: most messages only say what is shown.
        """
        parsed = parse(topic)
        node = self.config.node_by_id.get(parsed[1]) if parsed else None
        if parsed is None or node is None or parsed[0] != self.config.hall.id:
            self.rejected += 1
            return False
        channel = parsed[2]
        presence = self.presence[node.id]
        if channel is LOG or channel is GET:
            hall_ms = self.clock.hall_ms(now_ms)
            if self.service.hear(node.id, channel, payload, now_ms, hall_ms):
                # Never kept by the broker, so whoever says it is there.
                self._is_there(node.id, now_ms)
            else:
                presence.rejected += 1
            return True
        if channel.writer != "node" or (channel is STATE and not payload):
            presence.rejected += 1
            return False
        try:
            message = decode(payload, messages_on(channel))
        except WireError:
            presence.rejected += 1
            return False
        if isinstance(message, NodeState):
            self._note_life(node.id, message, now_ms)
            return True
        if isinstance(message, Shown):
            # Also mends a late will that the broker kept: a sign or a lamp reports nothing.
            is_news = not kept and self._is_there(node.id, now_ms)
            presence.note_shown(message)
            if message.epoch == self.epoch:
                self._delivery.confirm(node.id, message.rev)
            return is_news
        presence.reports += 1
        self._is_there(node.id, now_ms)
        assert isinstance(message, devices.Report), "the channels carry nothing else"
        assert message.stamp is not None, "decode stamps every report"
        self._inputs.append(Report(node, message, message.stamp))
        return True

    def _is_there(self, node: str, now_ms: int) -> bool:
        """It said something itself, just now; whether that is news."""
        presence = self.presence[node]
        presence.last_seen_ms = now_ms
        if node in self._online:
            return False
        # Its birth was lost on the way, or an old will came after it.
        presence.state = "online"
        self._comes_online(node, now_ms)
        return True

    def _comes_online(self, node: str, now_ms: int) -> None:
        self._online.add(node)
        self._delivery.node_is_back(node, now_ms)
        self.service.node_is_back(node, now_ms)

    def _note_life(self, node: str, message: NodeState, now_ms: int) -> None:
        presence = self.presence[node]
        what = presence.note_state(message)
        if what == "ignored":
            return
        if not presence.online:
            self._online.discard(node)
            return
        presence.last_seen_ms = now_ms
        self.service.note_boot(node, message.boot)
        if what == "born" or node not in self._online:
            self._comes_online(node, now_ms)
            # Its lease starts with the next live beat; it should not have to wait for it.
            self._beat_ms = min(self._beat_ms, max(now_ms, self._beat_ms - BEAT_MS + BIRTH_BEAT_MS))

    def request(self, key: str, principal: str, command: commands.Command) -> int:
        """A call with its idempotency key; the number that its `Answer` will carry."""
        self._request_number += 1
        self._inputs.append(Request(self._request_number, key, principal, command))
        return self._request_number

    # --- one round

    @property
    def has_work(self) -> bool:
        """Inputs wait for `prepare`."""
        return bool(self._inputs)

    def wake_at(self) -> int:
        """Steady time of the next round that is due though nothing arrives."""
        due = [self.clock.steady_ms(self._hall.due_ms(self._now_ms))]
        if self._connected:
            due += [self._beat_ms, self._refresh_ms]
            resends = (self._delivery.wake_at(self._online), self.service.wake_at(self._online))
            due += [resend for resend in resends if resend is not None]
        return min(due)

    def prepare(self, now_ms: int) -> Batch:
        """Decide everything that waits and everything that is due."""
        assert self._in_flight is None, "one batch at a time"
        if self._view_is_old:
            # Seldom: pages look as soon as effects are gone, so a press does not wait for this.
            self._look()
        batch = self._in_flight = Batch()
        self._now_ms = now_ms
        self._hall.pass_time(batch, now_ms)
        inputs, self._inputs = self._inputs, []
        for item in inputs:
            if isinstance(item, Report):
                if self._hall.settle_report(batch, item, now_ms) == "dup":
                    self.presence[item.node.id].duplicates += 1
            else:
                self._hall.settle_request(batch, item, now_ms)
        return batch

    def committed(self, batch: Batch, records: list[Record], now_ms: int) -> list[Effect]:
        """The batch is durable as `records`; what may now leave the gateway, in order."""
        assert batch is self._in_flight, "committed answers the latest prepare"
        self._in_flight = None
        if records:
            self.seq = records[-1].seq
            self._view_is_old = self._view is not None
        effects: list[Effect] = list(batch.answers)
        if not self._connected:
            return effects
        effects += self._beat(now_ms)
        # Pictures before acknowledgements: when a pad hears "done" it shows the new turn already,
        # so the next press of a quick hand is not refused as made against the old one.
        effects += self._wants(now_ms)
        for node, ack in batch.acks:
            topic = node_topic(self.config.hall.id, node, ACK)
            effects.append(Publish(topic, encode(ack), ACK.qos, ACK.retain))
        effects += self._jobs(now_ms)
        # Last, and bounded: whatever nodes tell or fetch, nobody's press waits for it.
        for node, channel, message in self.service.due(now_ms, self._online):
            topic = node_topic(self.config.hall.id, node, channel)
            effects.append(Publish(topic, encode(message), channel.qos, channel.retain))
        return effects

    def _beat(self, now_ms: int) -> list[Effect]:
        if now_ms < self._beat_ms:
            return []
        self._beat_ms = now_ms + BEAT_MS
        return [self._gateway_state("online", self._connection, now_ms)]

    def _wants(self, now_ms: int) -> list[Effect]:
        self._revise_wants(now_ms)
        if now_ms >= self._refresh_ms:
            self._refresh_ms = now_ms + REFRESH_MS
            self._delivery.send_wants_again(now_ms)
        hall = self.config.hall.id
        return [
            Publish(node_topic(hall, node, WANT), payload, WANT.qos, WANT.retain)
            for node, payload in self._delivery.wants_due(now_ms, self._online)
        ]

    def _revise_wants(self, now_ms: int) -> None:
        if self._hall.changed is not None and not self._hall.changed:
            return
        changed, self._hall.changed = self._hall.changed, set()
        calling = self._hall.state.calling
        for node in self._nodes:
            # A pad also counts who waits, which every window changes.
            if changed is not None and node.kind in _OF_ONE_WINDOW and node.window not in changed:
                continue
            content = devices.want(self.config, calling, node, self.epoch, 0)
            if content is None:
                continue
            rev = self._delivery.next_rev(node.id, content)
            if rev is not None:
                content_at_rev = devices.want(self.config, calling, node, self.epoch, rev)
                assert content_at_rev is not None, "the same node shows something"
                self._delivery.revise(node.id, content, rev, encode(content_at_rev), now_ms)

    def _jobs(self, now_ms: int) -> list[Effect]:
        calling, hall_ms = self._hall.state.calling, self.clock.hall_ms(now_ms)
        jobs = devices.open_jobs(self.config, calling)
        nodes = dict(jobs)
        effects: list[Effect] = []
        for job in self._delivery.jobs_due(now_ms, jobs, self._online):
            boot = self.presence[nodes[job]].boot
            payload = encode(devices.job_message(self.config, calling, job, hall_ms, boot))
            topic = node_topic(self.config.hall.id, nodes[job], JOB)
            effects.append(Publish(topic, payload, JOB.qos, JOB.retain))
        return effects

    # --- views of what is committed; plain JSON

    @property
    def in_flight(self) -> bool:
        """A batch waits for its commit; `ticket_view` and `snapshot` must wait for it too."""
        return self._in_flight is not None

    def hall_view(self, now_ms: int) -> JsonObject:
        """The whole hall for pages, as of the last commit; see `calling.views`."""
        if self._view is None or (self._view_is_old and self._in_flight is None):
            assert self._in_flight is None, "look once before the first batch"
            self._look()
        assert self._view is not None, "looked just now"
        return {
            **self._view,
            "seq": self.seq,
            "epoch": self.epoch,
            "at_ms": self.clock.hall_ms(now_ms),
        }

    def _look(self) -> None:
        self._view = views.hall_view(self.config, self._hall.state.calling)
        self._view_is_old = False

    def nodes_view(self, now_ms: int) -> list[JsonObject]:
        """Every node: life, health, what it shows against what it should, reports, duplicates."""
        return [self._node_view(node, now_ms) for node in self.config.nodes]

    def _node_view(self, node: Node, now_ms: int) -> JsonObject:
        presence = self.presence[node.id]
        want = self._delivery.wants.get(node.id)
        return {
            "id": node.id,
            "kind": node.kind,
            "window": node.window,
            "window_label": self.config.windows[node.window].label if node.window else None,
            "board": presence.board or node.board,
            "want_rev": want.rev if want else None,
            **presence.view(now_ms, self.epoch),
            **self.service.view(node.id, now_ms),
        }

    def can_reach(self, node: str) -> bool:
        """Whether the node would hear what is published for it now."""
        return self._connected and node in self._online

    def ticket_view(self, key: str) -> JsonObject | None:
        """One ticket by its id or its token, or None."""
        return views.ticket_view(self.config, self._hall.state.calling, key)

    def holder_of(self, ticket: str) -> list[str] | None:
        """What is sealed of who holds it, or None when there is no such ticket today."""
        return views.holder_of(self._hall.state.calling, ticket)
