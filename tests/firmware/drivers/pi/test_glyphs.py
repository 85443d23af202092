"""Text on LEDs: crisp, whole glyphs, placed to the dot."""

import pytest

from firmware.drivers.pi.glyphs import CENTRE, LEFT, RIGHT, LedFont, draw_text, fits, text_width
from simulator.assets_fonts import gb2312


def picture(frame: bytes, width: int) -> list[str]:
    stride = width // 8
    rows = [frame[place : place + stride] for place in range(0, len(frame), stride)]
    return ["".join(f"{byte:08b}" for byte in row).replace("0", ".") for row in rows]


def test_digit_is_the_unifont_glyph_dot_by_dot(led_font: LedFont) -> None:
    assert picture(draw_text(led_font, "1", 8, 16), 8) == [
        "........",
        "........",
        "........",
        "........",
        "....1...",
        "...11...",
        "..1.1...",
        "....1...",
        "....1...",
        "....1...",
        "....1...",
        "....1...",
        "....1...",
        "..11111.",
        "........",
        "........",
    ]


@pytest.mark.parametrize(
    ("character", "rows"),
    # As in unifont.hex of GNU Unifont 15.
    [
        ("A", "0000000018242442427E424242420000"),
        ("2", "000000003C4242020C102040407E0000"),
        ("3", "000000003C4242021C020242423C0000"),
        ("B", "000000007C4242427C424242427C0000"),
    ],
)
def test_letters_and_digits_lose_no_row(led_font: LedFont, character: str, rows: str) -> None:
    assert draw_text(led_font, character, 8, 16) == bytes.fromhex(rows)


def test_call_fits_a_wall_of_128_dots_and_the_spaced_form_does_not(led_font: LedFont) -> None:
    assert text_width(led_font, "请A023到3号窗口") == 120
    assert text_width(led_font, "请 A023 号到 3 号窗口") == 168
    assert fits(led_font, "请A023到3号窗口", 128)
    assert not fits(led_font, "请 A023 号到 3 号窗口", 128)
    assert text_width(led_font, "A023 3号") == 64


@pytest.mark.slow
def test_every_gb2312_character_has_a_glyph_of_one_of_the_two_widths(led_font: LedFont) -> None:
    blank = (0,) * 16
    for character in gb2312():
        width, rows = led_font.glyph(character)
        assert width in (8, 16), character
        assert rows != blank or character == "\u3000", character


@pytest.mark.parametrize(
    ("align", "columns"), [(LEFT, (0, 8)), (CENTRE, (12, 20)), (RIGHT, (24, 32))]
)
def test_text_stands_where_it_is_told(led_font: LedFont, align: str, columns) -> None:
    rows = picture(draw_text(led_font, "8", 32, 16, align), 32)
    first, end = columns
    assert all(set(row[:first] + row[end:]) <= {"."} for row in rows)
    assert [row[first:end] for row in rows] == picture(draw_text(led_font, "8", 8, 16), 8)


def test_glyph_that_does_not_fit_whole_is_left_out_with_all_after_it(led_font: LedFont) -> None:
    assert draw_text(led_font, "12号3", 24, 16, LEFT) == draw_text(led_font, "12", 24, 16, LEFT)
    assert draw_text(led_font, "号号1", 24, 16, LEFT) == draw_text(led_font, "号", 24, 16, LEFT)


def test_inverse_is_every_dot_turned(led_font: LedFont) -> None:
    plain = draw_text(led_font, "A0", 32, 20)
    inverse = draw_text(led_font, "A0", 32, 20, inverse=True)
    assert bytes(byte ^ 0xFF for byte in plain) == inverse


def test_higher_frame_centres_and_scale_repeats_dots(led_font: LedFont) -> None:
    small = picture(draw_text(led_font, "A", 8, 16), 8)
    large = picture(draw_text(led_font, "A", 16, 36, scale=2), 16)
    assert large[:2] == large[34:] == ["." * 16] * 2
    assert [row[::2] for row in large[2:34:2]] == small
    assert all(row[::2] == row[1::2] for row in large)


def test_control_characters_take_no_room(led_font: LedFont) -> None:
    assert draw_text(led_font, "A\n\x070", 16, 16) == draw_text(led_font, "A0", 16, 16)


@pytest.mark.parametrize(
    "options", [{"width": 12}, {"height": 15}, {"align": "middle"}, {"scale": 2}, {"width": 0}]
)
def test_impossible_frames_are_refused(led_font: LedFont, options) -> None:
    arguments = {"width": 16, "height": 16} | options
    with pytest.raises(ValueError, match=r"width|height|align"):
        draw_text(led_font, "A", **arguments)
