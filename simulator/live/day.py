"""A day that plays itself: people come, officers work, all through the same keys and screens.

Rules: the clock is moved forward to the next opening; people live in hall time (`Pace`), fingers
and networks in real time; what the plan is comes from `simulator.people.habits`. After closing
nobody comes in any more, everybody inside is served, the officers sign off, and the day is over.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from gateway.core.json import JsonObject
from simulator.live.gateway_link import GatewayError
from simulator.live.lobby import Lobby
from simulator.live.officer import LiveOfficer, wait_for
from simulator.people import habits

if TYPE_CHECKING:
    from simulator.live.hall import LiveHall

DAY_MS = 86_400_000
OPENS_MS = 9 * 3_600_000  # after midnight in the hall's time zone
OPEN_HOURS_MS = 8 * 3_600_000
EARLY_MS = 6 * 60_000  # officers are there before the first visitor
LUNCH_MS = (int(2.5 * 3_600_000), 4 * 3_600_000)  # after opening: shifts of lunch
# Fingers and networks live in real time: on a slow machine a fast day falls behind its clock, and
# nobody may be left over at midnight. From this time after opening on, time runs no faster.
LATE_MS = 10 * 3_600_000
LATE_RATE = 60
VISITORS = 300
RATE_AT_FIRST = 60


class LiveDay:
    """By hand, or a day that plays itself."""

    def __init__(self, hall: LiveHall) -> None:
        self.mode = "hand"
        self.phase = "over"
        self.plan = habits.Day(opens_ms=0, open_hours_ms=OPEN_HOURS_MS, visitors=VISITORS)
        self.arrived = 0
        self.opens_at_ms = 0
        self.lobby = Lobby(hall)
        self._hall = hall
        self._task: asyncio.Task[None] | None = None

    def account(self) -> JsonObject:
        """Where the day is: phase, who has come, who is planned."""
        return {"phase": self.phase, "arrived": self.arrived, "planned": self.plan.visitors}

    async def play(self, visitors: int = VISITORS) -> None:
        """Begin a day; one that runs is given up. Raises GatewayError."""
        self.stop()
        hall = self._hall
        self.plan = habits.Day(opens_ms=0, open_hours_ms=OPEN_HOURS_MS, visitors=visitors)
        self.opens_at_ms = await self._go_to_opening()
        rate = hall.pace.rate if hall.pace.rate > 1 else RATE_AT_FIRST
        await hall.set_pace(rate, paused=False)
        self.mode, self.phase, self.arrived = "day", "before", 0
        self._task = asyncio.create_task(self._run(), name="day")
        hall.changed()

    async def by_hand(self) -> None:
        """Give the day up: everybody stops where they are. Raises GatewayError."""
        self.stop()
        self.mode = "hand"
        await self._hall.set_pace(1, paused=False)

    def stop(self) -> None:
        """Nobody moves any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def hall_ms(self) -> int:
        """Milliseconds since opening, of hall time."""
        now_ms = self._hall.link.hall_ms(self._hall.clock_rate)
        return (now_ms if now_ms is not None else self.opens_at_ms) - self.opens_at_ms

    async def _go_to_opening(self) -> int:
        """Move the hall clock to shortly before the next opening; returns the opening."""
        link, offset_ms = self._hall.link, self._hall.config.hall.utc_offset_ms
        now_ms = link.hall_ms(self._hall.clock_rate)
        if now_ms is None:
            raise GatewayError("the gateway has not answered yet")
        opening_ms = (now_ms + offset_ms) // DAY_MS * DAY_MS + OPENS_MS - offset_ms
        used = bool(link.view and link.view["totals"]["issued"])
        if now_ms > opening_ms - EARLY_MS or used:
            opening_ms += DAY_MS
        await link.set_clock(1, opening_ms - EARLY_MS)
        await wait_for(lambda: (link.hall_ms(1) or 0) >= opening_ms - EARLY_MS, 3.0)
        return opening_ms

    # ---- the day ----

    async def _run(self) -> None:
        rng = random.Random()
        hall = self._hall
        async with asyncio.TaskGroup() as people:
            officers = [
                people.create_task(self._officer(window.id, place, rng).work())
                for place, window in enumerate(hall.config.window)
            ]
            kiosk = people.create_task(self.lobby.serve_kiosk())
            await self._let_in(rng, people)
            self.phase = "closing"
            hall.changed()
            await self._wait_until_served(officers)
            kiosk.cancel()
        self.phase = "over"
        await hall.set_pace(1, paused=False)
        hall.chronicle.note(
            "info",
            f"一天结束：来了 {self.arrived} 人",
            f"The day is over: {self.arrived} people came",
        )

    async def _wait_until_served(self, officers: list[asyncio.Task[None]]) -> None:
        hall = self._hall
        at_work: set[asyncio.Task[None]] = set(officers)
        while at_work:
            _, at_work = await asyncio.wait(at_work, timeout=0.2)
            if self.hall_ms() > LATE_MS and hall.pace.rate > LATE_RATE:
                await hall.set_pace(LATE_RATE, hall.pace.paused)

    def _officer(self, window: str, place: int, rng: random.Random) -> LiveOfficer:
        numbers = [officer.staff_number for officer in self._hall.config.officer]
        count = len(self._hall.config.window)
        shift = (LUNCH_MS[1] - LUNCH_MS[0]) // max(1, count)
        lunch_ms = LUNCH_MS[0] + place * shift
        return LiveOfficer(
            self._hall, window, numbers[place % len(numbers)], lunch_ms, random.Random(rng.random())
        )

    async def _let_in(self, rng: random.Random, people: asyncio.TaskGroup) -> None:
        for visit in habits.visits(self._hall.config, self.plan, rng):
            while (ahead_ms := visit.at_ms - self.hall_ms()) > 0:
                await self._hall.pace.wait(min(ahead_ms, 60_000))
                self._tell_phase()
            self.arrived += 1
            people.create_task(self.lobby.enter(visit.service))
            self._hall.changed()

    def _tell_phase(self) -> None:
        now_ms = self.hall_ms()
        lunch = LUNCH_MS[0] <= now_ms <= LUNCH_MS[1]
        phase = "before" if now_ms < 0 else "break" if lunch else "open"
        if phase != self.phase:
            self.phase = phase
            self._hall.changed()

    def doors_closed(self) -> bool:
        """Whether nobody will come in any more and nobody stands at the kiosk."""
        return self.phase == "closing" and self.lobby.is_empty()

    def waiting(self) -> int:
        """People in line, by the gateway's account (the duty chief's list on the wall)."""
        view: dict[str, Any] | None = self._hall.link.view
        return int(view["totals"]["waiting"]) if view else 0
