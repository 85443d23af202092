"""The voice of a hall by a chip on a serial line.

("speak", ...) and ("chime", ...) in, ("spoken", job) out.
"""

import logging
from functools import partial

from firmware.drivers.pi.chip_session import ChipSession
from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop, Timer
from firmware.drivers.pi.serial_line import SerialLine
from firmware.logic import events
from protocols.ticks import ticks_diff

CHIME_TEXT = "语音播报"  # a chip has no chime; it says what it is

log = logging.getLogger(__name__)


def call_text(number: str, window: str, again: bool) -> str:
    """What the chip is to say.

    Characters of the number stand apart, so that any chip reads them one by one; a window that is
    a number is read as one.
    """
    place = window if window.isdigit() else " ".join(window)
    return f"{'重复呼叫，' if again else ''}请 {' '.join(number)} 号，到 {place} 号窗口"


class ChipVoice(Driver):
    """`lead` stands before every text: marks for loudness and speed, for example [v10]."""

    def __init__(
        self, loop: Loop, post: Post, path: str, chip: str, baud: int, lead: str = ""
    ) -> None:
        self._loop = loop
        self._post = post
        self._lead = lead
        self._session = ChipSession(chip, baud)
        self._line = SerialLine(loop, path, baud, self._up, self._down, self._data)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Open the line."""
        self._line.start()

    def stop(self) -> None:
        """Close the line; the chip ends its sentence."""
        self._line.stop()
        if self._timer is not None:
            self._timer.cancel()

    def apply(self, effect: Event) -> None:
        """Speak."""
        if effect[0] == events.SPEAK:
            _, job, number, window, again = effect
            self._say(str(job), call_text(str(number), str(window), bool(again)))
        elif effect[0] == events.CHIME:
            self._say(str(effect[1]), CHIME_TEXT)

    def _say(self, job: str, text: str) -> None:
        try:
            self._session.speak(self._loop.ticks(), job, self._lead + text)
        except ValueError as error:
            log.error("voice: %s can not be said: %s", job, error)
        self._settle()

    def _up(self) -> None:
        self._session.connected()
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
            self._loop.call(partial(self._post, event))
        frame = self._session.take_output()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self._session.wake_at()
        if wake_at is not None:
            delay_ms = ticks_diff(wake_at, self._loop.ticks())
            self._timer = self._loop.later(delay_ms, self._wake)
        if frame:
            self._line.write(frame)
