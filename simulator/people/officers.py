"""Officers: they read the pad, press its keys, look what it says, and press again if they must.

An officer knows the lights and digits of the own pad, who stands at the window, and the clock on
the wall; never what the gateway thinks. So everything is decided anew from what the pad shows,
which is what makes them good at driving a system that loses messages.
"""

import random
from collections.abc import Callable

from simulator.people import habits
from simulator.people.actor import Behaviour, Part, Wait
from simulator.people.counter import Counter
from simulator.people.senses import Pad
from simulator.virtual_time import Timeline

NEXT, RECALL, START, FINISH, MISSED, HOLD, TRANSFER, PAUSE, HELP = range(9)
SHORT_MS = (60, 180)
LONG_MS = (1000, 1400)
ANSWER_MS = 4500
MODES = {"off": "closed", "ready": "open", "call": "called", "busy": "serving", "paused": "paused"}
WORKING = ("called", "serving", "paused")
ANSWERS = ("done", "refused", "stale")
RECALLS_MAX = 2
PARTING_TRIES = 40
VAIN_CALLS_MAX = 8


class Officer:
    """One officer at one window for one day (or half of it)."""

    def __init__(
        self,
        timeline: Timeline,
        rng: random.Random,
        staff_number: str,
        pad: Pad,
        counter: Counter,
        services: int,
        shift: tuple[int, int],
        hall_is_empty: Callable[[], bool],
        closes: bool,
        window_is_left: Callable[[], bool],
    ) -> None:
        self.rng = rng
        self.staff_number = staff_number
        self.pad = pad
        self.counter = counter
        self.services = services
        self.starts_ms, self.ends_ms = shift
        self._timeline = timeline
        self._hall_is_empty = hall_is_empty
        self._closes = closes  # stays until the last visitor, not only until the shift ends
        # Whoever sat here before has gone, with the window closed or not.
        self._window_is_left = window_is_left
        self._recalls = 0
        self._last_number = ""
        self._vain_calls = 0
        self._answer = ""  # what the pad said to the last press
        self._break_ms = self._draw_break()

    # ---- what the officer reads ----

    def mode(self) -> str:
        """What the pad says the window does; "" while it says something else for a moment."""
        return MODES.get(self.pad.light, "")

    def waiting(self) -> int:
        """The people waiting as the pad of an open window shows them."""
        text = self.pad.display.strip()
        return int(text) if text.isdigit() else 0

    # ---- the day ----

    def day(self) -> Behaviour:
        """From the first key to the last."""
        while not (yield from self._sign_in()):
            if self._timeline.now_ms > self.ends_ms and self._may_go():
                return
            yield Wait(self._between(3000, 9000))
        while not self._is_over():
            yield from self._one_step()
        for _ in range(40):
            if self.mode() == "closed":
                return
            yield from self._leave()

    def _is_over(self) -> bool:
        if self._timeline.now_ms < self.ends_ms or self.counter.person is not None:
            return False
        if self.mode() in WORKING or self.counter.aside:
            return False
        if not self._closes:
            return True
        # A dark pad looks closed, too: who has not signed off stays as long as somebody is inside.
        return (self.mode() == "closed" or self.waiting() == 0) and self._may_go()

    def _may_go(self) -> bool:
        return not self._closes or self._hall_is_empty()

    def _sign_in(self) -> Part:
        if self.mode() == "open" or (self.mode() in WORKING and self._window_is_left()):
            return True
        if self.pad.light != "off" or self.pad.display.strip():
            yield Wait(20_000, lambda: self.pad.light == "off" and not self.pad.display.strip())
            return False
        for digit in self.staff_number:
            self._press(int(digit) - 1)
            yield Wait(self._between(250, 700))
        return (yield Wait(ANSWER_MS, lambda: self.mode() == "open"))

    def _one_step(self) -> Behaviour:
        mode = self.mode()
        if mode == "open":
            yield from self._at_open_window()
        elif mode == "called":
            yield from self._await_person()
        elif mode == "serving":
            yield from self._serve()
        elif mode == "paused":
            yield from self._end_break()
        elif mode == "closed":
            # A new day or a lost sign-in; sign in again.
            if not (yield from self._sign_in()):
                yield Wait(self._between(3000, 9000))
        else:
            yield from self._puzzled()

    def _puzzled(self) -> Behaviour:
        """Offline, help, or a result just shown: wait for the pad to say something else."""
        light = self.pad.light
        if light == "offline" and self.rng.random() < habits.PRESSES_WHEN_OFFLINE:
            self._press(self.rng.choice((NEXT, START, FINISH)))
        if light == "help":
            yield Wait(self._between(2000, 8000))
            yield from self._command(HELP)
            return
        yield Wait(30_000, lambda: self.pad.light != light)
        yield Wait(self._between(150, 600))

    def _at_open_window(self) -> Behaviour:
        if self.counter.person is not None:
            # Called, but the window went on meanwhile.
            self.counter.send_away()
        if self.rng.random() < habits.PRESSES_NONSENSE:
            yield from self._command(self.rng.choice((START, MISSED, RECALL, FINISH)))
            return
        over = self._timeline.now_ms >= self.ends_ms
        if self._timeline.now_ms > self._break_ms and not over:
            yield from self._command(PAUSE)
            return
        waiting = self.waiting()
        if self.counter.aside and (over or waiting == 0 or self.rng.random() < 0.2):
            yield from self._command(HOLD, long=True)
            if self._answer == "refused":
                self._vain_calls += 1
            if self._vain_calls > VAIN_CALLS_MAX:
                self.counter.aside.clear()
            return
        if waiting == 0:
            yield Wait(30_000, lambda: self.waiting() > 0 or self.mode() != "open")
            return
        yield Wait(self._between(800, 6000))
        if self.mode() == "open":
            yield from self._command(NEXT)

    def _await_person(self) -> Behaviour:
        number = self.pad.display.strip()
        if number != self._last_number:
            self._last_number, self._recalls = number, 0
            if number in self.counter.aside:
                self.counter.aside.remove(number)
        if self.counter.person is not None and self.counter.person.number != number:
            # Somebody sat down with another number: asked to wait for the own call.
            self.counter.send_away()
        here = yield Wait(
            self._between(45_000, 75_000),
            lambda: self._is_here(number) or self.pad.display.strip() != number,
        )
        if self.mode() != "called" or self.pad.display.strip() != number:
            return
        if here and self._is_here(number):
            yield Wait(self._between(1000, 4000))
            if self.rng.random() < habits.FORGETS_START:
                yield from self._serve()
            else:
                yield from self._command(START)
        elif self._recalls < RECALLS_MAX:
            self._recalls += 1
            yield from self._command(RECALL)
        else:
            yield from self._command(MISSED)

    def _is_here(self, number: str) -> bool:
        person = self.counter.person
        return person is not None and person.number == number

    def _serve(self) -> Behaviour:
        person, number = self.counter.person, self.pad.display.strip()
        if person is None:
            # Served in a life before a restart of everything, or the person has left.
            yield Wait(self._between(2000, 5000))
            if self.mode() in ("serving", "called") and self.counter.person is None:
                yield from self._command(FINISH)
            return
        if self.rng.random() < habits.ASKS_HELP:
            yield from self._command(HELP)
            yield Wait(self._between(20_000, 60_000))
            yield from self._command(HELP)
        draw = self.rng.random()
        if draw < habits.HOLDS_TICKET:
            yield Wait(self._between(15_000, 40_000))
            yield from self._part(HOLD, number)
            self.counter.send_aside()
            self._vain_calls = 0
        elif draw < habits.HOLDS_TICKET + habits.TRANSFERS_TICKET:
            yield Wait(self._between(15_000, 40_000))
            yield from self._part(TRANSFER, number)
            self.counter.send_back()
        else:
            yield Wait(person.take_service_ms())
            full = not self._hall_is_empty() and self.rng.random() < habits.FINISHES_WITH_NEXT
            yield from self._part(NEXT if full else FINISH, number)
            self.counter.dismiss()

    def _part(self, key: int, number: str) -> Behaviour:
        """Press until the pad does not show this person's number any more."""
        for _ in range(PARTING_TRIES):
            if self._still_serves(number):
                if key == TRANSFER:
                    yield from self._choose_service()
                else:
                    yield from self._command(key)
            if self.mode() and not self._still_serves(number):
                return
            yield from self._settle_down()

    def _choose_service(self) -> Behaviour:
        self._press(TRANSFER)
        yield Wait(self._between(400, 1500))
        yield from self._command(self.rng.randrange(self.services))

    def _still_serves(self, number: str) -> bool:
        return self.mode() in ("serving", "called") and self.pad.display.strip() == number

    def _end_break(self) -> Behaviour:
        if self._timeline.now_ms > self._break_ms:
            yield Wait(self._between(240_000, 900_000))
            self._break_ms = self._draw_break()
        yield from self._command(PAUSE)

    def _leave(self) -> Behaviour:
        if self.mode() == "open":
            yield from self._command(PAUSE, long=True)
        elif self.mode():
            yield from self._one_step()
        else:
            yield from self._puzzled()

    # ---- keys ----

    def _command(self, key: int, long: bool = False) -> Behaviour:
        """Press, and wait until the pad has said what came of it."""
        self._press(key, long)
        if self.rng.random() < habits.PRESSES_TWICE:
            yield Wait(self._between(150, 450))
            self._press(key, long)
        self._answer = ""
        if (yield Wait(ANSWER_MS, lambda: self.pad.light in ANSWERS)):
            self._answer = self.pad.light
        yield Wait(self._between(250, 400))
        yield from self._settle_down()

    def _settle_down(self) -> Behaviour:
        """Wait until the pad shows a mode again, within reason."""
        if not self.mode():
            yield Wait(ANSWER_MS, lambda: bool(self.mode()))

    def _press(self, key: int, long: bool = False) -> None:
        self.pad.press(key, self._between(*(LONG_MS if long else SHORT_MS)))

    def _between(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def _draw_break(self) -> int:
        return self._timeline.now_ms + self._between(5_400_000, 9_000_000)
