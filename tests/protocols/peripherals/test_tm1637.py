"""The seven-segment encoder against the datasheet's bytes."""

import pytest

from protocols.peripherals import tm1637


def test_ticket_number_is_four_shapes_in_one_write() -> None:
    assert tm1637.show("A023", 3, colon=False) == [
        b"\x40",
        b"\xc0\x77\x3f\x5b\x4f",
        b"\x8b",
    ]


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("----", "40404040"),
        ("PASS", "73776d6d"),
        ("B9", "7c6f0000"),
        ("", "00000000"),
        ("Err_", "79505008"),
    ],
)
def test_text_becomes_shapes_blank_filled_on_the_right(text: str, shapes: str) -> None:
    assert tm1637.segments(text).hex() == shapes


def test_colon_lights_the_point_of_the_second_digit_only() -> None:
    assert tm1637.show("0915", 7, colon=True)[1] == b"\xc0\x3f\xef\x06\x6d"


def test_letters_without_a_shape_are_refused_and_known_beforehand() -> None:
    assert [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if not tm1637.can_show(c)] == list("IKMQVWXZ")
    with pytest.raises(ValueError, match="cannot show 'K'"):
        tm1637.segments("K001")


def test_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="has 5 characters"):
        tm1637.segments("A0231")


def test_dark_switches_off_without_touching_the_digits() -> None:
    assert tm1637.dark() == [b"\x80"]
