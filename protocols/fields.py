"""Bounded field types: every value on the wire has a type, a range and a clear error.

Rules: a field checks a value on the way out and on the way in with the same `check`; it never
converts. MicroPython subset.
"""

from protocols.shown import shown


class FieldError(ValueError):
    """A value does not fit its field; the text names the field, what came and what is allowed."""


class Field:
    """The base of all field types."""

    def check(self, name: str, value: object) -> None:
        """Raise FieldError when `value` may not travel in the field called `name`."""
        raise NotImplementedError


class Int(Field):
    """A whole number from `low` to `high`, both included."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def check(self, name: str, value: object) -> None:
        # bool is an int in Python and must not pass for one on the wire.
        if type(value) is not int or not self.low <= value <= self.high:
            raise FieldError(
                f"{name}: {shown(value)} is not a whole number {self.low}..{self.high}"
            )


class Text(Field):
    """Text of at most `bytes_max` bytes of UTF-8 and at least `bytes_min`."""

    def __init__(self, bytes_max: int, bytes_min: int = 0) -> None:
        self.bytes_max = bytes_max
        self.bytes_min = bytes_min

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise FieldError(f"{name}: {shown(value)} is not text")
        try:
            size = len(value.encode())
        except UnicodeError:
            # Half a surrogate pair: JSON can spell it, UTF-8 cannot.
            raise FieldError(f"{name}: {shown(value)} has no UTF-8 form")
        if not self.bytes_min <= size <= self.bytes_max:
            raise FieldError(
                f"{name}: {shown(value)} is not {self.bytes_min}..{self.bytes_max} bytes of UTF-8"
            )


class Name(Field):
    """An identifier: `a-z`, `0-9` and `-`, 1 to `length_max` characters; safe in a topic."""

    def __init__(self, length_max: int = 32) -> None:
        self.length_max = length_max

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str) or not 0 < len(value) <= self.length_max:
            raise FieldError(
                f"{name}: {shown(value)} is not a name of 1..{self.length_max} characters"
            )
        for character in value:
            if not ("a" <= character <= "z" or "0" <= character <= "9" or character == "-"):
                raise FieldError(f"{name}: {shown(value)} may hold only a-z, 0-9 and -")


class Digits(Field):
    """Decimal digits as text, such as a staff number; leading zeros count."""

    def __init__(self, length_min: int, length_max: int) -> None:
        self.length_min = length_min
        self.length_max = length_max

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str) or not self.length_min <= len(value) <= self.length_max:
            raise FieldError(
                f"{name}: {shown(value)} is not {self.length_min}..{self.length_max} digits"
            )
        for character in value:
            if not "0" <= character <= "9":
                raise FieldError(f"{name}: {shown(value)} may hold only digits")


class Choice(Field):
    """One of a fixed list of words."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, str) or value not in self.options:
            raise FieldError(f"{name}: {shown(value)} is none of {', '.join(self.options)}")


class Flag(Field):
    """True or false."""

    def check(self, name: str, value: object) -> None:
        if value is not True and value is not False:
            raise FieldError(f"{name}: {shown(value)} is not true or false")


class Nullable(Field):
    """A field, or nothing (`null`)."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def check(self, name: str, value: object) -> None:
        if value is not None:
            self.field.check(name, value)


class Items(Field):
    """A list of at most `count_max` nested values, all of one `Struct` type."""

    def __init__(self, item: type, count_max: int) -> None:
        self.item = item
        self.count_max = count_max

    def check(self, name: str, value: object) -> None:
        if not isinstance(value, (list, tuple)) or len(value) > self.count_max:
            raise FieldError(f"{name}: {shown(value)} is not a list of at most {self.count_max}")
        for entry in value:
            if not isinstance(entry, self.item):
                raise FieldError(f"{name}: {shown(entry)} is not a {self.item.__name__}")
