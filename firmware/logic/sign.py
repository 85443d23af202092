"""The sign above a window: its state and the number it serves.

The effect is ("sign", mode, number, window): a mode of WINDOW_MODES with the number of the ticket
called or served ("" for none), or "stale" with NOT_KNOWN once the lease has ended or before
anything was wanted. The window's label is no claim about now and stays. The driver draws the words
of a mode. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from protocols.messages.sign import SignWant

NOT_KNOWN = "----"


class SignLogic(Logic):
    """State of one window sign; see the rules above."""

    def __init__(self) -> None:
        self._want: SignWant | None = None
        self._fresh = False
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:  # noqa: ARG002  # one shape for all
        """Take one event, return the effects."""
        if event[0] == events.WANT:
            self._want = event[1]
        elif event[0] == events.LEASE:
            self._fresh = event[1]
        picture = self._picture()
        if picture == self._shown:
            return []
        self._shown = picture
        return [picture]

    def wake_at(self) -> int | None:
        """A sign never changes by itself."""
        return None

    def _picture(self) -> tuple:
        want = self._want
        if want is None:
            return (events.SIGN, events.STALE, NOT_KNOWN, "")
        if not self._fresh:
            return (events.SIGN, events.STALE, NOT_KNOWN, want.window)
        return (events.SIGN, want.mode, want.number, want.window)
