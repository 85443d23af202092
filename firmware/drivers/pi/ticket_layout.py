"""A queue ticket -> the bytes for a 80 mm ESC/POS printer, in the printer's own fonts.

From the top: hall, the number as large as the paper bears, the service, people ahead, QR code,
what to do when the number was missed; Chinese first, English under it. About 1.1 kB: 1.1 s on
a serial line of 9600 Bd, where a picture takes 50 s. Where the printer's fonts do not reach (a
character outside of GB 2312), use `ticket_raster`; `needs_raster` tells.

A copy carries 补打 COPY in white on black above everything. The ticket ends with the request to
report when all of it is on paper (process id), then the cut.
"""

from dataclasses import dataclass

from protocols.peripherals import escpos

LINE_DOTS = 576
HALF_WIDTH_DOTS = 12
NUMBER_SCALE = 8
QR_MODULE_DOTS = 6

YOUR_NUMBER = "您的号码 YOUR NUMBER"
COPY_MARK = " 补打 COPY "
SCAN_HINT = "扫码查看排队进度 Scan to follow the queue"
MISSED_ZH = "过号请到导税台"
MISSED_EN = "Please come when your number is called"
NEXT_ZH = "前面无人等候 请留意叫号"
NEXT_EN = "You are next"
ALONE_ZH = "离线取号　位置已保留"
ALONE_EN = "Issued offline; your place in line is kept"

_ROW_BYTES = LINE_DOTS // 8
_RULE = escpos.raster(_ROW_BYTES, 3, b"\xff" * _ROW_BYTES * 3)
_DOTTED_RULE = escpos.raster(_ROW_BYTES, 2, b"\xcc" * _ROW_BYTES * 2)


@dataclass(frozen=True)
class TicketData:
    """All that a ticket says. `ahead` counts people; `print_count` is this printer's own.

    `ahead` None marks a number given out while the gateway was away; an empty `url` prints no QR
    code; `wait_minutes` None prints no expected wait.
    """

    number: str
    service_zh: str
    service_en: str
    hall_zh: str
    hall_en: str
    ahead: int | None
    wait_minutes: int | None
    issued_text: str
    url: str
    job_id: str
    print_count: int
    copy: bool = False

    def texts(self) -> tuple[str, ...]:
        """Every text that comes from outside."""
        return (
            self.number,
            self.service_zh,
            self.service_en,
            self.hall_zh,
            self.hall_en,
            self.issued_text,
        )


def needs_raster(ticket: TicketData) -> bool:
    """Whether a text holds a character that not every Chinese printer has."""
    try:
        for text in ticket.texts():
            text.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


def width_units(text: str) -> int:
    """Width in half-width characters: ASCII is 1, all else 2."""
    return sum(1 if ord(character) < 0x80 else 2 for character in text)


def largest_scale(text: str, limit: int) -> int:
    """The largest character width, at most `limit`, at which `text` stays on one line."""
    units = max(1, width_units(text))
    return max(1, min(limit, LINE_DOTS // (units * HALF_WIDTH_DOTS)))


def ahead_text(ticket: TicketData) -> tuple[str, str]:
    """Chinese and English words for the people ahead."""
    if ticket.ahead is None:
        return ALONE_ZH, ALONE_EN
    if ticket.ahead == 0:
        return NEXT_ZH, NEXT_EN
    people = "1 person" if ticket.ahead == 1 else f"{ticket.ahead} people"
    return f"前面还有 {ticket.ahead} 人", f"{people} ahead of you"


def wait_text(ticket: TicketData) -> str:
    """One line on the expected wait; empty when it is not known."""
    if ticket.wait_minutes is None or ticket.ahead == 0:
        return ""
    return f"预计等候约 {ticket.wait_minutes} 分钟 About {ticket.wait_minutes} min"


def foot_text(ticket: TicketData) -> str:
    """Time of issue and the print counter."""
    return f"{ticket.issued_text}  No.{ticket.print_count:06d}"


def layout(ticket: TicketData) -> bytes:
    """The whole ticket; UnicodeEncodeError for a character that GB 18030 cannot write."""
    parts = [
        escpos.INIT,
        escpos.CHINESE_ON,
        escpos.align(escpos.CENTRE),
        escpos.line_spacing(0),
    ]
    if ticket.copy:
        parts += _inverse_line(COPY_MARK, 3)
        parts.append(escpos.feed_dots(20))
    parts += _line(ticket.hall_zh, largest_scale(ticket.hall_zh, 2), 2, bold=True)
    parts.append(escpos.feed_dots(6))
    parts += _line(ticket.hall_en, 1, 1)
    parts += [escpos.feed_dots(14), _RULE, escpos.feed_dots(18)]

    parts += _line(YOUR_NUMBER, 1, 1)
    parts.append(escpos.feed_dots(2))
    parts += _line(ticket.number, largest_scale(ticket.number, NUMBER_SCALE), NUMBER_SCALE, True)
    parts.append(escpos.feed_dots(2))
    parts += _line(ticket.service_zh, largest_scale(ticket.service_zh, 2), 2, bold=True)
    parts.append(escpos.feed_dots(6))
    parts += _line(ticket.service_en, 1, 1)
    parts += [escpos.feed_dots(18), _DOTTED_RULE, escpos.feed_dots(16)]

    parts += _ahead(ticket)
    if ticket.url:
        parts += [escpos.feed_dots(18), escpos.qr(ticket.url.encode("ascii"), QR_MODULE_DOTS)]
        parts.append(escpos.feed_dots(10))
        parts += _line(SCAN_HINT, 1, 1)
    parts += [escpos.feed_dots(16), _DOTTED_RULE, escpos.feed_dots(16)]

    parts += _line(MISSED_ZH, 1, 1, bold=True)
    parts.append(escpos.feed_dots(6))
    parts += _line(MISSED_EN, 1, 1)
    parts.append(escpos.feed_dots(14))
    parts += _line(foot_text(ticket), 1, 1)
    parts.append(finish(ticket))
    return b"".join(parts)


def finish(ticket: TicketData) -> bytes:
    """The end of every ticket: say when it is printed, and cut."""
    job = escpos.process_id(ticket.job_id)
    return escpos.cut(partial=True, feed=24) + escpos.process_id_request(job)


def _line(text: str, width: int, height: int, bold: bool = False) -> list[bytes]:
    return [
        escpos.size(width, height),
        escpos.emphasis(bold),
        escpos.text(text.encode("gb18030") + b"\n"),
    ]


def _inverse_line(text: str, scale: int) -> list[bytes]:
    return [escpos.inverse(True), *_line(text, scale, scale, bold=True), escpos.inverse(False)]


def _ahead(ticket: TicketData) -> list[bytes]:
    chinese, english = ahead_text(ticket)
    parts = _line(chinese, largest_scale(chinese, 2), 2, bold=True)
    parts.append(escpos.feed_dots(6))
    parts += _line(english, 1, 1)
    if wait_text(ticket):
        parts.append(escpos.feed_dots(6))
        parts += _line(wait_text(ticket), 1, 1)
    return parts
