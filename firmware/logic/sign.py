"""The sign above a window: its state and the number it serves.

The effect is ("sign", mode, number, window): a mode of WINDOW_MODES with the number of the ticket
called or served ("" for none), or "stale" with NOT_KNOWN once the lease has ended or before
anything was wanted. The window's label is no claim about now and stays. Identified, it is
("sign", "identify", node, window). The driver draws the words of a mode. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.identify import Identify
from protocols.messages.sign import SignWant

NOT_KNOWN = "----"


class SignLogic(Logic):
    """State of one window sign; see the rules above."""

    def __init__(self) -> None:
        self._want: SignWant | None = None
        self._fresh = False
        self._identify = Identify()
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        self._identify.pass_time(now_ms)
        if event[0] == events.WANT:
            self._want = event[1]
        elif event[0] == events.LEASE:
            self._fresh = event[1]
        elif event[0] == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        picture = self._picture()
        if picture == self._shown:
            return []
        self._shown = picture
        return [picture]

    def wake_at(self) -> int | None:
        """A sign changes by itself only when it has been identified for long enough."""
        return self._identify.wake_at()

    def _picture(self) -> tuple:
        want = self._want
        if self._identify.phase is not None:
            window = "" if want is None else want.window
            return (events.SIGN, events.IDENTIFY, self._identify.node, window)
        if want is None:
            return (events.SIGN, events.STALE, NOT_KNOWN, "")
        if not self._fresh:
            return (events.SIGN, events.STALE, NOT_KNOWN, want.window)
        return (events.SIGN, want.mode, want.number, want.window)
