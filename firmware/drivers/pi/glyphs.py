"""Text -> a frame of LEDs, in GNU Unifont's 16-dot glyphs: ASCII 8 dots wide, Chinese 16.

A frame is in the layout of `protocols.peripherals.max7219`: one bit per LED, rows from the top,
most significant bit on the left. A glyph that does not fit whole is left out with all after it:
half a digit on a wall is a wrong digit. Lines are stacked by joining their frames.
"""

import unicodedata
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LINE_HEIGHT = 16

LEFT = "left"
CENTRE = "centre"
RIGHT = "right"


class LedFont:
    """Unifont, read once; glyphs are kept as rows of bits after their first use."""

    def __init__(self, path: Path) -> None:
        self._font = ImageFont.truetype(str(path), LINE_HEIGHT)
        self._glyphs: dict[str, tuple[int, tuple[int, ...]]] = {}

    def glyph(self, character: str) -> tuple[int, tuple[int, ...]]:
        """(width in dots, 16 rows of that many bits); a control character has width 0."""
        if character not in self._glyphs:
            self._glyphs[character] = self._draw(character)
        return self._glyphs[character]

    def _draw(self, character: str) -> tuple[int, tuple[int, ...]]:
        width = int(self._font.getlength(character)) if _drawable(character) else 0
        if not width:
            return 0, (0,) * LINE_HEIGHT
        # In grey and then cut: drawn in one bit, outlines lose whole rows (the second of A, 2, 3).
        image = Image.new("L", (width, LINE_HEIGHT))
        # From the ascender line, so that baselines of different characters agree.
        ImageDraw.Draw(image).text((0, 0), character, fill=255, font=self._font, anchor="la")
        stride = (width + 7) // 8
        data = image.point(_cut, "1").tobytes()
        rows = (data[place : place + stride] for place in range(0, len(data), stride))
        return width, tuple(int.from_bytes(row, "big") >> (8 * stride - width) for row in rows)


def _cut(grey: int) -> int:
    return 255 if grey > 127 else 0


def _drawable(character: str) -> bool:
    """Not a control, format or unassigned character; the wide space U+3000 is drawable."""
    return not unicodedata.category(character).startswith("C")


def text_width(font: LedFont, text: str, scale: int = 1) -> int:
    """Dots that `text` takes in one line."""
    return sum(font.glyph(character)[0] for character in text) * scale


def fits(font: LedFont, text: str, width: int, scale: int = 1) -> bool:
    """Whether nothing of `text` would be left out."""
    return text_width(font, text, scale) <= width


def draw_text(
    font: LedFont,
    text: str,
    width: int,
    height: int,
    align: str = CENTRE,
    inverse: bool = False,
    scale: int = 1,
) -> bytes:
    """One line of text in a frame of `width` x `height` dots, centred vertically.

    `width` is a multiple of 8; `height` at least 16 times `scale`. `scale` repeats every dot.
    """
    if width <= 0 or width % 8:
        raise ValueError(f"width is {width}; it must be a multiple of 8")
    if scale < 1 or height < LINE_HEIGHT * scale:
        raise ValueError(f"height {height} is too small for glyphs of {LINE_HEIGHT} x {scale}")
    if align not in (LEFT, CENTRE, RIGHT):
        raise ValueError(f"align is {align!r}; it must be {LEFT}, {CENTRE} or {RIGHT}")
    used, lines = _compose(font, text, width, scale)
    spare = width - used
    shift = {LEFT: spare, CENTRE: spare - spare // 2, RIGHT: 0}[align]
    full = (1 << width) - 1
    blank = full if inverse else 0
    above = (height - LINE_HEIGHT * scale) // 2
    rows = [blank] * height
    for place, line in enumerate(lines):
        drawn = line << shift ^ blank
        for copy in range(scale):
            rows[above + place * scale + copy] = drawn
    return b"".join(row.to_bytes(width // 8, "big") for row in rows)


def _compose(font: LedFont, text: str, width: int, scale: int) -> tuple[int, list[int]]:
    """Glyphs side by side while they fit: (dots used, 16 rows of bits already widened)."""
    used = 0
    rows = [0] * LINE_HEIGHT
    for character in text:
        glyph_width, glyph_rows = font.glyph(character)
        if (used + glyph_width) * scale > width:
            break
        used += glyph_width
        rows = [row << glyph_width | bits for row, bits in zip(rows, glyph_rows, strict=True)]
    if scale > 1:
        rows = [_widened(row, used, scale) for row in rows]
    return used * scale, rows


def _widened(row: int, width: int, scale: int) -> int:
    """Every bit repeated `scale` times."""
    dot = (1 << scale) - 1
    wide = 0
    for place in range(width):
        if row >> place & 1:
            wide |= dot << place * scale
    return wide
