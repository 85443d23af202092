"""The voice: one announcement at a time, in order, each at most once.

Rules:
- ("speak", job_id, number, window, again) is given only when nothing is being said: the one before
  has ended ("spoken") or has been silent for so long (LONGEST_MS) that it is answered "unknown";
- after a restart in the middle of an announcement the chip may still be talking: that job is
  answered "unknown" and the next one waits SETTLE_MS;
- speaking needs no lease: a job dies by its own ttl_ms;
- identified, it gives ("chime", CHIME_JOB) now and again, only when nothing is being said or waits
  to be. A chime is over as an announcement is: "spoken", or LONGEST_MS of silence. That it chimes
  is stored, so that a restart is quiet for as long as one in the middle of an announcement.
The rest of a job's life: `firmware.logic.jobs`. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.identify import Identify
from firmware.logic.jobs import STORE_KEY, Jobs
from firmware.logic.timers import earlier, is_due
from protocols.messages.node import JobResult
from protocols.messages.voice import VoiceJob
from protocols.ticks import ticks_add

WAITING_MAX = 16
LONGEST_MS = 30000
SETTLE_MS = 10000
CHIME_JOB = "identify"
CHIME_PAUSE_MS = 1500
CHIME_KEY = "chime"  # stored


class VoiceLogic(Logic):
    """State of the voice; see the rules above."""

    def __init__(self) -> None:
        self._jobs = Jobs(WAITING_MAX)
        self._doubt_at: int | None = None
        self._quiet_until: int | None = None
        self._identify = Identify()
        self._chimed = False  # stored: a chime may sound
        self._chime_doubt_at: int | None = None  # a chime sounds
        self._chime_again_at: int | None = None

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        effects: list[tuple] = []
        kind = event[0]
        if kind == events.RESTORE:
            self._jobs.restore(event[1].get(STORE_KEY), event[2])
            self._chimed = bool(event[1].get(CHIME_KEY))
            return effects
        if kind == events.START:
            if self._jobs.recover(effects) or self._chimed:
                self._quiet_until = ticks_add(now_ms, SETTLE_MS)
        elif kind == events.JOB:
            self._jobs.offer(now_ms, event[1], effects)
        elif kind == events.SPOKEN:
            current = self._jobs.current
            if current is not None and current.id == event[1]:
                self._doubt_at = None
                self._jobs.finish("done", "", effects)
            elif event[1] == CHIME_JOB and self._chime_doubt_at is not None:
                self._chime_ended(now_ms)
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        elif kind == events.FULL and isinstance(event[1], JobResult):
            self._jobs.refused(now_ms, event[1])
        self._pass_time(now_ms, effects)
        return effects

    def wake_at(self) -> int | None:
        """When it needs a tick at the latest."""
        deadline = earlier(self._doubt_at, self._quiet_until)
        deadline = earlier(deadline, self._chime_doubt_at)
        deadline = earlier(deadline, self._chime_again_at)
        deadline = earlier(deadline, self._identify.wake_at())
        return earlier(deadline, self._jobs.wake_at())

    def _pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        self._identify.pass_time(now_ms)
        if is_due(self._chime_doubt_at, now_ms):
            self._chime_ended(now_ms)
        if is_due(self._chime_again_at, now_ms):
            self._chime_again_at = None
        if is_due(self._quiet_until, now_ms):
            self._quiet_until = None
        if is_due(self._doubt_at, now_ms):
            self._doubt_at = None
            self._jobs.finish("unknown", "no end of the announcement was told", effects)
        self._jobs.pass_time(now_ms, effects)
        if self._quiet_until is not None or self._chime_doubt_at is not None:
            return
        job = self._jobs.begin(effects)
        if isinstance(job, VoiceJob):
            self._doubt_at = ticks_add(now_ms, LONGEST_MS)
            effects.append((events.SPEAK, job.id, job.number, job.window, job.again))
        elif self._identify.phase is None:
            self._note_chimes(False, effects)
        elif self._jobs.current is None and self._chime_again_at is None:
            self._note_chimes(True, effects)
            self._chime_doubt_at = ticks_add(now_ms, LONGEST_MS)
            effects.append((events.CHIME, CHIME_JOB))

    def _chime_ended(self, now_ms: int) -> None:
        self._chime_doubt_at = None
        self._chime_again_at = ticks_add(now_ms, CHIME_PAUSE_MS)

    def _note_chimes(self, chiming: bool, effects: list[tuple]) -> None:
        if chiming != self._chimed:
            self._chimed = chiming
            effects.append((events.STORE, CHIME_KEY, b"1" if chiming else b""))
