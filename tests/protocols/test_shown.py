"""A value in an error text is short and can travel, whatever it is."""

from __future__ import annotations

import pytest

from protocols.json_reader import Fraction
from protocols.shown import LENGTH_MAX, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-7, "-7"),
        ("A001", "'A001'"),
        ("窗口", "'窗口'"),
        ("a\nb", "'a\\u000ab'"),
        ("\ud83d", "'\\ud83d'"),
        ([1, 2], "a list of 2"),
        ({"b": 1}, "an object of 1"),
        (1.5, "a float"),
        (Fraction(), "a Fraction"),
        (b"x", "a bytes"),
    ],
)
def test_each_kind_of_value_has_its_text(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("value", ["x" * 1000, "\0" * 1000, 10**1000])
def test_a_long_value_is_cut(value: object) -> None:
    text = shown(value)
    assert len(text.strip("'")) == LENGTH_MAX
    assert "..." in text
