"""Numbers a kiosk may give out while it does not hear the gateway, and what became of them.

Rules:
- the gateway gives a reserve to whoever asked for it by this report, never by its name alone: a
  new board under an old name gets other numbers, for the old one may have given some out;
- a number is kept as given out, durably, BEFORE it is printed; so no cut of power gives it twice;
- a reserve is good until midnight in the hall, reckoned from the moment the gateway told the time.
  After a restart without the gateway the time is not known: nothing is given out;
- every number given out is reported, oldest first and one at a time, once its print has ended,
  until the gateway has settled it. A print cut by a restart is "unknown";
- one print at a time, and none while the kiosk prints for the gateway.
Stored as lines of text. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.timers import earlier, is_due
from protocols.messages.node import Ack, JobResult
from protocols.messages.ticket import ReserveJob, ReserveTicket, ReserveWanted, TicketJob
from protocols.ticks import ticks_add, ticks_diff
from protocols.wire import Message

STORE_KEY = "reserve"
DAY_MS = 86400000
LOW = 5
ASK_AGAIN_MS = 600000
RETRY_MS = 1000
# As long as the gateway may be away at midnight: numbers of yesterday must not be given out.
MARGIN_MS = 60000
_BEGUN = "begun"
_ROW, _GIVEN = "row", "given"


class Row:
    """The numbers of one service: `next` is the first not given out."""

    def __init__(self, service: str, prefix: str, first: int, last: int, at: int) -> None:
        self.service = service
        self.prefix = prefix
        self.first = first
        self.last = last
        self.next = at


class Given:
    """A number given out. `state`: begun, then what came of its print."""

    def __init__(self, reserve: str, service: str, number: int, at_ms: int, state: str) -> None:
        self.reserve = reserve
        self.service = service
        self.number = number
        self.issued_ms = at_ms
        self.state = state


class Reserve:
    """The reserve of one kiosk. `printing` is the ticket it has at the printer, or None."""

    def __init__(self) -> None:
        self.printing: TicketJob | None = None
        self._reserve = ""
        self._rows: list[Row] = []
        self._given: list[Given] = []
        self._told: ReserveJob | None = None  # the hall's time, as told in this boot
        self._told_at = 0
        self._ends_at: int | None = None
        self._asking: ReserveWanted | None = None
        self._ask_at: int | None = None  # not before; None: at once
        self._merging: ReserveTicket | None = None
        self._retry_at: int | None = None  # the outbox was full

    # ---- restart ----

    def restore(self, stored: bytes | None) -> None:
        """Take what was stored."""
        lines = str(stored or b"", "utf-8").split("\n")
        self._reserve = lines[0]
        for line in lines[1:]:
            words = line.split(" ")
            if words[0] == _GIVEN and len(words) == 6:
                self._given.append(
                    Given(words[1], words[2], int(words[3]), int(words[4]), words[5])
                )
            elif words[0] == _ROW and len(words) == 6:
                numbers = [int(word) for word in words[3:]]
                self._rows.append(Row(words[1], words[2], numbers[0], numbers[1], numbers[2]))
            else:
                raise ValueError(f"stored {STORE_KEY}: {line!r} is no row; erase the key to go on")

    def recover(self, effects: list[tuple]) -> None:
        """A print that was under way when the node stopped may have come out or not."""
        begun = [given for given in self._given if given.state == _BEGUN]
        for given in begun:
            given.state = "unknown"
        if begun:
            self._store(effects)

    # ---- what it has ----

    def left(self, service: str) -> int:
        """How many numbers of a service may be given out now."""
        if self._ends_at is None:
            return 0
        return sum([row.last + 1 - row.next for row in self._rows if row.service == service])

    def give(
        self, now_ms: int, service: tuple[str, str, str], effects: list[tuple]
    ) -> TicketJob | None:
        """The ticket to print, its number kept for good; None when there is none left.

        `service` is (code, name in Chinese, name in English).
        """
        told = self._told
        rows = [row for row in self._rows if row.service == service[0] and row.next <= row.last]
        if told is None or self._ends_at is None or not rows:
            return None
        row = rows[0]
        past_ms = max(0, ticks_diff(now_ms, self._told_at))
        self._given.append(
            Given(self._reserve, row.service, row.next, told.hall_ms + past_ms, _BEGUN)
        )
        number = "%s%03d" % (row.prefix, row.next)
        row.next += 1
        self._store(effects)
        minutes = (told.day_ms + past_ms) // 60000
        self.printing = TicketJob(
            id="r-%s-%s" % (self._reserve, number),
            ttl_ms=0,
            number=number,
            service_zh=service[1],
            service_en=service[2],
            ahead=None,
            wait_minutes=None,
            issued="%s %02d:%02d" % (told.date, minutes // 60, minutes % 60),
            url="",
            copy=0,
        )
        return self.printing

    def printed(self, state: str, effects: list[tuple]) -> None:
        """The print under way has ended: done, failed or unknown."""
        self.printing = None
        for given in self._given:
            if given.state == _BEGUN:
                given.state = state
        self._store(effects)

    # ---- the gateway ----

    def offer(self, now_ms: int, job: ReserveJob, effects: list[tuple]) -> None:
        """Take the numbers if they are ours."""
        if job.reserve != self._reserve:
            # Ours may come before the acknowledgement that tells its name: then it comes again.
            if self._asking is None:
                self._answer(job, "failed", "not the reserve of this board", effects)
            return
        for told in job.rows:
            # A row that is known keeps its place, however late and often it is told.
            if not any(r.service == told.service and r.first == told.first for r in self._rows):
                self._rows.append(Row(told.service, told.prefix, told.first, told.last, told.first))
        self._take_time(now_ms, job)
        self._store(effects)
        self._answer(job, "done", "", effects)

    def _take_time(self, now_ms: int, job: ReserveJob) -> None:
        known = self._told
        if known is not None and job.hall_ms < known.hall_ms + ticks_diff(now_ms, self._told_at):
            return  # held up on the way
        self._told = job
        self._told_at = now_ms
        left_ms = DAY_MS - MARGIN_MS - job.day_ms
        self._ends_at = ticks_add(now_ms, left_ms) if left_ms > 0 else None

    def pass_time(
        self, now_ms: int, online: bool, services: list[str], effects: list[tuple]
    ) -> None:
        """Ask for numbers while there are too few, and report those given out."""
        if is_due(self._ends_at, now_ms):
            self._ends_at = None
            self._told = None
            self._ask_at = ticks_add(now_ms, 2 * MARGIN_MS)
        if is_due(self._ask_at, now_ms):
            self._ask_at = None
        if is_due(self._retry_at, now_ms):
            self._retry_at = None
        low = any(self.left(service) < LOW for service in services)
        if online and low and self._asking is None and self._ask_at is None:
            self._asking = ReserveWanted(reserve=self._reserve)
            self._ask_at = ticks_add(now_ms, ASK_AGAIN_MS)
            effects.append((events.REPORT, self._asking))
        self._report(effects)

    def settled(self, ack: Ack, report: Message, effects: list[tuple]) -> None:
        """The gateway has settled a report, if it is ours."""
        result = ack.first if ack.result == "dup" else ack.result
        if report is self._asking:
            self._asking = None
            if result != "ok" and self._reserve:
                # Another day, or a gateway that began anew: ask for a new one, at once.
                self._reserve = ""
                self._rows = []
                self._ask_at = None
                self._store(effects)
            elif result == "ok" and not self._reserve:
                self._reserve = "%d-%d" % (ack.boot, ack.seq)
                self._store(effects)
        elif report is self._merging:
            self._merging = None
            self._given.pop(0)
            self._store(effects)

    def full(self, now_ms: int, report: Message) -> None:
        """The outbox had no room for a report of ours."""
        if report is self._asking:
            self._asking = None
            self._ask_at = ticks_add(now_ms, RETRY_MS)
        elif report is self._merging:
            self._merging = None
            self._retry_at = ticks_add(now_ms, RETRY_MS)

    def wake_at(self) -> int | None:
        """When `pass_time` is wanted at the latest."""
        return earlier(earlier(self._ends_at, self._ask_at), self._retry_at)

    # ---- inside ----

    def _report(self, effects: list[tuple]) -> None:
        if not self._given or self._merging is not None or self._retry_at is not None:
            return
        oldest = self._given[0]
        if oldest.state == _BEGUN:
            return
        self._merging = ReserveTicket(
            reserve=oldest.reserve,
            service=oldest.service,
            number=oldest.number,
            issued_ms=oldest.issued_ms,
            printed=oldest.state,  # type: ignore[arg-type]  # one of the words; the field checks it
        )
        effects.append((events.REPORT, self._merging))

    def _answer(self, job: ReserveJob, state: str, why: str, effects: list[tuple]) -> None:
        result = JobResult(id=job.id, state=state, why=why)  # type: ignore[arg-type]  # as above
        effects.append((events.REPORT, result))

    def _store(self, effects: list[tuple]) -> None:
        lines = [self._reserve]
        for row in self._rows:
            words = (_ROW, row.service, row.prefix, row.first, row.last, row.next)
            lines.append("%s %s %s %d %d %d" % words)
        for given in self._given:
            line = (_GIVEN, given.reserve, given.service, given.number, given.issued_ms)
            lines.append("%s %s %s %d %d " % line + given.state)
        effects.append((events.STORE, STORE_KEY, "\n".join(lines).encode()))
