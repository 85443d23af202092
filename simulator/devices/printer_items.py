"""What stands on a ticket: lines of characters, image bands, QR symbols; all sizes in dots.

8 dots are 1 mm, the print line is 576 dots wide. `printer_page.py` places these on a strip of
paper, `printer_picture.py` draws them.
"""

from dataclasses import dataclass
from typing import NamedTuple, cast

from segno import consts as qr_constants

DOTS_PER_MM = 8
LINE_WIDTH = 576
QR_LEVELS = "LMQH"

_QR_BITS = cast("dict[int, dict[int, int]]", qr_constants.SYMBOL_CAPACITY)
_QR_CORRECTION = {
    "L": qr_constants.ERROR_LEVEL_L,
    "M": qr_constants.ERROR_LEVEL_M,
    "Q": qr_constants.ERROR_LEVEL_Q,
    "H": qr_constants.ERROR_LEVEL_H,
}


@dataclass(frozen=True)
class Style:
    """How characters are set; `width` and `height` are multiples."""

    bold: bool = False
    inverse: bool = False
    underline: int = 0
    width: int = 1
    height: int = 1


class Cell(NamedTuple):  # a tuple, because a day of tickets makes half a million of them
    """One character (or, with `columns`, a column image) in a line; x from the line's left."""

    character: str
    x: int
    width: int
    height: int
    style: Style
    known: bool = True
    columns: bytes = b""


@dataclass(frozen=True)
class TextLine:
    """Cells standing on one base line, `height` dots below the line's top."""

    cells: tuple[Cell, ...]
    height: int

    @property
    def text(self) -> str:
        """What can be read."""
        return "".join(cell.character for cell in self.cells)


@dataclass(frozen=True)
class Image:
    """A piece of a raster image; every bit is `factors` dots (across, down)."""

    x: int
    row_bytes: int
    factors: tuple[int, int]
    data: bytes

    @property
    def height(self) -> int:
        """Dots down."""
        return len(self.data) // self.row_bytes * self.factors[1]


@dataclass(frozen=True)
class QrCode:
    """A QR symbol; `height` is also its width, in dots."""

    x: int
    height: int
    module_dots: int
    level: str
    data: bytes


Item = TextLine | Image | QrCode


@dataclass(frozen=True)
class Step:
    """Paper moves by `dots`; `item` stands at the top of it."""

    dots: int
    item: Item | None = None


@dataclass(frozen=True)
class Placed:
    """An item on a strip or ticket, `top` dots from its upper edge."""

    top: int
    item: Item


@dataclass(frozen=True)
class Sheet:
    """What a cut separates. `splices` are places where a new roll was put in, in dots."""

    length: int
    placed: tuple[Placed, ...]
    splices: tuple[int, ...]


def qr_modules(data: bytes, level: str) -> int:
    """Modules along the side of the smallest symbol that holds `data` in byte mode."""
    for version in range(1, 41):
        needed = 4 + (8 if version < 10 else 16) + 8 * len(data)
        if needed <= _QR_BITS[version][_QR_CORRECTION[level]]:
            return 17 + 4 * version
    raise ValueError(f"QR data of {len(data)} bytes is too long")
