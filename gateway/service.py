"""The technician's side of the gateway: how nodes are, what they say, identifying, updating.

Rules:
- nothing here changes the hall or is journalled: after a restart of the gateway nodes say again how
  they are, and an order to update is given anew;
- an order to update is resent by the rules of `Delivery` until the node says `refused`, `confirmed`
  or `returned`, or tells in its health that it runs the release. A node that is at it is asked
  again only when it falls silent. Identifying is said once;
- nobody's press waits for any of it: what a node says is counted before it is read, and dropped
  beyond its allowance; of what a node wants to fetch the latest is kept, unread, and answered in
  turn, BLOCKS_AT_ONCE every BLOCKS_EVERY_MS, after everything else that leaves in a round.
Pure; times are steady milliseconds, those of lines hall time.
"""

from dataclasses import dataclass, field

from gateway.core.allowance import Allowance
from gateway.core.delivery import Delivery
from gateway.core.json import JsonObject
from gateway.core.lines import Lines
from gateway.core.releases import NoReleases, Releases
from protocols.catalogue import messages_on
from protocols.messages.node import NodeLog
from protocols.messages.service import (
    Block,
    BlockWanted,
    Identify,
    NodeHealth,
    UpdateOffer,
    UpdateState,
)
from protocols.topics import BLOCK, GET, JOB, LOG, Channel
from protocols.wire import Message, WireError, decode

LOG_BURST = 60
LOG_EVERY_MS = 200
BLOCKS_AT_ONCE = 4
BLOCKS_EVERY_MS = 10
SETTLED = ("refused", "confirmed", "returned")


@dataclass(slots=True)
class Progress:
    """How far a node is with a release; "offered" until it has said anything."""

    release: int
    state: str
    done_bytes: int
    total_bytes: int
    why: str
    at_ms: int


@dataclass(slots=True)
class NodeRecord:
    """What is known of one node."""

    boot: int = 0  # of its latest birth; 0: none has been heard
    health: NodeHealth | None = None
    health_at_ms: int = 0
    progress: Progress | None = None
    allowance: Allowance = field(default_factory=lambda: Allowance(LOG_BURST, LOG_EVERY_MS))
    dropped: int = 0  # messages since the last one that was taken


