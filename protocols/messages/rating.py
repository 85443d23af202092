"""The rating pad of a window: five faces, one verdict for one visit."""

from protocols.fields import Int, Text
from protocols.messages.node import EPOCH, REVISION
from protocols.wire import Message

# 非常不满意 1, 不满意 2, 基本满意 3, 满意 4, 非常满意 5 (the five national levels).
GRADE = Int(1, 5)
VISIT = Text(40)


class RatingWant(Message):
    """down/want: open for one visit, or closed (`visit` is "")."""

    KIND = "rating_want"
    FIELDS = (
        ("epoch", EPOCH),
        ("rev", REVISION),
        ("visit", VISIT),
        ("number", Text(4)),
        ("officer", Text(30)),
        ("open_ms", Int(0, 600000)),  # how long it may still stay open when this was sent
    )


class RatingGiven(Message):
    """up/ev: the verdict on a visit."""

    KIND = "rating_given"
    REPORT = True
    FIELDS = (("visit", Text(40, 1)), ("grade", GRADE))
