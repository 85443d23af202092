"""An ID-card reader on a serial line, and a tool that tries one:

    python -m firmware.drivers.pi.id_reader PORT [--baud 115200] [--seconds 20]

The tool waits for a card and prints layout, masked name and masked number as one JSON line; never
more. Exit codes: 0 a card was read, 3 a card was there and could not be read, 4 no card came,
5 the reader does not answer.
"""

import argparse
import json
import sys

from firmware.drivers.pi.card_session import CARD, CARD_FAULT, READER, CardSession
from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop, Timer
from firmware.drivers.pi.serial_line import SerialLine
from protocols.peripherals.idcard_record import IdCard
from protocols.peripherals.sam_idcard import BAUD
from protocols.ticks import ticks_diff


class IdReader(Driver):
    """Events of `card_session` out."""

    def __init__(self, loop: Loop, post: Post, path: str, baud: int = BAUD) -> None:
        self._loop = loop
        self._post = post
        self._session = CardSession()
        self._line = SerialLine(loop, path, baud, self._up, self._down, self._data)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Open the line."""
        self._line.start()

    def stop(self) -> None:
        """Close the line."""
        self._line.stop()
        if self._timer is not None:
            self._timer.cancel()

    def apply(self, effect: Event) -> None:
        """A reader is only read."""

    def _up(self) -> None:
        self._session.connected(self._loop.ticks())
        self._settle()

    def _down(self) -> None:
        self._session.disconnected()
        self._settle()

    def _data(self, data: bytes) -> None:
        self._session.receive(self._loop.ticks(), data)
        self._settle()

    def _wake(self) -> None:
        self._session.wake(self._loop.ticks())
        self._settle()

    def _settle(self) -> None:
        for event in self._session.take_events():
            self._post(event)
        request = self._session.take_output()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self._session.wake_at()
        if wake_at is not None:
            delay_ms = ticks_diff(wake_at, self._loop.ticks())
            self._timer = self._loop.later(delay_ms, self._wake)
        if request:
            self._line.write(request)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="reads one ID card, shows it masked")
    parser.add_argument("port", help="for example /dev/ttyUSB0")
    parser.add_argument("--baud", type=int, default=BAUD)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    loop = Loop()
    happened: list[Event] = []
    reader = IdReader(loop, happened.append, arguments.port, arguments.baud)
    reader.start()
    code, card = _wait(loop, happened, loop.now_ms() + round(arguments.seconds * 1000))
    reader.stop()
    if card is not None:
        line = {
            "layout": card.layout,
            "name": card.masked_name(),
            "number": card.masked_number(),
        }
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    return code


def _wait(loop: Loop, happened: list[Event], end_ms: int) -> tuple[int, IdCard | None]:
    code = 5
    while loop.now_ms() < end_ms:
        loop.run_once(100)
        while happened:
            event = happened.pop(0)
            if event[0] == CARD:
                assert isinstance(event[1], IdCard)
                return 0, event[1]
            if event[0] == CARD_FAULT:
                code = 3
                sys.stderr.write(f"id_reader: {event[1]}\n")
            elif event[0] == READER and event[1]:
                code = 4
    return code, None


if __name__ == "__main__":
    sys.exit(main())
