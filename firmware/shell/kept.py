"""The reports of a node that survive a restart, as its store has them. MicroPython subset, pure.

A verdict and what came of a job are still true when the node comes back; a press would be too old.
Which kind of node keeps what is in firmware/logic/registry.py.
"""

from protocols.outbox import Outbox
from protocols.wire import Message, Stamp, WireError, decode, encode

OUTBOX_KEY = "outbox"


def encode_kept(outbox: Outbox, kinds: tuple) -> bytes:
    """What to store of an outbox: one report of these kinds a line."""
    lines = []
    for boot, seq, message in outbox.dump():
        if isinstance(message, kinds):
            # The age is not worth keeping: nobody knows how long the node will be off.
            lines.append(encode(message, Stamp(boot, seq, 0, 0, 0)))
    return b"\n".join(lines)


def decode_kept(data: bytes, kinds: tuple) -> tuple[list[tuple[int, int, Message]], str]:
    """((boot, seq, report) of every line that can be read, what is wrong with the last other)."""
    kept: list[tuple[int, int, Message]] = []
    problem = ""
    for line in data.split(b"\n"):
        if line:
            try:
                message = decode(line, kinds)
                stamp = message.stamp
                if stamp is not None:
                    kept.append((stamp.boot, stamp.seq, message))
            except WireError as error:
                problem = str(error)
    return kept, problem
