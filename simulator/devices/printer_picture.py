"""Draws a printed ticket: first the exact dots, then the look of the paper.

`page_image` is what the print head burnt: 576 dots wide, one bit a dot. Text is drawn from the
ticket fonts into the printer's fixed cells; images and QR symbols dot by dot. `render_png` puts
these dots, uncut and unblurred, on thermal paper of 80 mm with a torn or cut edge.
"""

import functools
import io
from collections.abc import Callable
from pathlib import Path

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFont

from simulator.devices.printer import PrintedTicket
from simulator.devices.printer_items import LINE_WIDTH, Cell, QrCode, TextLine
from simulator.devices.printer_items import Image as RasterImage

MARGIN_DOTS = 32  # paper is 80 mm, the print line 72 mm
PAPER = (253, 252, 247)
PAPER_SHADE = (244, 241, 232)  # towards the edges, where the roll's curl turns from the light
INK = (33, 31, 36)
TOOTH_DOTS = 6
SUPERSAMPLING = 4

_BLACK = 0
_WHITE = 255


class TicketRenderer:
    """Keeps fonts and drawn characters; `regular` and `bold` are TTF files with Chinese."""

    def __init__(self, regular: Path, bold: Path) -> None:
        self._paths = (regular, bold)
        self._font = functools.lru_cache(maxsize=32)(self._load)
        self._glyph = functools.lru_cache(maxsize=4_096)(self._draw_glyph)

    # --- dots ----------------------------------------------------------------------------

    def page_image(self, ticket: PrintedTicket) -> Image.Image:
        """The ticket's dots: mode "1", 576 wide, white paper."""
        page = Image.new("L", (LINE_WIDTH, max(1, ticket.sheet.length)), _WHITE)
        for placed in ticket.sheet.placed:
            item = placed.item
            if isinstance(item, TextLine):
                for cell in item.cells:
                    drawn = self._cell(cell)
                    page.paste(drawn, (cell.x, placed.top + item.height - drawn.height))
            elif isinstance(item, QrCode):
                page.paste(_qr_image(item), (item.x, placed.top))
            else:
                page.paste(_raster_image(item), (item.x, placed.top))
        return page.convert("1", dither=Image.Dither.NONE)

    def _cell(self, cell: Cell) -> Image.Image:
        if cell.columns:
            return _column_image(cell)
        style = cell.style
        if cell.known:
            glyph = self._glyph(cell.character, cell.width, cell.height, style.bold)
        else:
            glyph = _box(cell.width, cell.height)
        if style.underline and not style.inverse:
            glyph = glyph.copy()
            bottom = cell.height - 1
            ImageDraw.Draw(glyph).rectangle(
                (0, bottom - style.underline + 1, cell.width - 1, bottom), fill=_BLACK
            )
        return ImageChops.invert(glyph) if style.inverse else glyph

    def _load(self, bold: bool, size: int) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(self._paths[bold]), size)

    def _draw_glyph(self, character: str, width: int, height: int, bold: bool) -> Image.Image:
        """One character fitted into its cell: drawn large, then brought down to dots."""
        large_width, large_height = width * SUPERSAMPLING, height * SUPERSAMPLING
        wide = ord(character) > 0xFF
        # The em box fills a Chinese cell; half-width letters are set a little smaller.
        font = self._font(bold, large_height if wide else round(large_height * 0.9))
        advance = max(1, round(font.getlength(character)))
        canvas = Image.new("L", (advance, large_height), _WHITE)
        ImageDraw.Draw(canvas).text(
            (0, round(large_height * (0.88 if wide else 0.8))),
            character,
            font=font,
            fill=_BLACK,
            anchor="ls",
        )
        fitted = large_width if wide else min(advance, large_width)
        canvas = canvas.resize((fitted, large_height), Image.Resampling.BICUBIC)
        cell = Image.new("L", (large_width, large_height), _WHITE)
        cell.paste(canvas, ((large_width - fitted) // 2, 0))
        small = cell.resize((width, height), Image.Resampling.BOX)
        return small.point(_threshold(150))

    # --- paper ---------------------------------------------------------------------------

    def render(self, ticket: PrintedTicket, scale: int = 1) -> Image.Image:
        """The ticket as it lies in the hand: RGBA, transparent outside of the paper."""
        if scale < 1:
            raise ValueError(f"scale is {scale}; it must be a whole number from 1")
        dots = self.page_image(ticket).convert("L")
        teeth = TOOTH_DOTS if ticket.cut == "partial" else 0
        width, height = LINE_WIDTH + 2 * MARGIN_DOTS, dots.height + 2 * teeth
        ink = Image.new("L", (width, height), _WHITE)
        ink.paste(dots, (MARGIN_DOTS, teeth))
        paper = _paper(width, height)
        paper.paste(INK, (0, 0), ImageChops.invert(ink))
        shape = _shape(width, height, teeth, [teeth + splice for splice in ticket.sheet.splices])
        if scale > 1:
            size = (width * scale, height * scale)
            paper = paper.resize(size, Image.Resampling.NEAREST)
            shape = shape.resize(size, Image.Resampling.BICUBIC)
        paper.putalpha(shape)
        return paper

    def render_png(self, ticket: PrintedTicket, scale: int = 1) -> bytes:
        """`render` as a PNG file."""
        target = io.BytesIO()
        self.render(ticket, scale).save(target, "PNG", compress_level=4)
        return target.getvalue()


@functools.cache
def _default_renderer() -> TicketRenderer:
    from simulator.assets import DEFAULT_FOLDER, Assets

    assets = Assets(DEFAULT_FOLDER)
    return TicketRenderer(assets.ticket_regular, assets.ticket_bold)


def render_png(ticket: PrintedTicket, scale: int = 1) -> bytes:
    """A ticket as PNG, with the fonts that the set-up step brought."""
    return _default_renderer().render_png(ticket, scale)


def page_image(ticket: PrintedTicket) -> Image.Image:
    """A ticket's exact dots, with the fonts that the set-up step brought."""
    return _default_renderer().page_image(ticket)


def _threshold(limit: int) -> Callable[[int], int]:
    return lambda level: _BLACK if level < limit else _WHITE


def _box(width: int, height: int) -> Image.Image:
    """What a printer prints for a character it does not have."""
    box = Image.new("L", (width, height), _WHITE)
    inset = width // 12
    ImageDraw.Draw(box).rectangle(
        (inset, inset, width - 1 - inset, height - 1 - inset), outline=_BLACK, width=2
    )
    return box


def _raster_image(item: RasterImage) -> Image.Image:
    rows = len(item.data) // item.row_bytes
    bits = Image.frombytes("1", (item.row_bytes * 8, rows), item.data)
    image = ImageChops.invert(bits.convert("L"))
    across, down = item.factors
    if (across, down) != (1, 1):
        image = image.resize((image.width * across, rows * down), Image.Resampling.NEAREST)
    return image


def _column_image(cell: Cell) -> Image.Image:
    columns = len(cell.columns) // 3
    upright = Image.frombytes("1", (24, columns), cell.columns).transpose(Image.Transpose.TRANSPOSE)
    image = ImageChops.invert(upright.convert("L"))
    return image.resize((cell.width, cell.height), Image.Resampling.NEAREST)


def _qr_image(item: QrCode) -> Image.Image:
    symbol = segno.make(
        item.data, error=item.level.lower(), mode="byte", micro=False, boost_error=False
    )
    modules = bytes(_BLACK if dark else _WHITE for row in symbol.matrix for dark in row)
    side = len(symbol.matrix)
    image = Image.frombytes("L", (side, side), modules)
    return image.resize((item.height, item.height), Image.Resampling.NEAREST)


def _paper(width: int, height: int) -> Image.Image:
    """Warm white, a little darker towards the left and right edge."""
    row = Image.new("RGB", (width, 1))
    for x in range(width):
        edge = abs(2 * x - width + 1) / (width - 1)
        share = max(0.0, edge - 0.72) / 0.28
        colour = tuple(
            round(light + (shade - light) * share * share)
            for light, shade in zip(PAPER, PAPER_SHADE, strict=True)
        )
        row.putpixel((x, 0), colour)
    return row.resize((width, height), Image.Resampling.NEAREST)


def _shape(width: int, height: int, teeth: int, splices: list[int]) -> Image.Image:
    """Where there is paper: teeth at both ends, a tear where a roll ended."""
    shape = Image.new("L", (width, height), _WHITE)
    if teeth:
        edge = _teeth(width, teeth)
        shape.paste(edge, (0, 0))
        shape.paste(edge.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, height - teeth))
    draw = ImageDraw.Draw(shape)
    for splice in splices:
        tear = [(x, splice + (x * 7919 // 64) % 5) for x in range(0, width + 16, 16)]
        draw.line(tear, fill=0, width=2)
    return shape


def _teeth(width: int, depth: int) -> Image.Image:
    """A torn upper edge `depth` dots high: paper between the notches of the tear bar."""
    fine = SUPERSAMPLING
    edge = Image.new("L", (width * fine, depth * fine), _WHITE)
    draw = ImageDraw.Draw(edge)
    for x in range(0, width, 2 * depth):
        notch = ((x, 0), (x + depth, depth), (x + 2 * depth, 0))
        draw.polygon([(fine * across, fine * down) for across, down in notch], fill=0)
    return edge.resize((width, depth), Image.Resampling.BOX)
