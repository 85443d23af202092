"""A queue ticket drawn as a picture and sent as dots: any character, exact design.

For printers on USB or a network (55 kB would take 52 s at 9600 Bd), and for names that the
printer's own fonts lack. What it says is the same as in `ticket_layout`; it begins and ends with
the same commands. Fonts are TTF files with Chinese, regular and bold.
"""

import functools
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from firmware.drivers.pi import ticket_layout
from firmware.drivers.pi.ticket_layout import LINE_DOTS, QR_MODULE_DOTS, TicketData
from protocols.peripherals import escpos

BAND_ROWS = 240
MAXIMUM_ROWS = 1_600
_INK = 0
_PAPER = 255
_GUTTER = 28


class _Sheet:
    """Draws from the top down; `y` is where the next thing goes."""

    def __init__(self, regular: Path, bold: Path) -> None:
        self._paths = (regular, bold)
        self.image = Image.new("L", (LINE_DOTS, MAXIMUM_ROWS), _PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.y = 0

    @functools.cache  # noqa: B019  # a sheet lives for one ticket
    def font(self, size: int, bold: bool) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(self._paths[bold]), size)

    def fitted(self, text: str, size: int, bold: bool, width: int) -> ImageFont.FreeTypeFont:
        """The largest font, at most `size`, at which `text` is not wider than `width`."""
        length = self.font(size, bold).getlength(text)
        return self.font(size if length <= width else int(size * width / length), bold)

    def line(self, text: str, size: int, bold: bool = False, ink: int = _INK) -> None:
        """A centred line as wide as the paper at most; takes 1.25 times its size."""
        font = self.fitted(text, size, bold, LINE_DOTS)
        self.draw.text(
            (LINE_DOTS / 2, self.y + size * 1.02), text, font=font, fill=ink, anchor="ms"
        )
        self.y += round(size * 1.25)

    def rule(self, thickness: int, dash: int = 0) -> None:
        """A line across; `dash` dots on, as many off."""
        step = 2 * dash if dash else LINE_DOTS
        for x in range(0, LINE_DOTS, step):
            end = x + (dash or LINE_DOTS) - 1
            self.draw.rectangle((x, self.y, end, self.y + thickness - 1), fill=_INK)
        self.y += thickness


def ticket_bytes(ticket: TicketData, regular: Path, bold: Path, picture: bool = False) -> bytes:
    """The ticket in the printer's own fonts where they reach, else, or on wish, as a picture."""
    if picture or ticket_layout.needs_raster(ticket):
        return raster_layout(ticket, regular, bold)
    return ticket_layout.layout(ticket)


def raster_layout(ticket: TicketData, regular: Path, bold: Path) -> bytes:
    """The whole ticket as bytes for the printer."""
    image = ticket_image(ticket, regular, bold)
    parts = [escpos.INIT, escpos.align(escpos.LEFT)]
    row_bytes = LINE_DOTS // 8
    for top in range(0, image.height, BAND_ROWS):
        band = image.crop((0, top, LINE_DOTS, min(top + BAND_ROWS, image.height)))
        # A set bit is a burnt dot, the opposite of Pillow's white.
        dots = bytes(byte ^ 0xFF for byte in band.tobytes())
        parts.append(escpos.raster(row_bytes, band.height, dots))
    parts.append(ticket_layout.finish(ticket))
    return b"".join(parts)


def ticket_image(ticket: TicketData, regular: Path, bold: Path) -> Image.Image:
    """The ticket's dots: mode "1", 576 wide, white paper."""
    sheet = _Sheet(regular, bold)
    if ticket.copy:
        sheet.draw.rounded_rectangle((96, 0, LINE_DOTS - 97, 83), radius=14, fill=_INK)
        sheet.y = 8
        sheet.line(ticket_layout.COPY_MARK.strip(), 54, bold=True, ink=_PAPER)
        sheet.y = 104
    sheet.line(ticket.hall_zh, 50, bold=True)
    sheet.line(ticket.hall_en, 26)
    sheet.y += 10
    sheet.rule(4)
    sheet.y += 14
    sheet.line(ticket_layout.YOUR_NUMBER, 25)
    number = sheet.fitted(ticket.number, 224, True, LINE_DOTS)
    sheet.y += 182
    sheet.draw.text((LINE_DOTS / 2, sheet.y), ticket.number, font=number, fill=_INK, anchor="ms")
    sheet.y += 22
    sheet.line(ticket.service_zh, 54, bold=True)
    sheet.line(ticket.service_en, 27)
    sheet.y += 16
    sheet.rule(2, dash=4)
    sheet.y += 24
    _queue(sheet, ticket)
    sheet.y += 20
    sheet.rule(2, dash=4)
    sheet.y += 10
    sheet.line(ticket_layout.MISSED_ZH, 32, bold=True)
    sheet.line(ticket_layout.MISSED_EN, 25)
    sheet.y += 4
    sheet.line(ticket_layout.foot_text(ticket), 22)
    page = sheet.image.crop((0, 0, LINE_DOTS, sheet.y))
    return page.point(lambda level: _INK if level < 140 else _PAPER).convert("1")


def _queue(sheet: _Sheet, ticket: TicketData) -> None:
    """QR code on the left, people ahead and the wait on the right; centred without a code."""
    words = _queue_words(ticket)
    height = sum(size * 5 // 4 for _, size, _ in words)
    left, side = 0, 0
    if ticket.url:
        code = _qr_image(ticket.url)
        side = code.height
        left = side + _GUTTER
        sheet.image.paste(code, (0, sheet.y + max(0, height - side) // 2))
    y = sheet.y + max(0, side - height) // 2
    for text, size, bold in words:
        font = sheet.fitted(text, size, bold, LINE_DOTS - left)
        place = (left, y + size) if ticket.url else (LINE_DOTS / 2, y + size)
        anchor = "ls" if ticket.url else "ms"
        sheet.draw.text(place, text, font=font, fill=_INK, anchor=anchor)
        y += size * 5 // 4
    sheet.y += max(side, height)


def _queue_words(ticket: TicketData) -> list[tuple[str, int, bool]]:
    """(text, size, bold) of the lines beside the code."""
    chinese, english = ticket_layout.ahead_text(ticket)
    words = [(chinese, 48, True), (english, 26, False)]
    if ticket_layout.wait_text(ticket):
        words.append((ticket_layout.wait_text(ticket), 26, False))
    if ticket.url:
        chinese_hint, english_hint = ticket_layout.SCAN_HINT.split(" ", 1)
        words += [(chinese_hint, 26, False), (english_hint, 24, False)]
    return words


def _qr_image(url: str) -> Image.Image:
    symbol = segno.make(url, error="m", mode="byte", micro=False, boost_error=False)
    side = len(symbol.matrix)
    modules = bytes(_INK if dark else _PAPER for row in symbol.matrix for dark in row)
    image = Image.frombytes("L", (side, side), modules)
    return image.resize((side * QR_MODULE_DOTS, side * QR_MODULE_DOTS), Image.Resampling.NEAREST)
