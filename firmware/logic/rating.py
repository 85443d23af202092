"""The rating pad of a window: five faces, one verdict for one visit.

Rules:
- a visit opens once, for the `open_ms` told when it first came; the same visit told again neither
  prolongs it nor opens it a second time, whether it was judged or ran out;
- the visit judged last is stored, so that no restart asks again;
- it opens only while the lease is fresh: the retained picture a pad finds after a restart may be
  hours old. Once open it stays open without a lease, because a verdict is as true a minute later
  and the outbox keeps it;
- thanks show for THANKS_MS, or until the next visit; a verdict the outbox has no room for is
  refused for REFUSED_MS and may be given again while the visit is open;
- keys while nothing is open mean nothing; of two keys the first counts;
- identified, it lights its faces in turn; keys work as ever, and the first of them ends it.
("face", mode, number, officer, grade): closed, open, thanks, refused, identify (`grade` is the face
lit), or offline (not open and the lease has ended); number and officer "" and grade 0 where they
say nothing. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.debounce import Keys, key_line
from firmware.logic.identify import Identify
from firmware.logic.timers import earliest, is_due
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.ticks import ticks_add

KEY_COUNT = 5
THANKS_MS = 3000
REFUSED_MS = 3000
STORE_KEY = "visit"


class RatingLogic(Logic):
    """State of one rating pad; see the rules above."""

    def __init__(self) -> None:
        self._keys = Keys(KEY_COUNT)
        self._want: RatingWant | None = None
        self._fresh = False
        self._visit = ""  # the last visit told; the deadline is its
        self._open_until: int | None = None
        self._opened = False
        self._judged = ""
        self._given: RatingGiven | None = None
        self._down: list[str] = [""] * KEY_COUNT  # the visit open when each finger went down
        self._message = ""  # thanks or refused
        self._message_until: int | None = None
        self._identify = Identify()
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        effects: list[tuple] = []
        kind = event[0]
        if kind == events.RESTORE:
            self._restore(event[1], event[2])
            return effects
        self._pass_time(now_ms, effects)
        if kind == events.KEY:
            if self._keys.edge(now_ms, event[1], event[2]):
                self._down[event[1]] = self._open_visit()
        elif kind == events.START:
            self._keys.begin(now_ms)
        elif kind == events.WANT:
            self._take_want(now_ms, event[1])
        elif kind == events.LEASE:
            self._fresh = event[1]
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        elif kind == events.LINK and event[1]:  # what was told without a link, nobody heard
            for index in self._keys.stuck():
                effects.append((events.LOG,) + key_line(index, "face", True))
        elif kind == events.FULL and event[1] is self._given:
            self._judged = ""
            effects.append((events.STORE, STORE_KEY, b""))
            self._show_message(now_ms, "refused", REFUSED_MS)
        if self._fresh:
            self._opened = True
        face = self._face()
        if face != self._shown:
            self._shown = face
            effects.append(face)
        return effects

    def wake_at(self) -> int | None:
        """When it needs a tick at the latest."""
        return earliest(
            (self._keys.wake_at(), self._open_until, self._identify.wake_at(), self._message_until)
        )

    def _restore(self, stored: dict[str, bytes], reports: list) -> None:
        self._judged = str(stored.get(STORE_KEY, b""), "utf-8")
        # A verdict whose visit was not stored any more is still in the outbox.
        for report in reports:
            if isinstance(report, RatingGiven):
                self._judged = report.visit

    def _pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        self._identify.pass_time(now_ms)
        if is_due(self._open_until, now_ms):
            self._open_until = None
        if is_due(self._message_until, now_ms):
            self._message_until = None
        for index, level, _ in self._keys.settled(now_ms):
            if level:
                self._press(now_ms, index, effects)
        for index, stuck in self._keys.complaints(now_ms):
            effects.append((events.LOG,) + key_line(index, "face", stuck))

    def _take_want(self, now_ms: int, want: RatingWant) -> None:
        self._want = want
        if want.visit and want.visit != self._visit:
            self._visit = want.visit
            self._open_until = ticks_add(now_ms, want.open_ms)
            self._opened = False
            if want.open_ms == 0:
                self._open_until = None

    def _press(self, now_ms: int, index: int, effects: list[tuple]) -> None:
        self._identify.end()
        visit = self._open_visit()
        if not visit or visit != self._down[index]:
            return
        self._judged = visit
        self._given = RatingGiven(visit=visit, grade=index + 1)
        # The report first: the outbox stores it, and `_restore` mends a cut between the two.
        effects.append((events.REPORT, self._given))
        effects.append((events.STORE, STORE_KEY, visit.encode()))
        self._show_message(now_ms, "thanks", THANKS_MS)

    def _open_visit(self) -> str:
        """The visit a verdict can be given on now, or ""."""
        want = self._want
        if want is None or self._open_until is None or not self._opened:
            return ""
        if want.visit != self._visit or self._visit == self._judged:
            return ""
        return self._visit

    def _show_message(self, now_ms: int, message: str, for_ms: int) -> None:
        self._message = message
        self._message_until = ticks_add(now_ms, for_ms)

    def _face(self) -> tuple:
        if self._identify.phase is not None:
            return (events.FACE, "identify", "", "", self._identify.phase % KEY_COUNT + 1)
        open_visit = self._open_visit()
        if self._message_until is not None and not (open_visit and self._message == "thanks"):
            grade = self._given.grade if self._given is not None else 0
            return (events.FACE, self._message, "", "", grade)
        if open_visit and self._want is not None:
            return (events.FACE, "open", self._want.number, self._want.officer, 0)
        return (events.FACE, "closed" if self._fresh else "offline", "", "", 0)
