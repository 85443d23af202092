"""The picture of a ticket: exact dots, readable QR codes, paper with an edge."""

import io
import random

import pytest
import segno
import zxingcpp
from PIL import Image

from protocols.peripherals import escpos

CUT = escpos.cut(partial=True, feed=16)
URL = "https://hall.example/t/k3Jx0v9QbZ7mW2rT5yLcHg"


def test_raster_comes_back_dot_by_dot(print_one, renderer) -> None:
    data = random.Random(7).randbytes(72 * 100)
    page = renderer.page_image(print_one(escpos.raster(72, 100, data) + CUT))
    top = page.height - 16 - 100
    expected = Image.frombytes("1", (576, 100), bytes(byte ^ 0xFF for byte in data))
    assert page.crop((0, top, 576, top + 100)).tobytes() == expected.tobytes()
    assert page.crop((0, 0, 576, top)).getextrema() == (255, 255)


def test_qr_code_is_the_standard_symbol_and_can_be_read(print_one, renderer) -> None:
    printed = print_one(escpos.align(1) + escpos.qr(URL.encode(), 6) + CUT)
    for scale in (1, 2):
        picture = Image.open(io.BytesIO(renderer.render_png(printed, scale)))
        ground = Image.new("RGBA", picture.size, (90, 90, 90, 255))
        ground.alpha_composite(picture)
        assert [code.text for code in zxingcpp.read_barcodes(ground.convert("L"))] == [URL]
    page = renderer.page_image(printed)
    placed = printed.sheet.placed[0]
    symbol = segno.make(URL, error="m", mode="byte", boost_error=False).matrix
    for row, modules in enumerate(symbol):
        for column, dark in enumerate(modules):
            place = (placed.item.x + column * 6 + 3, placed.top + row * 6 + 3)
            assert (page.getpixel(place) == 0) == bool(dark)


def test_text_is_drawn_inside_its_cells_only(print_one, renderer) -> None:
    printed = print_one(escpos.size(2, 2) + "请A\n".encode("gb18030") + CUT)
    page = renderer.page_image(printed)
    top = printed.sheet.placed[0].top
    inked = page.point(lambda level: 255 - level).getbbox()
    assert inked is not None
    assert inked[0] >= 0
    assert top <= inked[1]
    assert inked[2] <= 72
    assert inked[3] <= top + 48
    for left, right in ((0, 48), (48, 72)):
        cell = page.crop((left, top, right, top + 48))
        assert 0.05 < cell.histogram()[0] / (cell.width * cell.height) < 0.6


def test_bold_inverse_and_underline_are_seen(print_one, renderer) -> None:
    def ink(prefix: bytes) -> int:
        return renderer.page_image(print_one(prefix + b"023\n" + CUT)).histogram()[0]

    plain = ink(b"")
    assert ink(escpos.emphasis(True)) > plain * 1.2
    assert ink(escpos.inverse(True)) == 3 * 12 * 24 - plain
    assert ink(b"\x1b-\x02") > plain + 50


def test_characters_are_different_and_missing_ones_are_boxes(print_one, renderer) -> None:
    def dots(text: str) -> bytes:
        return renderer.page_image(print_one(text.encode("gb18030") + b"\n" + CUT)).tobytes()

    assert len({dots(text) for text in ("税", "祝", "𬭎", "A", "B")}) == 5
    assert dots("𬭎") == dots("㐂")


def test_column_image_stands_in_its_line(print_one, renderer) -> None:
    columns = b"\xff\xff\xff" + b"\x80\x00\x00" + b"\x00\x00\x01"
    page = renderer.page_image(print_one(b"\x1b*\x21\x03\x00" + columns + b"\n" + CUT))
    top = page.height - 16 - 30
    inked = {(x, y) for x in range(4) for y in range(24) if page.getpixel((x, top + y)) == 0}
    assert inked == {(0, y) for y in range(24)} | {(1, 0), (2, 23)}


def test_paper_is_warm_white_with_teeth_at_a_partial_cut_and_straight_at_a_full_one(
    print_one, renderer
) -> None:
    torn = renderer.render(print_one(b"A\n" + CUT))
    assert torn.mode == "RGBA"
    assert torn.width == 640
    alpha = torn.getchannel("A")
    assert len(set(alpha.crop((0, 1, 640, 2)).tobytes())) > 2
    assert alpha.crop((0, 6, 640, torn.height - 6)).getextrema() == (255, 255)
    red, _, blue, _ = torn.getpixel((320, 20))
    assert red > blue > 235
    straight = renderer.render(print_one(b"A\n" + escpos.cut(partial=False, feed=0)))
    assert straight.getchannel("A").getextrema() == (255, 255)


def test_scale_repeats_dots_without_blur(print_one, renderer) -> None:
    printed = print_one(b"A023\n" + CUT)
    once, twice = renderer.render(printed), renderer.render(printed, 2)
    assert twice.size == (once.width * 2, once.height * 2)
    box = (40, 12, 600, once.height - 12)
    large = twice.crop(tuple(2 * side for side in box)).convert("RGB")
    small = once.crop(box).convert("RGB")
    assert large.tobytes() == small.resize(large.size, Image.Resampling.NEAREST).tobytes()
    with pytest.raises(ValueError, match="scale is 0"):
        renderer.render(printed, 0)
