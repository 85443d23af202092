"""A node's runtime, sans-IO: MQTT session, outbox, lease and logic put together.

The same source runs on the ESP32, on a Pi and in the simulator. The shell around it owns the
socket, the clock, the flash and the pins. Its contract, after every call into a `Node`:
 1. apply `take_effects()` in order (a ("store", key, value) must be durable before the next one);
 2. send `take_output()`; an output must never overtake the effects of the same call;
 3. `wants_close`: close the socket and call `connection_lost`; `wants_connection`: dial once, then
    call `connection_made` or `connection_refused`;
 4. call `wake` at `wake_at()`, earlier does no harm.
The life of a node: `input(now, ("restore", {key: bytes}))` with what was stored, the levels of keys
that are down, `input(now, ("start",))`, then everything else.

Rules:
- client id = user name = node id; the will, NodeState `lost`, names its (boot, connection);
- subscribe first; when the broker has granted it publish the birth, what is shown, and everything
  unsettled. Only then is the link up;
- a gateway that connects anew is told the birth once more: the broker may have kept a late will;
- a want counts when its (epoch, rev) is newer than the one shown; what is shown is published after
  it is applied, when it is wanted once more, and when the lease comes or goes;
- a report leaves the outbox by the gateway's Ack only; those of `kept_kinds` are stored as well;
- what concerns an update goes to `updater.receive(now_ms, message)`, on nodes that have one;
- bad bytes from the broker change nothing; they are counted, and told every LOG_EVERY_MS at most;
- dialling again waits as backoff.py says. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.lease import Lease
from firmware.logic.registry import job_kinds, kept_kinds, want_kinds
from firmware.logic.timers import earliest, is_due
from firmware.shell.backoff import Backoff
from firmware.shell.kept import OUTBOX_KEY, decode_kept, encode_kept
from protocols import topics
from protocols.messages.node import Ack, GatewayState, JobResult, NodeLog, NodeState, Shown
from protocols.messages.service import SERVICE_JOBS, Block, Identify, UpdateOffer, UpdateState
from protocols.mqtt_packets import SUBSCRIBE_REFUSED
from protocols.mqtt_session import ClientSession
from protocols.outbox import Entry, Outbox
from protocols.ticks import ticks_add
from protocols.utf8 import shortened
from protocols.wire import PROTOCOL_VERSION, Message, Stamp, WireError, decode, encode

LOG_EVERY_MS = 10000
LOG_BYTES_MAX = 200
# Ages and the gateway's clock are carried forward at least this often (37 h), before ticks wrap.
ROLL_MS = 1 << 27


class Node:
    """One node of a hall. `jitter(limit)` returns a whole number 0..limit-1 by chance.

    To read at any time: link_up, lease_fresh, gateway (epoch, connection) as last heard, (0, 0):
    never, wants_connection, wants_close, want_key (epoch, rev), outbox_size, connection (how many
    in this boot), bad_count (messages refused), close_reason (of the last connection).
    """

    def __init__(  # type: ignore[no-untyped-def]  # jitter: the subset has no Callable
        self,
        hall: str,
        node_id: str,
        kind: str,
        board: str,
        firmware_version: str,
        boot: int,
        logic: Logic,
        jitter,
        keepalive_s: int = 15,
        password: bytes | None = None,
        updater=None,
    ) -> None:
        self.hall = hall
        self.node_id = node_id
        self.kind = kind
        self.board = board
        self.firmware_version = firmware_version
        self.boot = boot
        self.logic = logic
        self._backoff = Backoff(jitter)
        self._updater = updater
        self._session = ClientSession(node_id, keepalive_s, node_id, password)
        self._outbox = Outbox(boot)
        self._lease = Lease()
        self._wants = want_kinds(kind)
        self._jobs = job_kinds(kind) + SERVICE_JOBS
        self._kept = kept_kinds(kind)
        self._gateway_topic = topics.gateway_topic(hall)
        self._want_topic = topics.node_topic(hall, node_id, topics.WANT)
        self._ack_topic = topics.node_topic(hall, node_id, topics.ACK)
        self._job_topic = topics.node_topic(hall, node_id, topics.JOB)
        self._block_topic = topics.node_topic(hall, node_id, topics.BLOCK)
        self._effects: list[tuple] = []
        self.link_up = False
        self.lease_fresh = False
        self.gateway = (0, 0)
        self.wants_connection = False
        self.wants_close = False
        self.want_key = (-1, -1)
        self.connection = 0
        self.bad_count = 0
        self.close_reason = ""
        self._dial_at: int | None = None
        self._told_age_ms = 0  # of the outbox, as last published
        self._leaving = False
        self._log_free_at: int | None = None  # no complaint before this
        self._roll_at: int | None = None

    @property
    def outbox_size(self) -> int:
        """How many reports are unsettled."""
        return len(self._outbox.entries)

    # ---- connection ----

    def connection_made(self, now_ms: int) -> None:
        """The socket is open."""
        self.connection += 1
        self.wants_connection = False
        self._dial_at = None
        will = encode(self._state("lost"))
        self._session.set_will((self._topic(topics.STATE), will, 1, True))
        self._session.connection_made(now_ms)

    def connection_refused(self, now_ms: int) -> None:
        """Dialling failed."""
        self._dial_later(now_ms)

    def connection_lost(self, now_ms: int) -> None:
        """The socket is closed, by whichever side."""
        self._session.connection_lost(now_ms)
        self._pump(now_ms)
        self.wants_close = False
        self._dial_later(now_ms)

    def receive(self, now_ms: int, data: bytes) -> None:
        """Bytes from the socket, cut anyhow."""
        self._session.receive(now_ms, data)
        self._check_lease(now_ms)
        self._pump(now_ms)
        self._flush(now_ms)

    def leave(self, now_ms: int) -> None:
        """Say goodbye and do not come back: for an orderly switching off."""
        self._leaving = True
        self.wants_connection, self._dial_at = False, None
        if self.connection:  # else nobody has heard of us
            self._publish(now_ms, topics.STATE, encode(self._state("bye")))
        self._session.disconnect(now_ms)
        self._pump(now_ms)

    # ---- world and time ----

    def input(self, now_ms: int, event: tuple) -> None:
        """An event of the devices, ("restore", {key: bytes}) or ("start",)."""
        if event[0] == events.RESTORE:
            self._restore(now_ms, event[1])
            return
        if event[0] == events.START:
            self._dial_at = ticks_add(now_ms, self._backoff.first_ms())
            self._roll_at = ticks_add(now_ms, ROLL_MS)
        self._check_lease(now_ms)
        self._step(now_ms, event)
        self._flush(now_ms)

    def wake(self, now_ms: int) -> None:
        """Time has passed."""
        self._session.wake(now_ms)
        self._pump(now_ms)
        self._check_lease(now_ms)
        if is_due(self.logic.wake_at(), now_ms):
            self._step(now_ms, (events.TICK,))
        self._flush(now_ms)
        if is_due(self._log_free_at, now_ms):
            self._log_free_at = None
        if is_due(self._dial_at, now_ms):
            self._dial_at = None
            self.wants_connection = True
        if is_due(self._roll_at, now_ms):
            self._roll_at = ticks_add(now_ms, ROLL_MS)
            self._outbox.oldest_age_ms(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is to be called at the latest."""
        resend_at = self._outbox.wake_at() if self.link_up else None
        return earliest(
            (self._session.wake_at(), self._lease.wake_at(), self.logic.wake_at(), resend_at)
            + (self._log_free_at, self._dial_at, self._roll_at)
        )

    def take_effects(self) -> list[tuple]:
        """What the devices and the store have to do, in order."""
        effects = self._effects
        self._effects = []
        return effects

    def take_output(self) -> bytes:
        """What to send; only after the effects are applied."""
        return self._session.take_output()

    # ---- for the technician ----

    def log(self, now_ms: int, level: str, text: str) -> None:
        """A line: "info", "warning" or "error". Not heard while there is no connection."""
        self.tell(now_ms, NodeLog(level=level, text=shortened(text, LOG_BYTES_MAX)))  # type: ignore[arg-type]  # the field checks it

    def tell(self, now_ms: int, message: Message, channel: topics.Channel = topics.LOG) -> None:
        """Publish what is no report, once; not heard while there is no connection."""
        self._publish(now_ms, channel, encode(message))

    # ---- inside ----

    def _topic(self, channel: topics.Channel) -> str:
        return topics.node_topic(self.hall, self.node_id, channel)

    def _state(self, state: str) -> NodeState:
        return NodeState(
            state=state,  # type: ignore[arg-type]  # online, bye, lost: the field checks it
            boot=self.boot,
            connection=self.connection,
            protocol=PROTOCOL_VERSION,
            firmware=self.firmware_version,
            board=self.board,
            kind=self.kind,  # type: ignore[arg-type]  # one of the registry's kinds
        )

    def _dial_later(self, now_ms: int) -> None:
        self.wants_connection = False
        if not self._leaving:
            self._dial_at = ticks_add(now_ms, self._backoff.next_ms())

    def _pump(self, now_ms: int) -> None:
        happened = self._session.take_events()
        while happened:
            self._take_events(now_ms, happened)
            happened = self._session.take_events()  # what this node did may have closed it

    def _take_events(self, now_ms: int, happened: list[tuple]) -> None:
        for event in happened:
            kind = event[0]
            if kind == "message":
                self._message(now_ms, event[1], event[2], event[4])
            elif kind == "connected":
                down = topics.down_filter(self.hall, self.node_id)
                self._session.subscribe(now_ms, [(down, 1), (self._gateway_topic, 0)])
            elif kind == "subscribed":
                self._subscribed(now_ms, event[2])
            elif kind == "closed":
                self.close_reason = event[1]
                self.wants_close = True
                self._set_link(now_ms, False)

    def _subscribed(self, now_ms: int, granted: bytes) -> None:
        if SUBSCRIBE_REFUSED in granted:
            self.log(now_ms, "error", f"{self.node_id} may not subscribe; check its credential")
            self._session.disconnect(now_ms)
            return
        self._backoff.came_up()
        self._publish(now_ms, topics.STATE, encode(self._state("online")))
        self._set_link(now_ms, True)
        self._publish_shown(now_ms)
        self._outbox.send_all_again(now_ms)

    def _set_link(self, now_ms: int, up: bool) -> None:
        if up != self.link_up:
            self.link_up = up
            self._step(now_ms, (events.LINK, up))

    def _publish(self, now_ms: int, channel: topics.Channel, payload: bytes) -> None:
        # Nothing is lost when it is not: states are published again after the next SUBACK, reports
        # are in the outbox.
        if self._session.connected:
            topic = self._topic(channel)
            self._session.publish(now_ms, topic, payload, channel.qos, channel.retain)

    def _publish_shown(self, now_ms: int) -> None:
        epoch, rev = self.want_key
        if epoch >= 0 and self.link_up:
            self._told_age_ms = self._outbox.oldest_age_ms(now_ms)
            shown = Shown(
                epoch=epoch, rev=rev, fresh=self.lease_fresh, outbox_age_ms=self._told_age_ms
            )
            self._publish(now_ms, topics.SHOWN, encode(shown))

    def _complain(self, now_ms: int, text: str) -> None:
        self.bad_count += 1
        if self._log_free_at is None:
            self._log_free_at = ticks_add(now_ms, LOG_EVERY_MS)
            self.log(now_ms, "warning", f"{self.bad_count} bad messages, the last: {text}")

    # ---- messages from the broker ----

    def _message(self, now_ms: int, topic: str, payload: bytes, retained: bool) -> None:
        try:
            if topic == self._gateway_topic:
                state = decode(payload, (GatewayState,))
                self._lease.hear(now_ms, state, not retained)  # type: ignore[arg-type]  # is one
                self._check_lease(now_ms)
            elif topic == self._want_topic:
                self._take_want(now_ms, decode(payload, self._wants))
            elif topic == self._ack_topic:
                self._take_ack(now_ms, decode(payload, (Ack,)))  # type: ignore[arg-type]  # is one
            elif topic == self._job_topic and not retained:
                self._take_job(now_ms, decode(payload, self._jobs))
            elif topic == self._block_topic and self._updater is not None and not retained:
                self._updater.receive(now_ms, decode(payload, (Block,)))
            else:
                self._complain(now_ms, f"nothing belongs on {topic}")
        except WireError as error:
            self._complain(now_ms, f"{topic}: {error}")

    def _take_job(self, now_ms: int, job: Message) -> None:
        if isinstance(job, Identify):
            self.log(now_ms, "info", f"here I am, for {job.seconds} s")
            self._step(now_ms, (events.IDENTIFY, 1000 * job.seconds, self.node_id))
        elif not isinstance(job, UpdateOffer):
            self._step(now_ms, (events.JOB, job))
        elif self._updater is not None:
            self._updater.receive(now_ms, job)
        else:
            why = "this node is not updated over the air"
            told = UpdateState(
                release=job.release, state="refused", done_bytes=0, total_bytes=0, why=why
            )
            self.tell(now_ms, told)

    def _take_want(self, now_ms: int, want) -> None:  # type: ignore[no-untyped-def]  # any *Want
        key = (want.epoch, want.rev)
        if key > self.want_key:
            self.want_key = key
            self._step(now_ms, (events.WANT, want))
        if key == self.want_key:
            # Also when it is the same again: the gateway asks because what was shown got lost.
            self._publish_shown(now_ms)

    def _take_ack(self, now_ms: int, ack: Ack) -> None:
        settled = self._outbox.settle(ack.boot, ack.seq, ack.cumulative)
        if any(isinstance(entry.message, self._kept) for entry in settled):
            self._store_outbox()
        for entry in settled:
            told = ack
            if entry.seq != ack.seq:
                # Settled along with a later one: what came of this one was not told.
                told = Ack(
                    boot=entry.boot,
                    seq=entry.seq,
                    result="dup",
                    first=None,
                    why="",
                    cumulative=True,
                )
            self._step(now_ms, (events.ACK, told, entry.message))
        if self._told_age_ms > 0 and not self._outbox.entries:
            # The technician was told of a backlog; it is gone.
            self._publish_shown(now_ms)

    def _check_lease(self, now_ms: int) -> None:
        self._lease.wake(now_ms)
        if self.gateway != self._lease.heard:
            self.gateway = self._lease.heard
            self._publish(now_ms, topics.STATE, encode(self._state("online")))
        if self._lease.fresh != self.lease_fresh:
            self.lease_fresh = self._lease.fresh
            self._step(now_ms, (events.LEASE, self.lease_fresh))
            self._publish_shown(now_ms)

    # ---- logic and outbox ----

    def _step(self, now_ms: int, event: tuple) -> None:
        refused = []
        for effect in self.logic.step(now_ms, event):
            if effect[0] == events.LOG:
                self.log(now_ms, effect[1], effect[2])
            elif effect[0] != events.REPORT:
                self._effects.append(effect)
            elif not self._outbox.add(now_ms, effect[1]):
                refused.append(effect[1])
            elif isinstance(effect[1], self._kept):
                self._store_outbox()
        for report in refused:
            self._step(now_ms, (events.FULL, report))

    def _flush(self, now_ms: int) -> None:
        if self.link_up and self._outbox.entries:
            for entry in self._outbox.due(now_ms):
                self._send(now_ms, entry)

    def _send(self, now_ms: int, entry: Entry) -> None:
        heard_ms = self._lease.heard_ms(now_ms)
        stamp = Stamp(entry.boot, entry.seq, entry.age_ms, self.gateway[0], heard_ms)
        channel = topics.RESULT if isinstance(entry.message, JobResult) else topics.EVENT
        self._publish(now_ms, channel, encode(entry.message, stamp))

    def _store_outbox(self) -> None:
        self._effects.append((events.STORE, OUTBOX_KEY, encode_kept(self._outbox, self._kept)))

    def _restore(self, now_ms: int, stored: dict[str, bytes]) -> None:
        kept, problem = decode_kept(stored.get(OUTBOX_KEY, b""), self._kept)
        if problem:
            self._complain(now_ms, f"stored {OUTBOX_KEY}: {problem}")
        self._outbox.restore(now_ms, kept)
        self._step(now_ms, (events.RESTORE, stored, [message for _, _, message in kept]))
