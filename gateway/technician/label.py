"""The label of a node: which it is, where it belongs, what it is made of, and a code to look it up.

ESC/POS in the fonts of the hall's own ticket printer, 80 mm; about 5 cm of paper. Pure.
"""

from dataclasses import dataclass
from datetime import date

from protocols.peripherals import escpos

_ROW_BYTES = 72
_RULE = escpos.raster(_ROW_BYTES, 3, b"\xff" * _ROW_BYTES * 3)
QR_MODULE_DOTS = 5


@dataclass(frozen=True)
class Label:
    """What it says. `window` "" for a node that belongs to none; `url` "" prints no code."""

    node: str
    window: str
    board: str
    board_zh: str
    mac: str
    made: date
    url: str


def label_bytes(label: Label) -> bytes:
    """The label, cut off."""
    place = f"{label.window} 号窗口  Window {label.window}" if label.window else ""
    parts = [
        escpos.INIT,
        escpos.CHINESE_ON,
        escpos.align(escpos.CENTRE),
        escpos.line_spacing(0),
        *_line(label.node, 4, bold=True),
        escpos.feed_dots(8),
    ]
    if place:
        parts += _line(place, 2)
        parts.append(escpos.feed_dots(8))
    parts += [_RULE, escpos.feed_dots(12)]
    for text in (
        f"{label.board_zh}  {label.board}",
        f"MAC {label.mac}",
        f"烧录日期 flashed {label.made.isoformat()}",
    ):
        parts += _line(text, 1)
        parts.append(escpos.feed_dots(6))
    if label.url:
        parts += [escpos.feed_dots(8), escpos.qr(label.url.encode("ascii"), QR_MODULE_DOTS)]
        parts.append(escpos.feed_dots(6))
        parts += _line("扫码查看状态 Scan to see how it is", 1)
    parts.append(escpos.cut(partial=True, feed=24))
    return b"".join(parts)


def _line(text: str, scale: int, bold: bool = False) -> list[bytes]:
    return [
        escpos.size(scale, scale),
        escpos.emphasis(bold),
        escpos.text(text.encode("gb18030") + b"\n"),
    ]
