"""The pin-out of a board as an SVG picture: the module, its headers, and what hangs on each pin.

Generated into docs/generated/boards; the same board gives the same text. A colour stands for a
part, so that the wires of a part are found together; every wire is named as well.
"""

from html import escape

from boards import chips
from boards.schema import ETHERNET, Board

WIDTH = 760
ROW = 26
TOP = 84
MODULE_LEFT, MODULE_RIGHT = 290, 470
COLOURS = ("#1f6feb", "#b35900", "#1a7f37", "#8250df", "#bf3989", "#57606a")
GREY = "#8c959f"
FONT = "font-family=\"'Noto Sans SC', 'Noto Sans CJK SC', sans-serif\""


def pin_out(board: Board) -> bytes:
    """The picture, as UTF-8."""
    module = chips.MODULES[board.module]
    signal_of = {pin: signal for signal, pin in board.wiring.items()}
    owners = list(dict.fromkeys(board.owner_of[signal] for signal in board.wiring))
    colour_of = dict(zip(owners, COLOURS, strict=False))
    rows = max(len(module.left), len(module.right))
    inside = [pin for pin in module.inside if pin in signal_of]
    bottom = TOP + rows * ROW + 24
    height = bottom + 34 + ROW * len(inside) + 20
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(board.label.en)}">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(24, 34, f"{board.label.zh} · {board.label.en}", 20, "start", "#1f2328", True),
        _text(24, 58, f"{board.name} · {board.power.supply}", 13, "start", "#57606a"),
        (
            f'<rect x="{MODULE_LEFT}" y="{TOP - 8}" width="{MODULE_RIGHT - MODULE_LEFT}" '
            f'height="{rows * ROW + 16}" rx="8" fill="#24292f"/>'
        ),
        _text((MODULE_LEFT + MODULE_RIGHT) // 2, TOP + rows * ROW // 2, board.module, 12),
    ]
    for pins, is_left in ((module.left, True), (module.right, False)):
        for index, pin in enumerate(pins):
            signal = signal_of.get(pin, "")
            owner = board.owner_of.get(signal, "")
            colour = colour_of.get(owner, GREY)
            lines += _pin(TOP + index * ROW, pin, is_left, signal, owner, colour)
    if inside:
        lines.append(_text(24, bottom + 18, "on the module:", 13, "start", "#57606a"))
    for index, pin in enumerate(inside):
        signal = signal_of[pin]
        colour = colour_of[board.owner_of[signal]]
        y = bottom + 34 + index * ROW
        lines += _number(24, y, pin, colour)
        lines.append(_text(66, y + 15, signal, 13, "start", colour, True))
    lines.append("</svg>")
    return ("\n".join(lines) + "\n").encode()


def _pin(y: int, pin: int, is_left: bool, signal: str, owner: str, colour: str) -> list[str]:
    lines = _number(MODULE_LEFT + 6 if is_left else MODULE_RIGHT - 40, y, pin, colour)
    if not signal:
        note = "console" if pin in chips.CONSOLE_PINS else ""
        x, anchor = (MODULE_LEFT - 12, "end") if is_left else (MODULE_RIGHT + 12, "start")
        return [*lines, _text(x, y + 15, note, 12, anchor, GREY)] if note else lines
    start, end = (MODULE_LEFT, MODULE_LEFT - 60) if is_left else (MODULE_RIGHT, MODULE_RIGHT + 60)
    lines.append(
        f'<path d="M{start} {y + 10}H{end}" stroke="{colour}" stroke-width="3" fill="none"/>'
    )
    x, anchor = (end - 8, "end") if is_left else (end + 8, "start")
    what = "" if owner == ETHERNET else f" ({owner})"
    lines.append(_text(x, y + 15, signal + what, 13, anchor, colour, True))
    return lines


def _number(x: int, y: int, pin: int, colour: str) -> list[str]:
    return [
        f'<rect x="{x}" y="{y}" width="34" height="20" rx="4" fill="{colour}"/>',
        _text(x + 17, y + 15, str(pin), 13),
    ]


def _text(
    x: int,
    y: int,
    text: str,
    size: int,
    anchor: str = "middle",
    colour: str = "#ffffff",
    bold: bool = False,
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"'
        f"{weight} {FONT}>{escape(text)}</text>"
    )
