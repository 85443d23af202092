"""Each field type: what it takes, what it refuses, and that the refusal names the field."""

import pytest

from protocols.fields import (
    Choice,
    Digits,
    Field,
    FieldError,
    Flag,
    Int,
    Items,
    Name,
    Nullable,
    Text,
)
from protocols.messages.wall import WallRow

ROW = WallRow(number="A001", window="1", new=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Int(1, 9), 1),
        (Int(1, 9), 9),
        (Int(-5, 5), -5),
        (Text(6), ""),
        (Text(6), "请号"),
        (Text(3, 1), "a"),
        (Name(4), "a-9z"),
        (Digits(4, 4), "0001"),
        (Digits(1, 4), "9"),
        (Choice("ok", "dup"), "dup"),
        (Flag(), True),
        (Flag(), False),
        (Nullable(Int(0, 1)), None),
        (Nullable(Int(0, 1)), 1),
        (Items(WallRow, 1), ()),
        (Items(WallRow, 1), [ROW]),
    ],
)
def test_value_that_fits_is_taken(field: Field, value: object) -> None:
    field.check("rev", value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Int(1, 9), 0),
        (Int(1, 9), 10),
        (Int(0, 9), True),
        (Int(0, 9), 1.0),
        (Int(0, 9), "1"),
        (Int(0, 9), None),
        (Text(6), "请号请"),
        (Text(6), 5),
        (Text(6), b"x"),
        (Text(3, 1), ""),
        (Text(9), "\ud83d"),
        (Name(4), ""),
        (Name(4), "abcde"),
        (Name(), "A"),
        (Name(), "a/b"),
        (Name(), "a+"),
        (Name(), "#"),
        (Name(), "é"),
        (Name(), 7),
        (Digits(4, 4), "123"),
        (Digits(4, 4), "12345"),
        (Digits(4, 4), "12a4"),
        (Digits(4, 4), "１２３４"),  # full-width
        (Digits(4, 4), 1234),
        (Choice("ok", "dup"), "OK"),
        (Choice("ok", "dup"), None),
        (Choice("ok", "dup"), ["ok"]),
        (Flag(), 1),
        (Flag(), 0),
        (Flag(), None),
        (Nullable(Int(0, 1)), 2),
        (Items(WallRow, 1), [ROW, ROW]),
        (Items(WallRow, 1), [{"number": "A001"}]),
        (Items(WallRow, 1), "A"),
        (Items(WallRow, 1), None),
    ],
)
def test_refusal_names_the_field(field: Field, value: object) -> None:
    with pytest.raises(FieldError, match=r"^rev: "):
        field.check("rev", value)


def test_refusal_says_what_is_allowed() -> None:
    with pytest.raises(FieldError, match=r"window: 12 is not a whole number 1\.\.9"):
        Int(1, 9).check("window", 12)
    with pytest.raises(FieldError, match="colour: 'blue' is none of green, red"):
        Choice("green", "red").check("colour", "blue")
