"""The sign above a window: its state and the number it serves."""

from protocols.fields import Choice, Text
from protocols.messages.node import EPOCH, REVISION
from protocols.messages.pad import WINDOW_MODES
from protocols.wire import Message


class SignWant(Message):
    """down/want of a window sign."""

    KIND = "sign_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("mode", Choice(*WINDOW_MODES)),
        ("number", Text(4)),
        ("window", Text(8, 1)),
    )
