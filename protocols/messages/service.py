"""What a technician asks of any node, and what a node tells about itself; none of it is a report.

Nothing here changes the hall: it is said once, may be lost, and is asked for or said again.
"""

from protocols.fields import Choice, Flag, Int, Nullable, Text
from protocols.messages.node import JOB_ID
from protocols.wire import Message

COUNT = Int(0, 0x7FFFFFFF)
RELEASE = Int(1, 0x7FFFFFFF)  # of an application; rises with every release
# Of a release: 0 is its manifest, 1 the signature, 2 and up its files in the manifest's order.
FILE = Int(0, 255)
BLOCK_BYTES_MAX = 480


class Identify(Message):
    """down/cmd: show for a while which node you are, by everything you have."""

    KIND = "identify"
    FIELDS = (("id", JOB_ID), ("seconds", Int(1, 60)))


class NodeHealth(Message):
    """up/log: how a node is, when it begins to hear its gateway and every minute after it.

    Null: it has no radio, or cannot tell. `release` 0 and `slot` "none": not from a release.
    `fault` is the last one that reset it, `faults` how many there were in a row.
    """

    KIND = "node_health"
    FIELDS = (
        ("uptime_s", COUNT),
        ("signal_dbm", Nullable(Int(-127, 0))),
        ("heap_free_bytes", Nullable(COUNT)),
        ("release", COUNT),
        ("slot", Choice("none", "a", "b")),
        ("trial", Flag()),
        ("faults", COUNT),
        ("fault", Text(120)),
    )


class UpdateOffer(Message):
    """down/cmd: there is this release for you; fetch it with `BlockWanted`."""

    KIND = "update_offer"
    FIELDS = (
        ("release", RELEASE),
        ("name", Text(24, 1)),
        ("manifest_bytes", Int(1, 65536)),
        ("signature_bytes", Int(1, 8192)),
    )


class BlockWanted(Message):
    """up/get: send me what is at this place of a file of a release."""

    KIND = "block_wanted"
    FIELDS = (("release", RELEASE), ("file", FILE), ("at", COUNT))


class Block(Message):
    """down/block: the answer. `data` is base64 of at most BLOCK_BYTES_MAX; "": there is no more."""

    KIND = "block"
    FIELDS = (("release", RELEASE), ("file", FILE), ("at", COUNT), ("data", Text(640)))


class UpdateState(Message):
    """up/log: how far a node is with a release, and why it refuses or has returned."""

    KIND = "update_state"
    FIELDS = (
        ("release", RELEASE),
        (
            "state",
            Choice("offered", "fetching", "refused", "ready", "trial", "confirmed", "returned"),
        ),
        ("done_bytes", COUNT),
        ("total_bytes", COUNT),
        ("why", Text(120)),
    )


# On down/cmd, taken by nodes of every kind.
SERVICE_JOBS = (Identify, UpdateOffer)
