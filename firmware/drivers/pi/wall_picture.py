"""What wall and window sign show, as frames of LEDs.

The wall has four lines of sixteen dots: the newest three calls and the notice. A line that just
came flashes. A number nobody can vouch for is not shown: a stale wall says so instead. A wall that
is identified shows its name as large as it fits.
"""

from firmware.drivers.pi.glyphs import CENTRE, LEFT, LINE_HEIGHT, LedFont, draw_text, fits
from firmware.drivers.words import sign_text
from firmware.logic import events

WALL_WIDTH, WALL_HEIGHT = 128, 64
SIGN_WIDTH, SIGN_HEIGHT = 64, 16
CALL_LINES = WALL_HEIGHT // LINE_HEIGHT - 1
WELCOME = "欢迎 请先取号"
UPDATING = "信息更新中"

Rows = tuple[tuple[str, str, bool, bool], ...]  # (number, window, lit, new)


def call_text(number: str, window: str) -> str:
    """A call in at most 128 dots: 8 for an ASCII character, 16 for a Chinese one."""
    return f"请{number}到{window}号窗口"


def wall_frame(font: LedFont, mode: str, rows: Rows, page: str, waiting: int) -> bytes:
    """The whole wall."""
    if mode == events.IDENTIFY:
        return _large(font, page.upper())
    if mode == events.STALE:
        lines = ["", UPDATING, page, ""]
    else:
        lines = [call_text(number, window) if lit else "" for number, window, lit, _ in rows]
        lines = (lines + [""] * CALL_LINES)[:CALL_LINES]
        if not rows:
            lines[0] = WELCOME
        if len(rows) < CALL_LINES:
            lines[-1] = f"现在等候{waiting}人"
        lines.append(page)
    return b"".join(_line(font, line, WALL_WIDTH) for line in lines)


def sign_frame(font: LedFont, mode: str, number: str) -> bytes:
    """One window's sign; the window's own number is on the plate beside it."""
    return _line(font, sign_text(mode, number), SIGN_WIDTH)


def _large(font: LedFont, text: str) -> bytes:
    scale = WALL_HEIGHT // LINE_HEIGHT
    while scale > 1 and not fits(font, text, WALL_WIDTH, scale):
        scale -= 1
    return draw_text(font, text, WALL_WIDTH, WALL_HEIGHT, CENTRE, scale=scale)


def _line(font: LedFont, text: str, width: int) -> bytes:
    side = CENTRE if fits(font, text, width) else LEFT
    return draw_text(font, text, width, LINE_HEIGHT, side)
