"""What every node says and hears, whatever its kind: life, acknowledgement, results, the beat."""

from protocols.fields import Choice, Flag, Int, Name, Nullable, Text
from protocols.wire import AGE_MS_MAX, Message

EPOCH = Int(0, 0x7FFFFFFFFFFF)
REVISION = Int(0, 0x7FFFFFFF)
JOB_ID = Text(40, 1)
NODE_KINDS = ("pad", "wall", "sign", "lamp", "ticket", "voice", "rating")


class NodeState(Message):
    """up/state, retained, and the will of each connection.

    The gateway ignores a `lost` whose (boot, connection) is older than the live birth: a broker may
    deliver the will of a dead connection after the node is back.
    """

    KIND = "node_state"
    FIELDS = (
        ("state", Choice("online", "bye", "lost")),
        ("boot", Int(1, 0x7FFFFFFF)),
        ("connection", Int(1, 0x7FFFFFFF)),  # counts the connections of one boot
        ("protocol", Text(8, 3)),
        ("firmware", Text(24, 1)),
        ("board", Name()),
        ("kind", Choice(*NODE_KINDS)),
    )


class Ack(Message):
    """down/ack: the gateway has settled a report; sent only after its journal has committed.

    `result` is `dup` when the report was settled before; `first` is then what came of it, else
    null. `cumulative` settles all reports of that boot up to and including `seq`.
    """

    KIND = "ack"
    FIELDS = (
        ("boot", Int(1, 0x7FFFFFFF)),
        ("seq", Int(1, 0x7FFFFFFF)),
        ("result", Choice("ok", "dup", "stale", "denied")),
        ("first", Nullable(Choice("ok", "stale", "denied"))),
        ("why", Text(60)),
        ("cumulative", Flag()),
    )


class GatewayState(Message):
    """gw/state, retained, and the will of the gateway; repeated live every 3 s as the beat.

    A beat renews the lease of every display, but only when it comes live: a retained copy may be
    hours old. `at_ms` is the gateway's steady clock since it started; a node reckons from it how
    late its own reports are.
    """

    KIND = "gateway_state"
    FIELDS = (
        ("state", Choice("online", "bye", "lost")),
        ("epoch", EPOCH),
        ("connection", Int(1, 0x7FFFFFFF)),
        ("at_ms", Int(0, 0x7FFFFFFFFFFF)),
        ("protocol", Text(8, 3)),
    )


class Shown(Message):
    """up/is, retained: the revision a node shows, whether its lease is fresh, what it still holds.

    `outbox_age_ms` is the age of its oldest unsettled report when this was sent, 0 for none.
    """

    KIND = "shown"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("fresh", Flag()),
        ("outbox_age_ms", Int(0, AGE_MS_MAX)),
    )


class JobResult(Message):
    """up/res: what came of a one-shot job. `unknown` is honest: it may or may not have happened."""

    KIND = "job_result"
    REPORT = True
    FIELDS = (
        ("id", JOB_ID),
        ("state", Choice("done", "failed", "unknown")),
        ("why", Text(60)),
    )


class NodeLog(Message):
    """up/log, QoS 0: a line for the technician."""

    KIND = "node_log"
    FIELDS = (("level", Choice("info", "warning", "error")), ("text", Text(200)))
