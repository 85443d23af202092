"""The duty chief: looks at the page of the hall and acts for windows where officers work, too.

The chief knows what the page said a moment ago, never what the officer's finger is about to do: of
two who want the same, one gets it and the other is told. Works until the doors close.
"""

import random

from simulator.people import habits
from simulator.people.actor import Actor, Behaviour, Wait
from simulator.people.senses import PageRow, Room
from simulator.virtual_time import Timeline

LOOKS_EVERY_MS = (2_000, 25_000)
THINKS_MS = (100, 2_500)
# What the chief may do for a window, by what the page says of it.
COMMANDS = {
    "open": ("next", "next", "pause", "unhold", "sign_off"),
    "called": ("recall", "start", "missed", "next"),
    "serving": ("finish", "next"),
    "paused": ("resume",),
}


class Chief:
    """One duty chief for one day."""

    def __init__(self, timeline: Timeline, rng: random.Random, room: Room, day: habits.Day) -> None:
        self.actor = Actor(timeline, self._work())
        self._timeline = timeline
        self._rng = rng
        self._room = room
        self._day = day
        self.actor.start(day.opens_ms)

    def _work(self) -> Behaviour:
        while self._timeline.now_ms < self._day.closes_ms:
            yield Wait(self._rng.randint(*LOOKS_EVERY_MS))
            rows = self._room.page()
            if not rows:
                continue  # the page cannot be reached
            row = rows[self._rng.randrange(len(rows))]
            yield Wait(self._rng.randint(*THINKS_MS))
            command = self._choose(row)
            if command:
                self._room.command(row, command)

    def _choose(self, row: PageRow) -> str:
        if row.help:
            return "help_cancel"
        commands = COMMANDS.get(row.mode, ())
        return self._rng.choice(commands) if commands else ""
