"""What makes virtual days fast without changing them: answers of the product, remembered.

A beat reaches every node of the hall as the same bytes, and a report goes out again until it is
acknowledged; read once, the message is the same for all. Rules: only functions that depend on their
arguments alone, whose answers nobody changes afterwards; what raises is asked again. The trace of a
day is the same with and without (tests/simulator/test_world.py).
"""

import gc
from functools import lru_cache

from firmware.shell import node
from gateway import engine
from protocols import wire

# Of all messages on their way at one time, many times over.
MESSAGES_KEPT = 8192
# A day makes few cycles and many small things: looked through seldom, they cost a fifth less.
NEW_OBJECTS_MAX = 100_000

_decode = lru_cache(maxsize=MESSAGES_KEPT)(wire.decode)


def take() -> None:
    """Let nodes and gateway of this process read messages this way."""
    gc.set_threshold(NEW_OBJECTS_MAX)
    for module in (node, engine):
        assert hasattr(module, "decode"), "this is how it reads messages"
        setattr(module, "decode", _decode)  # noqa: B010  # not in what it exports
