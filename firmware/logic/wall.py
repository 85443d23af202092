"""The LED wall: the latest calls, newest first, and a line of notice.

Rules:
- a row told as new flashes FLASH_MS long in phases of PHASE_MS, lit first; a picture sent again
  does not begin the flash again, and neither does a lease that comes back: it is no news then;
- a notice longer than NOTICE_COLUMNS (128 dots; a Chinese character takes two columns) shows page
  after page, PAGE_MS each; the pages begin again only with another text;
- a wall whose lease has ended shows no numbers at all, but STALE_NOTICE, until it is fresh.
The effect is ("rows", mode, rows, page, waiting, notice): mode "live" or "stale"; rows of (number,
window, lit, new), where `new` is true while the row flashes and `lit` is the phase; the page of the
notice to draw now, and for a wall with more room the whole notice. Identified, it is ("rows",
"identify", (), node, 0, node). MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.identify import Identify
from firmware.logic.timers import earlier
from protocols.messages.wall import WallRow, WallWant
from protocols.ticks import ticks_add, ticks_diff

FLASH_MS = 8000
PHASE_MS = 500
PAGE_MS = 4000
NOTICE_COLUMNS = 16
STALE_NOTICE = "请稍候"


def columns(text: str) -> int:
    """How many half-width columns a text takes: 1 for ASCII, 2 for anything else."""
    return sum([1 if character < "\x7f" else 2 for character in text])


def pages(text: str, width: int) -> list[str]:
    """Cut a text into pages of at most `width` columns, between words where it can."""
    found = []
    page = ""
    for character in text:
        if columns(page + character) > width:
            cut = page.rfind(" ") + 1
            if character == " " or cut == 0 or ord(page[-1]) > 126 or ord(character) > 126:
                cut = len(page)
            found.append(page[:cut].strip(" "))
            page = page[cut:]
        page += character
    if page.strip(" "):
        found.append(page.strip(" "))
    return found


class WallLogic(Logic):
    """State of one wall; see the rules above."""

    def __init__(self) -> None:
        self._want: WallWant | None = None
        self._fresh = False
        self._flashes: list[tuple[str, str, int]] = []  # (number, window, since)
        self._notice = ""
        self._pages: list[str] = []
        self._paged_at = 0  # when the page shown now came up
        self._page = 0
        self._wake_at: int | None = None
        self._identify = Identify()
        self._shown: tuple = ()

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        kind = event[0]
        self._identify.pass_time(now_ms)
        if kind == events.WANT:
            self._take_want(now_ms, event[1])
        elif kind == events.LEASE:
            self._fresh = event[1]
            self._flashes = []
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
        picture = self._picture(now_ms)
        if picture == self._shown:
            return []
        self._shown = picture
        return [picture]

    def wake_at(self) -> int | None:
        """When the picture changes by itself."""
        return earlier(self._wake_at, self._identify.wake_at())

    def _take_want(self, now_ms: int, want: WallWant) -> None:
        before = self._want
        flashes = []
        for row in want.rows:
            if row.new:
                since = self._flash_since(row)
                if since is not None:
                    flashes.append((row.number, row.window, since))
                elif self._fresh and (before is None or not self._was_new(before, row)):
                    flashes.append((row.number, row.window, now_ms))
        self._flashes = flashes
        self._want = want
        if want.notice != self._notice:
            self._notice = want.notice
            self._pages = pages(want.notice, NOTICE_COLUMNS)
            self._page = 0
            self._paged_at = now_ms

    def _flash_since(self, row: WallRow) -> int | None:
        for number, window, since in self._flashes:
            if number == row.number and window == row.window:
                return since
        return None

    def _was_new(self, before: WallWant, row: WallRow) -> bool:
        for old in before.rows:
            if old.number == row.number and old.window == row.window:
                return old.new
        return False

    def _picture(self, now_ms: int) -> tuple:
        self._wake_at = None
        self._end_flashes(now_ms)
        page = self._turn_page(now_ms)
        want = self._want
        if self._identify.phase is not None:
            return (events.ROWS, events.IDENTIFY, (), self._identify.node, 0, self._identify.node)
        if want is None or not self._fresh:
            self._wake_at = None
            return (events.ROWS, events.STALE, (), STALE_NOTICE, 0, STALE_NOTICE)
        rows = []
        for row in want.rows:
            since = self._flash_since(row)
            lit = since is None or self._lit(now_ms, since)
            rows.append((row.number, row.window, lit, since is not None))
        return (events.ROWS, events.LIVE, tuple(rows), page, want.waiting, want.notice)

    def _end_flashes(self, now_ms: int) -> None:
        if self._flashes:
            flashes = self._flashes
            self._flashes = [flash for flash in flashes if ticks_diff(now_ms, flash[2]) < FLASH_MS]

    def _lit(self, now_ms: int, since: int) -> bool:
        phase = ticks_diff(now_ms, since) // PHASE_MS
        self._wake_at = earlier(self._wake_at, ticks_add(since, (phase + 1) * PHASE_MS))
        return phase % 2 == 0

    def _turn_page(self, now_ms: int) -> str:
        if not self._pages:
            return ""
        if len(self._pages) > 1 and self._fresh:
            turns = ticks_diff(now_ms, self._paged_at) // PAGE_MS
            if turns > 0:
                self._page = (self._page + turns) % len(self._pages)
                self._paged_at = ticks_add(self._paged_at, turns * PAGE_MS)
            elif turns < 0:
                self._paged_at = now_ms  # nothing turned for days, and the ticks wrapped
            self._wake_at = ticks_add(self._paged_at, PAGE_MS)
        return self._pages[self._page]
