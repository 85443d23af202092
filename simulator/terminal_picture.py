"""What a terminal showed, as a picture for the runbooks: `python -m simulator.terminal_picture`.

Reads what a program wrote to a terminal (with its colours and its erased lines) from standard input
and writes an SVG to standard output. No font is fetched from anywhere: the reader's own is used.
"""

import re
import sys

from rich.console import Console
from rich.text import Text

COLUMNS = 100
_PIECE = re.compile(r"(\r\n|\n|\r|\x1b\[[0-9;?]*[A-Za-z])")
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font-family: "Noto Sans Mono CJK SC", "Sarasa Mono SC", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1b1e26"/>
<g transform="translate({terminal_x}, {terminal_y})" class="{unique_id}-matrix">
{backgrounds}
{matrix}
</g>
</svg>
"""


def screen(written: str) -> list[str]:
    """The lines that were left on the terminal, colours still in them."""
    lines, row = [""], 0
    for piece in _PIECE.split(written):
        if piece in ("\r\n", "\n"):
            row += 1
            if row == len(lines):
                lines.append("")
        elif piece.startswith("\x1b[") and piece[-1] == "A":
            row = max(0, row - int(piece[2:-1] or 1))
        elif piece.startswith("\x1b[") and piece[-1] == "K":
            lines[row] = ""
        elif piece != "\r" and not (piece.startswith("\x1b[") and piece[-1] != "m"):
            lines[row] += piece
    while lines and not lines[-1]:
        lines.pop()
    return lines


def picture(lines: list[str], columns: int = COLUMNS) -> str:
    """The lines as SVG."""
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        console = Console(
            record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        for line in lines:
            console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)
        return console.export_svg(code_format=_FORMAT, unique_id="terminal")


if __name__ == "__main__":
    sys.stdout.write(picture(screen(sys.stdin.read())))