class Service:
    """See the rules at the top. `releases` is given by whoever runs the gateway."""

    def __init__(self, nodes: list[str]) -> None:
        self.releases: Releases = NoReleases()
        self.lines = Lines()
        self._records = {node: NodeRecord() for node in nodes}
        self._orders: dict[str, UpdateOffer] = {}  # by node
        self._delivery = Delivery()
        self._identify: list[tuple[str, Identify]] = []
        self._identified = 0
        self._wanted: dict[str, bytes] = {}  # node -> its latest BlockWanted, longest waiting first
        self._blocks_at_ms = 0

    # --- what nodes say

    def hear(self, node: str, channel: Channel, payload: bytes, now_ms: int, hall_ms: int) -> bool:
        """A message on up/log or up/get; False when it could not be read."""
        record = self._records[node]
        if channel is GET:
            # In the place of the one before, which keeps its turn.
            self._wanted[node] = payload
            return True
        if not record.allowance.take(now_ms):
            record.dropped += 1
            return True
        try:
            message = decode(payload, messages_on(LOG))
        except WireError:
            return False
        if record.dropped:
            text = f"{record.dropped} messages dropped: this node says too much"
            self.lines.add(node, hall_ms, "warning", text)
            record.dropped = 0
        if isinstance(message, NodeLog):
            self.lines.add(node, hall_ms, message.level, message.text)
        elif isinstance(message, NodeHealth):
            self._take_health(node, record, message, now_ms)
        elif isinstance(message, UpdateState):
            self._take_state(node, record, message, now_ms)
        return True

    def _take_health(self, node: str, record: NodeRecord, health: NodeHealth, now_ms: int) -> None:
        record.health, record.health_at_ms = health, now_ms
        order = self._orders.get(node)
        if order is not None and order.release == health.release and not health.trial:
            assert record.progress is not None, "an order has its progress"
            total = record.progress.total_bytes
            record.progress = Progress(order.release, "confirmed", total, total, "", now_ms)
            del self._orders[node]

    def _take_state(self, node: str, record: NodeRecord, told: UpdateState, now_ms: int) -> None:
        order = self._orders.get(node)
        if order is not None and order.release != told.release:
            return  # of the release before; what counts is what was ordered
        before = record.progress
        known_bytes = before.total_bytes if before and before.release == told.release else 0
        total_bytes = told.total_bytes or known_bytes
        record.progress = Progress(
            told.release, told.state, told.done_bytes, total_bytes, told.why, now_ms
        )
        if told.state in SETTLED:
            self._orders.pop(node, None)
        else:
            self._delivery.put_off(_job(node, told.release), now_ms)

    # --- what the technician asks

    def identify(self, node: str, seconds: int) -> str:
        """Have a node show which one it is; the id of the job."""
        self._identified += 1
        job = f"identify-{self._identified}"
        self._identify.append((node, Identify(id=job, seconds=seconds)))
        return job

    def runs(self, node: str, release: int) -> bool:
        """Whether the node has said that this release is its own for good."""
        health = self._records[node].health
        return health is not None and health.release == release and not health.trial

    def order_update(self, node: str, release: int, now_ms: int) -> None:
        """Offer a release to a node until it is settled; in the place of an order before."""
        offer = self.releases.offer(release)
        if self._orders.get(node) != offer:
            self._orders[node] = offer
            self._records[node].progress = Progress(
                release, "offered", 0, self._total_bytes(release), "", now_ms
            )

    def _total_bytes(self, release: int) -> int:
        sizes = {each.release: each.total_bytes for each in self.releases.newest_first()}
        return sizes[release]

    # --- what leaves

    def broker_connected(self) -> None:
        """The broker may know nothing; what was to be said once is late by now."""
        self._delivery.jobs.clear()
        self._identify.clear()

    def note_boot(self, node: str, boot: int) -> None:
        """A birth of the node: how it was in another boot says nothing any more."""
        record = self._records[node]
        if record.boot not in (0, boot):
            record.health = None
        record.boot = boot

    def node_is_back(self, node: str, now_ms: int) -> None:
        """The node is new on the network."""
        self._delivery.node_is_back(node, now_ms)

    def due(self, now_ms: int, online: set[str]) -> list[tuple[str, Channel, Message]]:
        """(node, channel, message) to publish now."""
        out: list[tuple[str, Channel, Message]] = []
        out += [(node, JOB, identify) for node, identify in self._identify]
        self._identify.clear()
        jobs = {_job(node, offer.release): node for node, offer in self._orders.items()}
        for job in self._delivery.jobs_due(now_ms, list(jobs.items()), online):
            out.append((jobs[job], JOB, self._orders[jobs[job]]))
        return [*out, *self._blocks_due(now_ms)]

    def _blocks_due(self, now_ms: int) -> list[tuple[str, Channel, Message]]:
        if not self._wanted or now_ms < self._blocks_at_ms:
            return []
        self._blocks_at_ms = now_ms + BLOCKS_EVERY_MS
        out: list[tuple[str, Channel, Message]] = []
        for node in list(self._wanted)[:BLOCKS_AT_ONCE]:
            block = self._answer(self._wanted.pop(node))
            if block is not None:
                out.append((node, BLOCK, block))
        return out

    def _answer(self, payload: bytes) -> Block | None:
        try:
            wanted = decode(payload, messages_on(GET))
        except WireError:
            return None
        assert isinstance(wanted, BlockWanted), "the channel carries nothing else"
        return self.releases.answer(wanted)

    def wake_at(self, online: set[str]) -> int | None:
        """When something is due though nothing arrives."""
        due = self._delivery.wake_at(online)
        if self._wanted:
            due = self._blocks_at_ms if due is None else min(due, self._blocks_at_ms)
        return due

    # --- views

    def view(self, node: str, now_ms: int) -> JsonObject:
        """`health` and `update` of a node, null while it has told nothing."""
        record = self._records[node]
        health: JsonObject | None = None
        if record.health is not None:
            told = record.health
            health = {name: getattr(told, name) for name, _ in told.FIELDS}
            health["at_ms_ago"] = now_ms - record.health_at_ms
        update: JsonObject | None = None
        if record.progress is not None:
            progress = record.progress
            update = {
                "release": progress.release,
                "state": progress.state,
                "done_bytes": progress.done_bytes,
                "total_bytes": progress.total_bytes,
                "why": progress.why,
                "at_ms_ago": now_ms - progress.at_ms,
            }
        return {"health": health, "update": update}


def _job(node: str, release: int) -> str:
    return f"update:{node}:{release}"
