"""Taxpayers: they come, touch the kiosk, take the paper, wait, walk to the window, judge, leave.

A taxpayer knows the paper in the hand, the kiosk's screen, the signs, the wall and the voice. Some
take their number with the phone, and no paper. Some do not notice their call; some of those come
back and ask the desk.
"""

import random
from collections.abc import Callable
from functools import partial

from simulator.people import habits
from simulator.people.actor import Actor, Behaviour, Part, Wait
from simulator.people.lobby import Lobby
from simulator.people.senses import KIOSK_OPEN
from simulator.virtual_time import Timeline

PAPER_MS = 25_000
KIOSK_REPAIR_MS = 300_000
TRIES_MAX = 6
PATIENCE_MS = 4 * 3_600_000
# So long without a call, one asks the desk.
WONDERS_MS = 45 * 60_000
QUESTIONS_MAX = 4
FREE_CHAIR_MS = 60_000
RATING_MS = 20_000
ANSWER_MS = 40_000  # the desk's, or the phone's


class Taxpayer:
    """One visitor; `outcome` in the end: served, no_ticket, went_away, gave_up, gave_back."""

    def __init__(
        self,
        timeline: Timeline,
        lobby: Lobby,
        visit: habits.Visit,
        rng: random.Random,
        note: Callable[[str], None],
        hurry: int,
        has_phone: bool,
    ) -> None:
        self.number = ""
        self.outcome = "coming"
        self.actor = Actor(timeline, self._visit())
        self._lobby = lobby
        self._room = lobby.room
        self._planned = visit
        self._rng = rng
        self._note = note
        self._hurry = hurry
        self._has_phone = has_phone
        self._word = ""
        lobby.still_to_come += 1
        self.actor.start(visit.at_ms)

    # ---- what the officer sees and says ----

    def take_service_ms(self) -> int:
        """See `counter.Person`."""
        return self._planned.service_ms

    def told(self, word: str) -> None:
        """See `counter.Person`."""
        self._word = word
        self.actor.look()

    # ---- the visit ----

    def _visit(self) -> Behaviour:
        self._lobby.enter(self)
        self.outcome = "inside"
        if (yield from self._take_ticket()):
            self._note(f"takes {self.number}")
            self.outcome = "waiting"
            yield from self._wait_and_be_served()
        else:
            self.outcome = "no_ticket"
        self._note(f"leaves {self.number} {self.outcome}")
        self._lobby.leave(self)

    def _take_ticket(self) -> Part:
        return self._take_number() if self._has_phone else self._take_paper()

    def _take_number(self) -> Part:
        for _ in range(TRIES_MAX):
            yield Wait(self._rng.randint(2_000, 7_000))
            answers: list[str] = []
            self._room.take_number(self._planned.service, answers.append)
            yield Wait(ANSWER_MS, partial(bool, answers))
            if answers and answers[0]:
                self._lobby.hold(self, answers[0])
                return True
        return False

    def _take_paper(self) -> Part:
        self._lobby.line_up(self)
        yield Wait(PATIENCE_MS // self._hurry, lambda: self._lobby.at_kiosk is self)
        kiosk = self._room.kiosk()
        for _ in range(TRIES_MAX):
            yield Wait(self._rng.randint(2_000, 7_000))
            if kiosk.screen not in KIOSK_OPEN:
                ready = yield Wait(KIOSK_REPAIR_MS, lambda: kiosk.screen in KIOSK_OPEN)
                if not ready:
                    continue
            self._lobby.paper.clear()
            kiosk.touch(self._planned.service)
            if (yield Wait(PAPER_MS, lambda: bool(self._lobby.paper))):
                yield Wait(self._rng.randint(500, 1_500))
                self._lobby.take(self)
                self._lobby.leave_kiosk(self)
                return True
        self._lobby.leave_kiosk(self)
        return False

    def _wait_and_be_served(self) -> Behaviour:
        misses = self._rng.random() < habits.MISSES_CALL
        questions = 0
        if self._has_phone and self._rng.random() < habits.GIVES_NUMBER_BACK:
            yield Wait(self._rng.randint(5_000, 120_000))
            self._room.give_back(self.number)
            self.outcome = "gave_back"
        while self.outcome == "waiting":
            called = yield Wait(WONDERS_MS // self._hurry, lambda: self._window() is not None)
            window = self._window()
            if not called and window is None:
                questions += 1
                if questions > QUESTIONS_MAX:
                    self.outcome = "gave_up"
                else:
                    yield from self._ask_at_desk()
            elif window is None:
                # Called and gone again within a blink of the eye.
                yield Wait(1000)
            elif misses:
                misses = False
                yield from self._miss_the_call()
            else:
                yield Wait(self._rng.randint(5_000, 30_000))
                yield from self._go_to(window)

    def _window(self) -> str | None:
        """Where the signs call this number now."""
        for window in self._room.windows:
            sign = self._room.sign(window)
            if sign.number == self.number and sign.mode == "called":
                return window
        return None

    def _go_to(self, window: str) -> Behaviour:
        counter = self._lobby.counters[window]
        self._word = ""
        deadline = FREE_CHAIR_MS
        while self._window() == window and not counter.sit(self) and deadline:
            deadline -= 1000
            yield Wait(1000)
        if counter.person is not self:
            if self._window() is None:
                yield from self._ask_at_desk()
            return
        self._note(f"sits down with {self.number} at window {window}")
        yield Wait(PATIENCE_MS // self._hurry, lambda: self._word != "")
        counter.leave(self)
        if self._word == "done":
            self.outcome = "served"
            yield from self._judge(window)
        elif self._word == "":
            self.outcome = "gave_up"
        elif self._word == "not_you" and self._window() is None:
            yield from self._ask_at_desk()

    def _miss_the_call(self) -> Behaviour:
        if self._rng.random() > habits.RETURNS_AFTER_MISS:
            self.outcome = "went_away"
            return
        yield Wait(self._rng.randint(240_000, 900_000) // self._hurry)
        if self._window() is None:
            yield from self._ask_at_desk()

    def _ask_at_desk(self) -> Behaviour:
        """The clerk puts the number back in line, or says to take a new one."""
        for _ in range(TRIES_MAX):
            yield Wait(self._rng.randint(20_000, 60_000))
            if self._window() is not None:
                return
            answers: list[str] = []
            self._room.ask_desk(self.number, answers.append)
            yield Wait(ANSWER_MS, partial(bool, answers))
            if "new" in answers:
                self._note(f"needs a new number for {self.number}")
                self._lobby.hand_back(self)
                if not (yield from self._take_ticket()):
                    self.outcome = "no_ticket"
                return
            if answers:
                return

    def _judge(self, window: str) -> Behaviour:
        if self._rng.random() > habits.GIVES_RATING:
            return
        if self._has_phone and self._rng.random() < habits.RATES_BY_PHONE:
            yield Wait(self._rng.randint(500, 8_000))
            self._room.rate(self.number, self._rng.randint(1, 5))
            if self._rng.random() > habits.RATES_TWICE:
                return
        face = self._room.face(window)
        if (yield Wait(RATING_MS, lambda: face.mode == "open" and face.number == self.number)):
            yield Wait(self._rng.randint(1_500, 8_000))
            if face.mode == "open" and face.number == self.number:
                face.press(self._rng.choices(range(5), (1, 2, 5, 22, 70))[0], 150)
