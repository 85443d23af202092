"""People between the door and the windows: they stand in line at the kiosk and touch its screen.

One kiosk takes about a ticket a second. When the line is long, people take a number with their
phone instead (the REST interface), as real ones do. A missed number's holder may come back.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from simulator.live.clock import steady_ms
from simulator.live.gateway_link import GatewayError
from simulator.live.officer import wait_for
from simulator.people import habits

if TYPE_CHECKING:
    from simulator.live.hall import LiveHall

LINE_MAX = 3
SAME_BUTTON_MS = 1600  # the kiosk takes a second touch of one button for a slip
LOOK_S = 0.02
ANSWER_S = 3.0
PHONE_TRIES = 20
RETURN_MS = (4 * 60_000, 15 * 60_000)


class Lobby:
    """The line at the kiosk."""

    def __init__(self, hall: LiveHall) -> None:
        self._hall = hall
        self._line: list[str] = []
        self._inside = 0
        self._touched: dict[str, int] = {}

    def is_empty(self) -> bool:
        """Nobody wants a number any more."""
        return not self._line and self._inside == 0

    async def enter(self, service: str) -> None:
        """Somebody comes in and gets a number, from the kiosk or by phone."""
        if len(self._line) < LINE_MAX:
            self._line.append(service)
            return
        self._inside += 1
        try:
            await self._by_phone(service)
        finally:
            self._inside -= 1

    async def _by_phone(self, service: str) -> None:
        for _ in range(PHONE_TRIES):
            try:
                await self._hall.link.ask("/api/v1/tickets", {"service": service})
            except GatewayError:
                await asyncio.sleep(0.5)
            else:
                return

    async def serve_kiosk(self) -> None:
        """Whoever is first and whose button may be touched goes to the screen. Never ends."""
        while True:
            await asyncio.sleep(LOOK_S)
            _, kiosk = self._hall.kiosk()
            if self._line and kiosk.screen_mode in ("ready", "printing", "printed"):
                await self._touch_next()

    async def _touch_next(self) -> None:
        _, kiosk = self._hall.kiosk()
        now_ms = steady_ms()
        free = [each for each in self._line if now_ms >= self._touched.get(each, 0)]
        if not free:
            return
        service = free[0]
        printed = kiosk.printed
        self._touched[service] = now_ms + SAME_BUTTON_MS
        kiosk.touch(service)
        if kiosk.screen_mode != "asking":
            return  # not taken: the same person tries again
        self._line.remove(service)
        await wait_for(lambda: kiosk.printed > printed, ANSWER_S)

    async def holder_may_return(self, number: str, rng: random.Random) -> None:
        """After a miss: some come back later and ask to be put in line again."""
        if rng.random() > habits.RETURNS_AFTER_MISS:
            return
        await self._hall.pace.wait(rng.uniform(*RETURN_MS))
        for missed in (self._hall.link.view or {}).get("missed", []):
            if missed["number"] == number:
                try:
                    await self._hall.link.ask(f"/api/v1/tickets/{missed['ticket']}/return")
                except GatewayError:
                    return  # it was settled otherwise meanwhile
