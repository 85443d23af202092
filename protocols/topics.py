"""Topics: who may write and read what. The ACLs of the broker are generated from this table.

`hk1/{hall}/{node}/{channel}`; direction first below the node, so that two patterns isolate every
node. `gw` is the gateway and no node may have that name. MicroPython subset.
"""

from protocols.messages.lamp import LampWant
from protocols.messages.node import Ack, GatewayState, JobResult, NodeLog, NodeState, Shown
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.messages.sign import SignWant
from protocols.messages.ticket import KioskWant, PrinterChanged, TicketJob, TicketRequested
from protocols.messages.voice import VoiceJob
from protocols.messages.wall import WallWant
from protocols.wire import Message

ROOT = "hk1"
GATEWAY = "gw"
WANTS = (PadWant, WallWant, SignWant, LampWant, KioskWant, RatingWant)
JOBS = (TicketJob, VoiceJob)
EVENTS = (PadPressed, PadSignedIn, TicketRequested, PrinterChanged, RatingGiven)


class Channel:
    """One kind of topic below a node: its name, who writes it, QoS, retained, its messages."""

    def __init__(
        self, name: str, writer: str, qos: int, retain: bool, messages: tuple[type[Message], ...]
    ) -> None:
        self.name = name
        self.writer = writer  # "node" or "gateway"
        self.qos = qos
        self.retain = retain
        self.messages = messages


STATE = Channel("up/state", "node", 1, True, (NodeState,))
EVENT = Channel("up/ev", "node", 1, False, EVENTS)
SHOWN = Channel("up/is", "node", 1, True, (Shown,))
RESULT = Channel("up/res", "node", 1, False, (JobResult,))
LOG = Channel("up/log", "node", 0, False, (NodeLog,))
WANT = Channel("down/want", "gateway", 1, True, WANTS)
ACK = Channel("down/ack", "gateway", 1, False, (Ack,))
JOB = Channel("down/cmd", "gateway", 1, False, JOBS)
CHANNELS = (STATE, EVENT, SHOWN, RESULT, LOG, WANT, ACK, JOB)
# The gateway's own topic, read by all nodes.
BEAT = Channel("state", "gateway", 0, True, (GatewayState,))


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
