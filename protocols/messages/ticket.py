"""The ticket kiosk: it offers services, asks for tickets, and prints them."""

from protocols.fields import Choice, Flag, Int, Items, Name, Nullable, Text
from protocols.messages.node import EPOCH, JOB_ID, REVISION
from protocols.wire import Message, Struct

KIOSK_SERVICES_MAX = 8


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
        ("ahead", Int(0, 9999)),
        ("wait_minutes", Nullable(Int(0, 999))),
        ("issued", Text(24, 1)),  # local time as printed
        ("url", Text(160)),  # of the phone page; "" prints no QR
        ("copy", Int(0, 9)),
    )
