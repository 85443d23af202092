"""The least a responder in Python can cost: answers each press with a picture and an ack.

It reads nothing, decides nothing, stores nothing; the gateway is compared with it. Run with the
port of the broker; it says "ready" and answers until it is ended.
"""

import asyncio
import signal
import sys

from protocols.messages.node import Ack
from protocols.messages.wall import WallRow, WallWant
from protocols.topics import ACK, EVENT, WANT, node_topic
from protocols.wire import encode
from simulator.bench.hall import WALL
from simulator.bench.line import Line

HALL = "echo"


def picture() -> bytes:
    """A full picture of the wall, so that as many bytes travel as from a gateway."""
    row = WallRow(number="A001", window="1", new=True)
    return encode(WallWant(epoch=1_700_000_000, rev=1, rows=(row,) * 8, notice="", waiting=300))


def acknowledgement() -> bytes:
    """An acknowledgement as a pad gets it."""
    return encode(Ack(boot=1, seq=1, result="ok", first=None, why="", cumulative=False))


async def serve(port: int) -> None:
    """Answer until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    wall, ack = node_topic(HALL, WALL, WANT), acknowledgement()
    filler = b" " + picture()

    def answer(topic: str, _payload: bytes, _retain: bool) -> None:
        pad = topic.split("/", 3)[2]
        line.publish(wall, pad.encode() + filler)
        line.publish(node_topic(HALL, pad, ACK), ack)

    line = await Line.open(port, "echo", [node_topic(HALL, "+", EVENT)], answer)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stopped.wait()
    line.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
