"""The ticket kiosk: it offers services, asks for tickets, and prints them."""

from protocols.fields import Choice, Flag, Int, Items, Name, Nullable, Text
from protocols.messages.node import EPOCH, JOB_ID, REVISION
from protocols.wire import Message, Struct

KIOSK_SERVICES_MAX = 8
# Two rows a service are the most that is ever needed; these fit one message.
RESERVE_ROWS_MAX = 12
NUMBER = Int(1, 999)
# The letters that the seven segments of a pad can show.
PREFIX = Choice(*"ABCDEFGHJLNOPRSTUY")
HALL_MS = Int(0, 0x7FFFFFFFFFFF)
RESERVE = Text(24, 1)


class KioskService(Struct):
    """One button of the kiosk."""

    FIELDS = (
        ("code", Name(12)),
        ("zh", Text(30, 1)),
        ("en", Text(30, 1)),
        ("waiting", Int(0, 9999)),
    )


class KioskWant(Message):
    """down/want of a kiosk: what it offers now."""

    KIND = "kiosk_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("open", Flag()),
        ("services", Items(KioskService, KIOSK_SERVICES_MAX)),
    )


class TicketRequested(Message):
    """up/ev: somebody touched a service on the kiosk."""

    KIND = "ticket_requested"
    REPORT = True
    FIELDS = (("service", Name(12)),)


class PrinterChanged(Message):
    """up/ev: the condition of the printer. `unknown` is a mute printer, never `ok`."""

    KIND = "printer_changed"
    REPORT = True
    FIELDS = (
        ("paper", Choice("ok", "low", "out", "unknown")),
        ("cover", Choice("closed", "open", "unknown")),
        ("fault", Choice("none", "cutter", "offline", "unknown")),
    )


class TicketJob(Message):
    """down/cmd: print this ticket once. `copy` 0 is the first print, 1.. are marked 补打."""

    KIND = "ticket_job"
    FIELDS = (
        ("id", JOB_ID),
        ("ttl_ms", Int(0, 0x7FFFFFFF)),
        ("number", Text(4, 1)),
        ("service_zh", Text(30, 1)),
        ("service_en", Text(30, 1)),
        ("ahead", Nullable(Int(0, 9999))),  # null: given out without the gateway
        ("wait_minutes", Nullable(Int(0, 999))),
        ("issued", Text(24, 1)),  # local time as printed
        ("url", Text(160)),  # of the phone page; "" prints no QR
        ("copy", Int(0, 9)),
    )


class ReserveWanted(Message):
    """up/ev: give me numbers that I may give out alone; "" asks for a new reserve."""

    KIND = "reserve_wanted"
    REPORT = True
    FIELDS = (("reserve", Text(24)),)


class ReserveRow(Struct):
    """Numbers of a service: prefix and `first` to `last`."""

    FIELDS = (("service", Name(12)), ("prefix", PREFIX), ("first", NUMBER), ("last", NUMBER))


class ReserveJob(Message):
    """down/cmd: these numbers are this kiosk's, and nobody else's, until midnight in the hall.

    `reserve` names the report that asked first, as "boot-seq": a new board under an old name asks
    anew and is given other numbers. `date` and `day_ms` are the hall's date and its time of day,
    `hall_ms` the same moment as the gateway counts it.
    """

    KIND = "reserve_job"
    FIELDS = (
        ("id", JOB_ID),
        ("ttl_ms", Int(0, 0x7FFFFFFF)),
        ("reserve", RESERVE),
        ("date", Text(10, 10)),
        ("day_ms", Int(0, 86_400_000)),
        ("hall_ms", HALL_MS),
        ("rows", Items(ReserveRow, RESERVE_ROWS_MAX)),
    )


class ReserveTicket(Message):
    """up/ev: I gave out this number alone, at this hall time, and this came of its print."""

    KIND = "reserve_ticket"
    REPORT = True
    FIELDS = (
        ("reserve", RESERVE),
        ("service", Name(12)),
        ("number", NUMBER),
        ("issued_ms", HALL_MS),
        ("printed", Choice("done", "failed", "unknown")),
    )
