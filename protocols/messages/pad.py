"""The call pad of a window: nine keys, a 4-digit display, a status light.

The keys double as digits 1 to 9 (signing in, choosing where to transfer); a long press of PAUSE
signs off and a long press of HOLD calls a held ticket back. What a key means now is decided on the
pad by the mode it shows, so that no command on the wire is a toggle.
"""

from protocols.fields import Choice, Digits, Flag, Int, Text
from protocols.messages.node import EPOCH, REVISION
from protocols.wire import Message

WINDOW_MODES = ("closed", "open", "called", "serving", "paused")
PAD_COMMANDS = (
    "next",
    "recall",
    "start",
    "finish",
    "missed",
    "hold",
    "unhold",
    "transfer",
    "pause",
    "resume",
    "help",
    "help_cancel",
    "sign_off",
)
TURN = Int(0, 0x7FFFFFFF)


class PadWant(Message):
    """down/want. `turn` counts the changes of the window's picture; a press carries it back."""

    KIND = "pad_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("turn", TURN),
        ("mode", Choice(*WINDOW_MODES)),
        ("number", Text(4)),  # the ticket called or served, or ""
        ("waiting", Int(0, 9999)),  # people this window could call
        ("held", Int(0, 99)),
        ("help", Flag()),
        ("services", Int(0, 9)),  # TRANSFER takes a digit 1..services
    )


class PadPressed(Message):
    """up/ev: a command from the pad. `seen` is the turn shown when the key went down."""

    KIND = "pad_pressed"
    REPORT = True
    FIELDS = (
        ("command", Choice(*PAD_COMMANDS)),
        ("argument", Int(0, 9)),  # for transfer: the service by its place in the hall file; else 0
        ("seen", TURN),
    )


class PadSignedIn(Message):
    """up/ev: an officer typed a staff number (digits 1 to 9) at a closed window."""

    KIND = "pad_signed_in"
    REPORT = True
    FIELDS = (("staff_number", Digits(4, 4)), ("seen", TURN))
