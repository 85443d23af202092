"""Which logic runs a kind of node, and which messages it takes. One line per kind."""

from firmware.logic.base import Logic
from firmware.logic.lamp import LampLogic
from firmware.logic.pad import PadLogic
from firmware.logic.rating import RatingLogic
from firmware.logic.sign import SignLogic
from firmware.logic.ticket import TicketLogic
from firmware.logic.voice import VoiceLogic
from firmware.logic.wall import WallLogic
from protocols.messages.lamp import LampWant
from protocols.messages.pad import PadWant
from protocols.messages.rating import RatingWant
from protocols.messages.sign import SignWant
from protocols.messages.ticket import KioskWant, TicketJob
from protocols.messages.voice import VoiceJob
from protocols.messages.wall import WallWant

# (kind, its logic, the wants it takes, the jobs it takes)
KINDS: tuple = (
    ("pad", PadLogic, (PadWant,), ()),
    ("wall", WallLogic, (WallWant,), ()),
    ("sign", SignLogic, (SignWant,), ()),
    ("lamp", LampLogic, (LampWant,), ()),
    ("ticket", TicketLogic, (KioskWant,), (TicketJob,)),
    ("voice", VoiceLogic, (), (VoiceJob,)),
    ("rating", RatingLogic, (RatingWant,), ()),
)


def _row(kind: str) -> tuple:
    row: tuple
    for row in KINDS:
        if row[0] == kind:
            return row
    known = ", ".join([row[0] for row in KINDS])
    raise ValueError(f"kind {kind!r}: no such kind of node, one of {known}")


def make_logic(kind: str) -> Logic:
    """A new logic of this kind, in its state before ("start",)."""
    logic: Logic = _row(kind)[1]()
    return logic


def want_kinds(kind: str) -> tuple:
    """The classes a node of this kind takes on down/want."""
    wants: tuple = _row(kind)[2]
    return wants


def job_kinds(kind: str) -> tuple:
    """The classes a node of this kind takes on down/cmd."""
    jobs: tuple = _row(kind)[3]
    return jobs
