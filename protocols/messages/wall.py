"""The LED wall: the latest calls, newest first, and a line of notice."""

from protocols.fields import Flag, Int, Items, Text
from protocols.messages.node import EPOCH, REVISION
from protocols.wire import Message, Struct

WALL_ROWS_MAX = 8


class WallRow(Struct):
    """One call: the number, the window's label, and whether it was just called (it flashes)."""

    FIELDS = (("number", Text(4, 1)), ("window", Text(8, 1)), ("new", Flag()))


class WallWant(Message):
    """down/want of a wall or of a screen in the hall."""

    KIND = "wall_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("rows", Items(WallRow, WALL_ROWS_MAX)),
        ("notice", Text(120)),
        ("waiting", Int(0, 9999)),
    )
