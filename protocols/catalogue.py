"""Which messages travel on which channel: for the gateway, the documents and the tests.

A node knows only those of its kind (firmware/logic/registry.py) and of the service: there is no
room on a board for all of them.
"""

from protocols.messages.lamp import LampWant
from protocols.messages.node import Ack, GatewayState, JobResult, NodeLog, NodeState, Shown
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.messages.service import (
    SERVICE_JOBS,
    Block,
    BlockWanted,
    NodeHealth,
    UpdateState,
)
from protocols.messages.sign import SignWant
from protocols.messages.ticket import (
    KioskWant,
    PrinterChanged,
    ReserveJob,
    ReserveTicket,
    ReserveWanted,
    TicketJob,
    TicketRequested,
)
from protocols.messages.voice import VoiceJob
from protocols.messages.wall import WallWant
from protocols.topics import (
    ACK,
    BEAT,
    BLOCK,
    EVENT,
    GET,
    JOB,
    LOG,
    RESULT,
    SHOWN,
    STATE,
    WANT,
    Channel,
)
from protocols.wire import Message

EVENTS = (
    PadPressed,
    PadSignedIn,
    TicketRequested,
    PrinterChanged,
    ReserveWanted,
    ReserveTicket,
    RatingGiven,
)
# By channel, in the order of the documents.
MESSAGES: tuple[tuple[Channel, tuple[type[Message], ...]], ...] = (
    (STATE, (NodeState,)),
    (EVENT, EVENTS),
    (SHOWN, (Shown,)),
    (RESULT, (JobResult,)),
    (LOG, (NodeLog, NodeHealth, UpdateState)),
    (GET, (BlockWanted,)),
    (WANT, (PadWant, WallWant, SignWant, LampWant, KioskWant, RatingWant)),
    (ACK, (Ack,)),
    (JOB, (TicketJob, ReserveJob, VoiceJob) + SERVICE_JOBS),
    (BLOCK, (Block,)),
    (BEAT, (GatewayState,)),
)


def messages_on(channel: Channel) -> tuple[type[Message], ...]:
    """The classes of the messages on a channel."""
    for other, messages in MESSAGES:
        if other is channel:
            return messages
    raise KeyError(channel.name)
