"""Lines set to the dot: sizes, alignment, wrapping, and characters the printer does not have."""

import itertools

import pytest

from protocols.peripherals import escpos
from simulator.devices.printer_items import Image, QrCode, TextLine, qr_modules

CUT = escpos.cut(partial=True, feed=0)


def lines(ticket) -> list[TextLine]:
    return [p.item for p in ticket.sheet.placed if isinstance(p.item, TextLine)]


@pytest.mark.parametrize(
    ("side", "x"), [(escpos.LEFT, 0), (escpos.CENTRE, 288 - 24), (escpos.RIGHT, 576 - 48)]
)
def test_line_stands_left_centred_or_right(print_one, side: int, x: int) -> None:
    printed = print_one(escpos.align(side) + "请A1\n".encode("gb18030") + CUT)
    assert [(c.character, c.x, c.width, c.height) for c in lines(printed)[0].cells] == [
        ("请", x, 24, 24),
        ("A", x + 24, 12, 24),
        ("1", x + 36, 12, 24),
    ]


def test_size_counts_for_both_kinds_of_character_and_for_the_feed(print_one) -> None:
    data = escpos.size(2, 3) + "请A\n".encode("gb18030") + escpos.size(1, 1) + b"B\n"
    printed = print_one(data + CUT)
    first, second = printed.sheet.placed
    assert [(c.width, c.height) for c in first.item.cells] == [(48, 72), (24, 72)]
    assert second.top - first.top == 72


def test_line_spacing_is_kept_unless_a_character_is_taller(print_one) -> None:
    data = escpos.line_spacing(100) + b"A\nB\n" + escpos.line_spacing(0) + b"C\nD\n"
    tops = [p.top for p in print_one(data + CUT).sheet.placed]
    assert [b - a for a, b in itertools.pairwise(tops)] == [100, 100, 24]


def test_long_text_wraps_at_the_paper_and_loses_nothing(print_one) -> None:
    text = "增值税纳税申报" * 5
    printed = print_one(text.encode("gb18030") + b"\n" + CUT)
    assert [len(line.cells) for line in lines(printed)] == [24, 11]
    assert printed.text.replace("\n", "") == text


def test_character_outside_of_the_printers_fonts_is_a_box_and_is_listed(print_one) -> None:
    printed = print_one("王𬭎\n".encode("gb18030") + CUT)
    assert printed.missing == ("𬭎",)
    assert [cell.known for cell in lines(printed)[0].cells] == [True, False]


def test_feed_prints_the_begun_line_and_counts_from_its_top(print_one) -> None:
    data = b"A" + escpos.feed_dots(50) + b"B" + escpos.feed_lines(2) + b"C\n"
    tops = [p.top for p in print_one(data + CUT).sheet.placed]
    assert [b - a for a, b in itertools.pairwise(tops)] == [50, 60]


def test_old_size_commands_and_styles_are_obeyed(print_one) -> None:
    data = (
        b"\x1b!\x38A\x1b!\x00\x1cW\x01"
        + "请".encode("gb18030")
        + b"\x1cW\x00\x1dB\x01b\x1b-\x02c\n"
    )
    cells = lines(print_one(data + CUT))[0].cells
    assert [(c.width, c.height) for c in cells] == [(24, 48), (48, 48), (12, 24), (12, 24)]
    assert [c.style.bold for c in cells] == [True, False, False, False]
    assert [c.style.inverse for c in cells] == [False, False, True, True]
    assert cells[3].style.underline == 2


def test_init_forgets_modes_and_the_begun_line(print_one) -> None:
    data = escpos.size(4, 4) + escpos.align(1) + b"lost" + escpos.INIT + b"A\n"
    cells = lines(print_one(data + CUT))[0].cells
    assert [(c.character, c.x, c.width) for c in cells] == [("A", 0, 12)]


def test_raster_is_cut_in_bands_and_kept_bit_by_bit(print_one) -> None:
    data = bytes(range(250)) * 2
    printed = print_one(escpos.align(1) + escpos.raster(10, 50, data) + CUT)
    images = [p.item for p in printed.sheet.placed if isinstance(p.item, Image)]
    assert b"".join(image.data for image in images) == data
    assert [image.height for image in images] == [24, 24, 2]
    assert {image.x for image in images} == {(576 - 80) // 2}


def test_qr_symbol_has_the_size_of_its_version(print_one) -> None:
    printed = print_one(escpos.align(1) + escpos.qr(b"x" * 48, 6) + CUT)
    code = printed.sheet.placed[0].item
    assert isinstance(code, QrCode)
    assert (code.height, code.x, code.level) == (33 * 6, (576 - 198) // 2, "M")


@pytest.mark.parametrize(("length", "modules"), [(14, 21), (15, 25), (213, 57), (214, 61)])
def test_qr_version_limits_are_those_of_the_standard(length: int, modules: int) -> None:
    assert qr_modules(bytes(length), "M") == modules
