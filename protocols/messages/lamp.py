"""The overtime lamp of a window."""

from protocols.fields import Choice, Flag
from protocols.messages.node import EPOCH, REVISION
from protocols.wire import Message

LAMP_COLOURS = ("off", "green", "amber", "red")


class LampWant(Message):
    """down/want: green within the limit, amber from 80 %, red from 100 %, blinking from 150 %."""

    KIND = "lamp_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("colour", Choice(*LAMP_COLOURS)),
        ("blink", Flag()),
    )
