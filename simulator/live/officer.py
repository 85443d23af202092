"""An officer at a window: reads the pad, presses its keys, reacts to what it says.

The officer knows the lights and digits of the own pad and the hall clock, nothing else; so a lost
message, a dead broker or a pulled cable is met as in life: look, wait, press again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from firmware.logic.pad import FINISH, MISSED, NEXT, PAUSE, RECALL, START, TRANSFER
from simulator.live.window_benches import RatingBench
from simulator.people import habits

if TYPE_CHECKING:
    from simulator.live.hall import LiveHall

MODES = {"off": "closed", "ready": "open", "call": "called", "busy": "serving", "paused": "paused"}
ANSWERS = ("sent", "done", "refused", "stale", "offline")
HOLD_MS = (55, 95)
LONG_MS = 1000
LOOK_S = 0.015
ANSWER_S = 4.0
WALK_MS = (12_000, 45_000)
THINK_MS = (3_000, 15_000)
LUNCH_MS = 25 * 60_000
RATING_MS = (3_000, 12_000)
GRADES = (5, 5, 5, 5, 4, 4, 4, 3, 2, 1)


async def wait_for(seen: Callable[[], bool], timeout_s: float) -> bool:
    """Look again and again until it is seen; False when the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not seen():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(LOOK_S)
    return True


class LiveOfficer:
    """One officer, one window, one day."""

    def __init__(
        self,
        hall: LiveHall,
        window: str,
        staff_number: str,
        lunch_ms: int,
        rng: random.Random,
    ) -> None:
        self._hall = hall
        self._window = window
        self._staff_number = staff_number
        self._lunch_ms = lunch_ms
        self._rng = rng
        self._pad = hall.pad(window)
        self._ate = False
        self._meant = ""  # what the last press was to lead to
        self._errands: set[asyncio.Task[None]] = set()

    # ---- eyes ----

    def mode(self) -> str:
        """What the pad says the window does; "" while it says nothing one could act on.

        While the light says "done" the digits tell, and what was just pressed.
        """
        light = self._pad.light
        if light != "done":
            return MODES.get(light, "")
        text = self._pad.display.text().strip()
        if not text:
            return "closed"
        if text == "PAUS":
            return "paused"
        if text.isdigit():
            return "open"
        return "serving" if self._meant == "serving" else "called"

    def waiting(self) -> int:
        """The people waiting, as the pad of an open window shows them."""
        text = self._pad.display.text().strip()
        return int(text) if text.isdigit() else 0

    # ---- the day ----

    async def work(self) -> None:
        """From signing in to signing off."""
        try:
            while not self._is_over():
                await self._step()
        finally:
            for errand in self._errands:
                errand.cancel()

    def _is_over(self) -> bool:
        day = self._hall.day
        return day.doors_closed() and day.waiting() == 0 and self.mode() == "closed"

    async def _step(self) -> None:
        mode = self.mode()
        if mode == "closed":
            await self._sign_in()
        elif mode == "open":
            await self._at_open_window()
        elif mode == "called":
            await self._await_person()
        elif mode == "serving":
            await self._serve()
        elif mode == "paused":
            await self._hall.pace.wait(LUNCH_MS)
            await self._press(PAUSE, "open")
        else:
            # Sent, refused, offline, help: wait until the pad says something one can act on.
            light = self._pad.light
            await wait_for(lambda: self._pad.light != light, ANSWER_S)

    async def _sign_in(self) -> None:
        if self._hall.day.doors_closed() and self._hall.day.waiting() == 0:
            await asyncio.sleep(0.1)
            return
        await self._hall.pace.wait(self._rng.uniform(0, 60_000))
        if self._pad.display.text().strip():
            await asyncio.sleep(0.3)  # somebody typed half a number: it is forgotten soon
            return
        await self._hall.type_digits(self._window, self._staff_number)
        await wait_for(lambda: self.mode() == "open", ANSWER_S)

    async def _at_open_window(self) -> None:
        day = self._hall.day
        if not self._ate and day.hall_ms() > self._lunch_ms:
            self._ate = True
            await self._press(PAUSE, "paused")
        elif self.waiting():
            await self._hall.pace.wait(self._rng.uniform(*THINK_MS))
            await self._press(NEXT, "called")
        elif day.doors_closed() and day.waiting() == 0:
            await self._press(PAUSE, "closed", LONG_MS)
        else:
            await self._hall.pace.wait(5_000)
            await asyncio.sleep(LOOK_S)

    async def _await_person(self) -> None:
        number = self._number()
        if self._rng.random() < habits.MISSES_CALL:
            await self._hall.pace.wait(40_000)
            await self._press(RECALL, "called")
            await self._hall.pace.wait(40_000)
            if self.mode() == "called" and await self._press(MISSED, "open"):
                errand = self._hall.day.lobby.holder_may_return(number, self._rng)
                self._run(errand)
            return
        await self._hall.pace.wait(self._rng.uniform(*WALK_MS))
        if self.mode() == "called":
            await self._press(START, "serving")

    async def _serve(self) -> None:
        number = self._number()
        service = self._service_of(number)
        takes_ms = habits.service_ms(self._hall.config, service, self._rng)
        await self._hall.pace.wait(takes_ms)
        if self.mode() != "serving" or self._number() != number:
            return
        if self._rng.random() < habits.TRANSFERS_TICKET:
            await self._transfer(service)
        elif await self._press(FINISH, "open") and self._rng.random() < habits.GIVES_RATING:
            self._run(self._rate())

    async def _transfer(self, service: str) -> None:
        codes = [each.code for each in self._hall.config.service]
        others = [place for place, code in enumerate(codes) if code != service]
        await self._press(TRANSFER, "")
        await self._press(self._rng.choice(others), "open")

    async def _rate(self) -> None:
        await self._hall.pace.wait(self._rng.uniform(*RATING_MS))
        bench = self._hall.runners[f"{self._window}-rating"].bench
        assert isinstance(bench, RatingBench)
        if await wait_for(lambda: bench.mode == "open", 1.0):
            await bench.keyboard.tap(self._rng.choice(GRADES) - 1, HOLD_MS[0])
            self._hall.changed()

    # ---- hands ----

    async def _press(self, key: int, expected: str, hold_ms: int | None = None) -> bool:
        """Press and look whether the window does what was meant; "" expects nothing."""
        held_ms = hold_ms or round(self._rng.uniform(*HOLD_MS))
        self._meant = expected
        self._hall.changed()
        await self._pad.keyboard.tap(key, held_ms)
        self._hall.changed()
        if not expected:
            return True
        await wait_for(lambda: self._pad.light in ANSWERS, 0.5)
        if await wait_for(lambda: self._pad.light != "sent", ANSWER_S):
            return self.mode() == expected
        return False

    def _number(self) -> str:
        return self._pad.display.text().strip()

    def _service_of(self, number: str) -> str:
        # The display may show a letter in the only case it has.
        for service in self._hall.config.service:
            if number[:1].upper() == service.prefix:
                return service.code
        return self._hall.config.service[0].code

    def _run(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
