"""Fonts from the installed npm packages: made ready for the LED wall and for the browser.

Nothing of them is kept in the repository. Unifont (16 dots, for the wall) is unpacked from woff;
Noto Sans SC is cut down to GB 2312, ASCII and common signs and packed as woff2. The ticket
printer's renderer reads the whole Noto Sans SC where npm put it.
"""

from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

_SIGNS = "–—‘’“”…·•₂€£¥©®×÷°±→←↑↓✓✗⚠①②③④⑤⑥⑦⑧⑨⑩"


def gb2312() -> str:
    """The 7,445 characters of GB 2312."""
    pairs = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", "ignore") for pair in pairs)


def browser_characters() -> str:
    """What the pages may show: GB 2312, printable ASCII and some signs."""
    return gb2312() + "".join(map(chr, range(0x20, 0x7F))) + _SIGNS


def unpack_woff(source: Path, target: Path) -> None:
    """woff -> TTF, glyphs untouched."""
    with TTFont(source, recalcTimestamp=False) as font:
        font.flavor = None
        del font["post"]  # glyph names: Pillow needs none, and this table is malformed
        font.save(target)


def subset_to_woff2(source: Path, target: Path, characters: Iterable[str]) -> None:
    """TTF -> woff2 with only these characters."""
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["kern", "palt", "locl", "tnum"]
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13, 14]  # names and licence stay readable in the file
    options.recalc_timestamp = False
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    subset.save_font(font, str(target), options)
