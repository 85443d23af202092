"""One-shot jobs (print, speak): each at most once, and an honest answer for each.

Rules:
- the id is stored as begun BEFORE the device gets the job, so that no restart begins it twice;
- one job is under way at a time, the others wait in order; a full queue fails a job as "busy", a
  job that is older than its ttl_ms before it begins fails as "expired" (ttl_ms 0 never begins);
- an id that has an answer keeps it: sent again, it is answered again and not done again. The last
  REMEMBERED ids are kept, over restarts too;
- a job that was under way when the node stopped is answered "unknown", unless its answer is still
  in the outbox. Waiting jobs are in memory only: the gateway sends unanswered ones again;
- an answer the outbox had no room for is reported again every RETRY_MS until it is taken.
Stored as (state, length of id, id)... in bytes. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.timers import DELAY_MS_MAX, earlier, is_due
from protocols.messages.node import JobResult
from protocols.messages.ticket import TicketJob
from protocols.messages.voice import VoiceJob
from protocols.ticks import ticks_add

STORE_KEY = "jobs"
REMEMBERED = 32
RETRY_MS = 1000

_BEGUN = "begun"
_STATES = (_BEGUN, "done", "failed", "unknown")


class Jobs:
    """The jobs of one device, at most `waiting_max` of them waiting."""

    def __init__(self, waiting_max: int) -> None:
        self._waiting_max = waiting_max
        self._waiting: list[tuple[TicketJob | VoiceJob, int]] = []  # (job, when it expires)
        self.current: TicketJob | VoiceJob | None = None
        self._known: list[tuple[str, str]] = []  # (id, state), oldest first
        self._owed: list[JobResult] = []  # refused by a full outbox
        self._retry_at: int | None = None

    # ---- restart ----

    def restore(self, stored: bytes | None, reports: list) -> None:
        """Take what was stored, and the answers that are still in the outbox."""
        self._known = _load(stored or b"")
        for report in reports:
            if isinstance(report, JobResult) and self._state_of(report.id) == _BEGUN:
                self._set_state(report.id, report.state)

    def recover(self, effects: list[tuple]) -> bool:
        """Answer what was under way when the node stopped; whether there was anything."""
        begun = [job_id for job_id, state in self._known if state == _BEGUN]
        for job_id in begun:
            self._answer(job_id, "unknown", "the node restarted", effects)
        return len(begun) > 0

    # ---- life of a job ----

    def offer(self, now_ms: int, job: TicketJob | VoiceJob, effects: list[tuple]) -> None:
        """Take a job, or answer it at once."""
        state = self._state_of(job.id)
        if state == _BEGUN or self._is_waiting(job.id):
            return
        if state:
            self._report(job.id, state, "answered before", effects)
        elif job.ttl_ms == 0:
            self._answer(job.id, "failed", "expired", effects)
        elif len(self._waiting) >= self._waiting_max:
            self._answer(job.id, "failed", "busy", effects)
        else:
            expires_at = ticks_add(now_ms, min(job.ttl_ms, DELAY_MS_MAX))
            self._waiting.append((job, expires_at))

    def pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        """Fail what has expired, report again what the outbox refused."""
        kept = []
        for job, expires_at in self._waiting:
            if is_due(expires_at, now_ms):
                self._answer(job.id, "failed", "expired", effects)
            else:
                kept.append((job, expires_at))
        self._waiting = kept
        if is_due(self._retry_at, now_ms):
            self._retry_at = None
            owed = self._owed
            self._owed = []
            for result in owed:
                effects.append((events.REPORT, result))

    def begin(self, effects: list[tuple]) -> TicketJob | VoiceJob | None:
        """The next job to hand to the device, already stored; None when there is none or when
        one is under way."""
        if self.current is not None or not self._waiting:
            return None
        self.current = self._waiting.pop(0)[0]
        self._set_state(self.current.id, _BEGUN)
        self._store(effects)
        return self.current

    def finish(self, state: str, why: str, effects: list[tuple]) -> None:
        """The job under way has ended in `state` (done, failed, unknown)."""
        if self.current is not None:
            job_id = self.current.id
            self.current = None
            self._answer(job_id, state, why, effects)

    def refused(self, now_ms: int, result: JobResult) -> None:
        """The outbox was full: report this answer again later."""
        self._owed.append(result)
        if self._retry_at is None:
            self._retry_at = ticks_add(now_ms, RETRY_MS)

    def wake_at(self) -> int | None:
        """When a job expires or an answer is to be reported again."""
        deadline = self._retry_at
        for _, expires_at in self._waiting:
            deadline = earlier(deadline, expires_at)
        return deadline

    # ---- memory ----

    def _answer(self, job_id: str, state: str, why: str, effects: list[tuple]) -> None:
        # The report first: it is stored by the outbox, and a cut between the two is then mended by
        # `restore`. The other way round the answer could be lost.
        self._report(job_id, state, why, effects)
        self._set_state(job_id, state)
        self._store(effects)

    def _report(self, job_id: str, state: str, why: str, effects: list[tuple]) -> None:
        # One of the words above; the field checks it.
        result = JobResult(id=job_id, state=state, why=why)  # type: ignore[arg-type]
        effects.append((events.REPORT, result))

    def _store(self, effects: list[tuple]) -> None:
        effects.append((events.STORE, STORE_KEY, _dump(self._known)))

    def _is_waiting(self, job_id: str) -> bool:
        return any(job.id == job_id for job, _ in self._waiting)

    def _state_of(self, job_id: str) -> str:
        for known_id, state in self._known:
            if known_id == job_id:
                return state
        return ""

    def _set_state(self, job_id: str, state: str) -> None:
        known = [entry for entry in self._known if entry[0] != job_id]
        known.append((job_id, state))
        self._known = known[-REMEMBERED:]


def _dump(known: list[tuple[str, str]]) -> bytes:
    out = bytearray()
    for job_id, state in known:
        name = job_id.encode()
        out.append(_STATES.index(state))
        out.append(len(name))
        out.extend(name)
    return bytes(out)


def _load(stored: bytes) -> list[tuple[str, str]]:
    """What `_dump` made. The store keeps values whole; bytes of another make are a ValueError."""
    known = []
    at = 0
    while at < len(stored):
        if at + 2 > len(stored) or stored[at] >= len(_STATES):
            raise ValueError(f"stored {STORE_KEY}: byte {at} is no job; erase the key to go on")
        end = at + 2 + stored[at + 1]
        if end > len(stored):
            raise ValueError(f"stored {STORE_KEY}: cut off at byte {at}; erase the key to go on")
        known.append((str(stored[at + 2 : end], "utf-8"), _STATES[stored[at]]))
        at = end
    return known
