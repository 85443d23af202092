"""Everybody of one day: who comes when, who sits at which window, and who sees what."""

import random
from collections import Counter as Tally
from collections.abc import Callable
from functools import partial

from gateway.config import HallConfig
from simulator.people import habits
from simulator.people.actor import Actor
from simulator.people.chief import Chief
from simulator.people.counter import Counter
from simulator.people.lobby import Lobby
from simulator.people.officers import Officer
from simulator.people.senses import Room
from simulator.people.taxpayers import Taxpayer
from simulator.virtual_time import Timeline

Note = Callable[[str, str], None]


class Crowd:
    """All people of a day. Whoever shows something tells them with the methods below."""

    def __init__(
        self,
        config: HallConfig,
        day: habits.Day,
        timeline: Timeline,
        room: Room,
        make_rng: Callable[[str], random.Random],
        note: Note,
        only: tuple[int, ...] | None = None,
    ) -> None:
        """`only`: the places of those who come, None: everybody."""
        self._config = config
        self._day = day
        self._timeline = timeline
        self._room = room
        self._make_rng = make_rng
        self.counters = {window: Counter() for window in room.windows}
        self.lobby = Lobby(room, self.counters)
        self._at_window: dict[str, list[Actor]] = {window: [] for window in room.windows}
        self._sign_numbers = dict.fromkeys(room.windows, "")
        visits = habits.visits(config, day, make_rng("visits"))
        phones = make_rng("phones")
        has_phone = [phones.randrange(100) < day.phones_percent for _ in visits]
        self.taxpayers = [
            Taxpayer(
                timeline,
                self.lobby,
                visit,
                make_rng(f"taxpayer/{place}"),
                partial(note, f"visitor-{place}"),
                day.hurry,
                has_phone[place],
            )
            for place, visit in enumerate(visits)
            if only is None or place in only
        ]
        self._chief = Chief(timeline, make_rng("chief"), room, day) if day.chief else None
        self._employ()

    def _employ(self) -> None:
        """One officer a window; those left over take the second half of a day at the first ones."""
        staff = [officer.staff_number for officer in self._config.officer]
        windows = list(self._room.windows)
        middle_ms = (self._day.opens_ms + self._day.closes_ms) // 2
        for place, staff_number in enumerate(staff[: 2 * len(windows)]):
            window = windows[place % len(windows)]
            second = place >= len(windows)
            relieved = not second and place + len(windows) < len(staff)
            begins_ms = middle_ms if second else self._day.opens_ms - 25_000
            ends_ms = middle_ms if relieved else self._day.closes_ms
            self._add_officer(staff_number, window, (begins_ms, ends_ms), closes=not relieved)

    def _add_officer(
        self, staff_number: str, window: str, shift: tuple[int, int], closes: bool
    ) -> None:
        rng = self._make_rng(f"officer/{staff_number}")
        before = list(self._at_window[window])
        officer = Officer(
            self._timeline,
            rng,
            staff_number,
            self._room.pad(window),
            self.counters[window],
            len(self._config.service),
            shift,
            self.lobby.is_empty,
            closes,
            lambda: all(actor.finished for actor in before),
        )
        actor = Actor(self._timeline, officer.day())
        self._at_window[window].append(actor)
        self.counters[window].on_change = lambda: self.window_changed(window)
        actor.start(shift[0] + rng.randint(0, 20_000))

    # ---- what is seen and heard ----

    def window_changed(self, window: str) -> None:
        """The pad or the chair of a window looks different."""
        for actor in self._at_window[window]:
            actor.look()

    def sign_changed(self, window: str) -> None:
        """The sign above a window says something else."""
        before = self._sign_numbers[window]
        number = self._room.sign(window).number
        self._sign_numbers[window] = number
        self.lobby.named(before)
        self.lobby.named(number)

    # ---- how the day went ----

    @property
    def finished(self) -> bool:
        """Everybody has gone home."""
        return (
            all(person.actor.finished for person in self.taxpayers)
            and all(actor.finished for actors in self._at_window.values() for actor in actors)
            and (self._chief is None or self._chief.actor.finished)
        )

    def outcomes(self) -> dict[str, int]:
        """How many were served, went away, ..."""
        return dict(sorted(Tally(person.outcome for person in self.taxpayers).items()))
