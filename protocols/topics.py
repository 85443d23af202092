"""Topics: who may write and read what. The ACLs of the broker are generated from this table.

Which messages travel where is in catalogue.py: a node has no room for those of other kinds.
`hk1/{hall}/{node}/{channel}`; direction first below the node, so that two patterns isolate every
node. `gw` is the gateway and no node may have that name. MicroPython subset.
"""

ROOT = "hk1"
GATEWAY = "gw"


class Channel:
    """One kind of topic below a node: its name, who writes it, QoS, retained."""

    def __init__(self, name: str, writer: str, qos: int, retain: bool) -> None:
        self.name = name
        self.writer = writer  # "node" or "gateway"
        self.qos = qos
        self.retain = retain


STATE = Channel("up/state", "node", 1, True)
EVENT = Channel("up/ev", "node", 1, False)
SHOWN = Channel("up/is", "node", 1, True)
RESULT = Channel("up/res", "node", 1, False)
LOG = Channel("up/log", "node", 0, False)
GET = Channel("up/get", "node", 0, False)
WANT = Channel("down/want", "gateway", 1, True)
ACK = Channel("down/ack", "gateway", 1, False)
JOB = Channel("down/cmd", "gateway", 1, False)
BLOCK = Channel("down/block", "gateway", 0, False)
CHANNELS = (STATE, EVENT, SHOWN, RESULT, LOG, GET, WANT, ACK, JOB, BLOCK)
# The gateway's own topic, read by all nodes.
BEAT = Channel("state", "gateway", 0, True)


def node_topic(hall: str, node: str, channel: Channel) -> str:
    """The topic of a node's channel: node_topic("lf", "w03-pad", EVENT) is hk1/lf/w03-pad/up/ev."""
    return f"{ROOT}/{hall}/{node}/{channel.name}"


def gateway_topic(hall: str) -> str:
    """The topic of the gateway's state and beat."""
    return f"{ROOT}/{hall}/{GATEWAY}/state"


def up_filter(hall: str) -> str:
    """What the gateway subscribes to: all that nodes say."""
    return f"{ROOT}/{hall}/+/up/#"


def down_filter(hall: str, node: str) -> str:
    """What a node subscribes to, besides the gateway's topic."""
    return f"{ROOT}/{hall}/{node}/down/#"


def parse(topic: str) -> tuple[str, str, Channel] | None:
    """(hall, node, Channel) of a node's topic, or None for any other."""
    parts = topic.split("/", 3)
    if len(parts) != 4 or parts[0] != ROOT:
        return None
    for channel in CHANNELS:
        if channel.name == parts[3]:
            return parts[1], parts[2], channel
    return None
