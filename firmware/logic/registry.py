"""Which logic runs a kind of node, and which messages it takes. One entry per kind.

Only the kind asked for is imported: on a board there is one, and no heap for the others.
"""

from firmware.logic.base import Logic

KINDS = ("pad", "wall", "sign", "lamp", "ticket", "voice", "rating")


def _row(kind: str) -> tuple:
    """(its logic, the wants it takes, the jobs it takes, the reports it keeps over a restart)."""
    if kind == "pad":
        from firmware.logic.pad import PadLogic
        from protocols.messages.pad import PadWant

        return PadLogic, (PadWant,), (), ()
    if kind == "wall":
        from firmware.logic.wall import WallLogic
        from protocols.messages.wall import WallWant

        return WallLogic, (WallWant,), (), ()
    if kind == "sign":
        from firmware.logic.sign import SignLogic
        from protocols.messages.sign import SignWant

        return SignLogic, (SignWant,), (), ()
    if kind == "lamp":
        from firmware.logic.lamp import LampLogic
        from protocols.messages.lamp import LampWant

        return LampLogic, (LampWant,), (), ()
    if kind == "ticket":
        from firmware.logic.ticket import TicketLogic
        from protocols.messages.node import JobResult
        from protocols.messages.ticket import KioskWant, ReserveJob, TicketJob

        return TicketLogic, (KioskWant,), (TicketJob, ReserveJob), (JobResult,)
    if kind == "voice":
        from firmware.logic.voice import VoiceLogic
        from protocols.messages.node import JobResult
        from protocols.messages.voice import VoiceJob

        return VoiceLogic, (), (VoiceJob,), (JobResult,)
    if kind == "rating":
        from firmware.logic.rating import RatingLogic
        from protocols.messages.rating import RatingGiven, RatingWant

        return RatingLogic, (RatingWant,), (), (RatingGiven,)
    raise ValueError(f"kind {kind!r}: no such kind of node, one of {', '.join(KINDS)}")


def make_logic(kind: str) -> Logic:
    """A new logic of this kind, in its state before ("start",)."""
    logic: Logic = _row(kind)[0]()
    return logic


def want_kinds(kind: str) -> tuple:
    """The classes a node of this kind takes on down/want."""
    wants: tuple = _row(kind)[1]
    return wants


def job_kinds(kind: str) -> tuple:
    """The classes a node of this kind takes on down/cmd."""
    jobs: tuple = _row(kind)[2]
    return jobs


def kept_kinds(kind: str) -> tuple:
    """The classes of reports that a node of this kind keeps over a restart."""
    kept: tuple = _row(kind)[3]
    return kept
