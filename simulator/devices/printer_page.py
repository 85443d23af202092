"""The printer's page: operations -> items placed on a paper strip, to the dot.

8 dots are 1 mm; the print line is 576 dots. An operation becomes `Step`s, each a piece of paper
that the mechanism prints in one go (a text line, 24 rows of an image, a feed), because paper can
run out between any two. Nothing is drawn here: items hold what to draw, so that a hall-day of
300 tickets costs no pictures; `printer_picture.py` draws the one that somebody looks at.
Characters that the printer's font ROM lacks become boxes and are listed as missing.
"""

from dataclasses import replace

from simulator.devices.printer_items import (
    LINE_WIDTH,
    QR_LEVELS,
    Cell,
    Image,
    Placed,
    QrCode,
    Sheet,
    Step,
    Style,
    TextLine,
    qr_modules,
)
from simulator.devices.printer_parser import Operation

DEFAULT_SPACING = 30
BAND_ROWS = 24

_CODE_PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 18: "cp852"}
_FONT_A = (12, 24)
_FONT_B = (9, 17)


class Page:
    """Modes, the line being set, and the strip printed since the last cut."""

    def __init__(self, rom: str = "gb2312", head: int = 0) -> None:
        """`head`: dots of blank paper that already stand beyond the head."""
        self.rom = rom
        self.missing: list[str] = []
        self._strip: list[Placed] = []
        self._splices: list[int] = []
        self._origin = 0
        self.head = head
        self.reset()

    def reset(self) -> None:
        """ESC @ or power-on: modes and the unprinted line go; what is on paper stays."""
        self._style = Style()
        self._font = _FONT_A
        self._code_page = 0
        self._align = 0
        self._spacing = DEFAULT_SPACING
        self._margin = 0
        self._area = LINE_WIDTH
        self._chinese_size = (1, 1)
        self._chinese_gaps = (0, 0)
        self._tab_stops: tuple[int, ...] = tuple(range(8, 48, 8))
        self._qr = QrCode(0, 0, 3, "L", b"")
        self.clear_line()

    def clear_line(self) -> None:
        """Throw away what was set but not printed."""
        self._cells: list[Cell] = []
        self._x = 0

    # --- operations -> steps -------------------------------------------------------------

    def steps(self, operation: Operation) -> list[Step]:
        """Carry out an operation as far as the page goes; what must now be printed."""
        name, arguments = operation.name, operation.arguments
        if name == "text":
            return self._text(operation)
        if name == "line_feed":
            return [self._line()]
        if name in ("feed_dots", "feed_lines"):
            return self._feed(name, arguments[0])
        if name == "raster":
            return self._raster(operation)
        if name == "column_image":
            return self._column_image(operation)
        if name == "qr_print":
            return self._print_qr()
        self._set_mode(name, arguments, operation.data)
        return []

    def flush(self) -> list[Step]:
        """Print the line that was begun, as an image or a cut after text makes it."""
        return [self._line()] if self._cells else []

    def _set_mode(self, name: str, arguments: tuple[int, ...], data: bytes) -> None:
        if name == "init":
            self.reset()
        elif name in _STYLE_MODES:
            self._set_style(name, arguments[0])
        elif name == "align":
            # Real printers obey at the start of a line only.
            if not self._cells:
                self._align = arguments[0] % 48 if arguments[0] % 48 <= 2 else self._align
        elif name == "spacing":
            self._spacing = arguments[0]
        elif name == "default_spacing":
            self._spacing = DEFAULT_SPACING
        elif name == "code_page":
            self._code_page = arguments[0]
        elif name == "tab_stops":
            self._tab_stops = arguments
        elif name == "tab":
            stops = [stop * _FONT_A[0] for stop in self._tab_stops if stop * _FONT_A[0] > self._x]
            self._x = min(stops) if stops else self._x
        elif name == "left_margin":
            self._margin = min(arguments[0] | arguments[1] << 8, LINE_WIDTH - 8)
        elif name == "print_width":
            self._area = max(8, arguments[0] | arguments[1] << 8)
        elif name == "chinese_spacing":
            self._chinese_gaps = (arguments[0], arguments[1])
        elif name.startswith("qr_"):
            self._set_qr(name, arguments, data)

    def _set_style(self, name: str, value: int) -> None:
        style = self._style
        if name in ("emphasis", "double_strike"):
            style = replace(style, bold=bool(value & 1))
        elif name == "inverse":
            style = replace(style, inverse=bool(value & 1))
        elif name in ("underline", "chinese_underline"):
            style = replace(style, underline=value % 48 if value % 48 <= 2 else 0)
        elif name == "size":
            style = replace(style, width=(value >> 4 & 7) + 1, height=(value & 7) + 1)
        elif name == "font":
            self._font = _FONT_B if value & 1 else _FONT_A
        elif name == "chinese_quadruple":
            self._chinese_size = (2, 2) if value & 1 else (1, 1)
        elif name == "chinese_mode_bits":
            self._chinese_size = (2 if value & 4 else 1, 2 if value & 8 else 1)
        else:  # ESC !
            self._font = _FONT_B if value & 1 else _FONT_A
            width, height = (2 if value & 0x20 else 1), (2 if value & 0x10 else 1)
            underline = 1 if value & 0x80 else 0
            style = replace(
                style, bold=bool(value & 8), width=width, height=height, underline=underline
            )
        self._style = style

    def _set_qr(self, name: str, arguments: tuple[int, ...], data: bytes) -> None:
        if name == "qr_module" and 1 <= arguments[0] <= 16:
            self._qr = replace(self._qr, module_dots=arguments[0])
        elif name == "qr_correction" and 48 <= arguments[0] <= 51:
            self._qr = replace(self._qr, level=QR_LEVELS[arguments[0] - 48])
        elif name == "qr_store":
            self._qr = replace(self._qr, data=data)

    # --- composing -----------------------------------------------------------------------

    def _text(self, operation: Operation) -> list[Step]:
        encoding = "gb18030"
        if not operation.arguments[0]:
            encoding = _CODE_PAGES.get(self._code_page, "cp437")
        steps = []
        for character in operation.data.decode(encoding, "replace"):
            wide = bool(operation.arguments[0]) and ord(character) > 0x7F
            style = self._style
            width, height = (24, 24) if wide else self._font
            if wide and self._chinese_size != (1, 1):
                style = replace(
                    style,
                    width=max(style.width, self._chinese_size[0]),
                    height=max(style.height, self._chinese_size[1]),
                )
            before, after = self._chinese_gaps if wide else (0, 0)
            cell_width = (width + before + after) * style.width
            if self._x + cell_width > self._width() and self._cells:
                steps.append(self._line())
            known = not wide or self._in_rom(character)
            if not known:
                self.missing.append(character)
            x = self._x + before * style.width
            self._cells.append(
                Cell(character, x, width * style.width, height * style.height, style, known)
            )
            self._x += cell_width
        return steps

    def _in_rom(self, character: str) -> bool:
        if character == "\ufffd":
            return False
        try:
            character.encode(self.rom)
        except UnicodeEncodeError:
            return False
        return True

    def _width(self) -> int:
        return min(self._area, LINE_WIDTH - self._margin)

    def _indent(self, width: int) -> int:
        return self._margin + max(0, self._width() - width) * self._align // 2

    def _line(self) -> Step:
        cells, width = self._cells, self._x
        self.clear_line()
        if not cells:
            return Step(self._spacing)
        height = max(cell.height for cell in cells)
        indent = self._indent(width)
        moved = (
            tuple(cell._replace(x=cell.x + indent) for cell in cells) if indent else tuple(cells)
        )
        return Step(max(self._spacing, height), TextLine(moved, height))

    def _feed(self, name: str, amount: int) -> list[Step]:
        dots = amount * self._spacing if name == "feed_lines" else amount
        if not self._cells:
            return [Step(dots)] if dots else []
        # The feed counts from the top of the line it prints, and cannot be less than its height.
        line = self._line()
        height = line.item.height if line.item else 0
        return [replace(line, dots=max(dots, height))]

    def _raster(self, operation: Operation) -> list[Step]:
        row_bytes, rows, across, down = operation.arguments
        steps = self.flush()
        indent = self._indent(min(row_bytes * 8 * across, self._width()))
        for first in range(0, rows, BAND_ROWS):
            band = operation.data[first * row_bytes : (first + BAND_ROWS) * row_bytes]
            image = Image(indent, row_bytes, (across, down), band)
            steps.append(Step(image.height, image))
        return steps

    def _column_image(self, operation: Operation) -> list[Step]:
        mode, columns = operation.arguments
        across = 1 if mode & 1 else 2
        data = operation.data
        if not mode & 32:  # 8 dots stand for 24
            data = b"".join(_stretched(byte) for byte in data)
        steps = self.flush() if self._x + columns * across > self._width() else []
        style = replace(Style(), width=across)
        self._cells.append(Cell("", self._x, columns * across, 24, style, known=True, columns=data))
        self._x += columns * across
        return steps

    def _print_qr(self) -> list[Step]:
        if not self._qr.data:
            return []
        size = qr_modules(self._qr.data, self._qr.level) * self._qr.module_dots
        return [*self.flush(), Step(size, replace(self._qr, x=self._indent(size), height=size))]

    # --- paper ---------------------------------------------------------------------------

    def printed(self, step: Step) -> None:
        """The mechanism has carried out a step: it is on paper now."""
        if step.item is not None:
            self._strip.append(Placed(self.head, step.item))
        self.head += step.dots

    def new_roll(self) -> None:
        """Paper was put in; what is printed from here is on the new roll."""
        if self.head > self._origin and self._strip:
            self._splices.append(self.head)

    def cut(self, distance: int) -> Sheet:
        """Cut `distance` dots above the head; what is below stays on the strip."""
        at = max(self._origin, self.head - distance)
        origin = self._origin
        placed = tuple(
            Placed(item.top - origin, item.item) for item in self._strip if item.top < at
        )
        splices = tuple(place - origin for place in self._splices if place < at)
        self._strip = [item for item in self._strip if item.top + item.item.height > at]
        self._splices = [place for place in self._splices if place >= at]
        self._origin = at
        return Sheet(at - origin, placed, splices)


_STYLE_MODES = frozenset(
    (
        "emphasis",
        "double_strike",
        "inverse",
        "underline",
        "chinese_underline",
        "size",
        "font",
        "chinese_quadruple",
        "chinese_mode_bits",
        "mode",
    )
)


def _stretched(byte: int) -> bytes:
    """8 dots down to 24: every bit three times."""
    bits = "".join(bit * 3 for bit in f"{byte:08b}")
    return int(bits, 2).to_bytes(3, "big")
