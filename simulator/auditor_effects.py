"""What an accepted command may do, whoever gave it: a key of a pad, the page, a phone, the desk.

P3 in words that presses and calls share: exactly one effect, the right one, on the ticket and the
picture of the window that the person saw.
"""

from gateway.journal.records import Record
from simulator.broken import PromiseBroken

# What an accepted command may do, as (records that must be there once, records that may be).
_CALL = ("ticket_called", "announcement_queued")
_END = ("service_started", "service_finished", "rating_closed", "rating_opened")
EFFECTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "next": ((), (*_END, *_CALL)),
    "recall": (("ticket_called",), _CALL),
    "start": (("service_started",), ()),
    "finish": (("service_finished",), _END),
    "missed": (("ticket_missed",), ()),
    "hold": (("ticket_held",), ()),
    "unhold": (("ticket_called",), _CALL),
    "transfer": (("ticket_transferred",), ()),
    "pause": (("window_paused",), ()),
    "resume": (("window_resumed",), ()),
    "help": (("help_asked",), ()),
    "help_cancel": (("help_cleared",), ()),
    "sign_off": (("officer_signed_off",), ()),
    "pad_signed_in": (("officer_signed_in",), ()),
    "ticket_requested": (("ticket_issued", "print_queued"), ()),
    "printer_changed": (("printer_noted",), ()),
    "reserve_wanted": (("reserve_offered",), ("numbers_reserved",)),
    "reserve_ticket": (("ticket_merged",), ("print_queued",)),
    "rating_given": (("rating_received",), ()),
    "return": (("ticket_returned",), ()),
    "issue": (("ticket_issued",), ()),
    "cancel": (("ticket_cancelled",), ()),
    "rate": (("rating_received",), ()),
    "job_result": (
        (),
        (
            "announcement_settled",
            "print_settled",
            "print_queued",
            "print_abandoned",
            "reserve_settled",
        ),
    ),
}
# Records that name the ticket a command was meant for, and under which name.
ON_TICKET = {
    "service_started": "ticket",
    "service_finished": "ticket",
    "ticket_missed": "ticket",
    "ticket_held": "ticket",
    "ticket_transferred": "ticket",
    "rating_received": "visit",
}
CHOOSING = "T -"
PAUSED = "PAU5"  # as its segments read
# They are for the window as such, or for a visit that is over, whatever the window does now.
ANY_PICTURE = ("help", "help_cancel", "rating_given")
# Mode and number at a window.
Picture = tuple[str, str]


def are_right(command: str, effects: list[str]) -> bool:
    """An accepted command has made what it must, nothing it may not, and nothing twice."""
    must, may = EFFECTS[command]
    wrong = [what for what in effects if what not in must and what not in may]
    missing = [what for what in must if what not in effects]
    # One row of numbers for each service; everything else happens once.
    twice = [what for what in effects if effects.count(what) > 1 and what != "numbers_reserved"]
    return bool(effects) and not (wrong or missing or twice)


def check_effects(name: str, command: str, effects: list[str]) -> None:
    """See `are_right`."""
    if not are_right(command, effects):
        raise PromiseBroken("P3", f"{name} ({command}) made {effects}")


def check_ticket(name: str, shown: str, record: Record) -> None:
    """What is done to a ticket is done to the one that was seen."""
    what = record.kind.removeprefix("calling.")
    if what in ON_TICKET:
        number = str(record.data[ON_TICKET[what]]).rpartition("-")[2]
        if number != shown:
            raise PromiseBroken(
                "P3", f"{name} was pressed at {shown!r} and made {what} of {number}"
            )


def check_picture(name: str, command: str, shown: str, now: Picture) -> None:
    """The window had not moved on since a pad showed this; `now` is before the first effect."""
    mode, number = now
    if command in ANY_PICTURE:
        return
    if shown == PAUSED:
        fits = mode == "paused"
    elif shown.isdigit():
        # How many wait, or the digits typed so far.
        fits = mode == ("closed" if command == "pad_signed_in" else "open")
    elif shown[:1].isalpha() and shown[1:].isdigit():
        fits = number == shown
    else:
        return
    if not fits:
        raise PromiseBroken(
            "P3", f"{name} ({command}) was pressed at {shown!r} and acted on {mode} {number}"
        )
