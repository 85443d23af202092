"""Random messages of every kind, made from their own fields."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from protocols.catalogue import MESSAGES
from protocols.fields import Choice, Digits, Field, Flag, Int, Items, Name, Nullable, Text
from protocols.wire import STAMP_FIELDS, Message, Stamp, Struct

NAME_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-"


def text_of(field: Text) -> st.SearchStrategy[str]:
    """Any text without half surrogates whose UTF-8 fits, with quotes and controls among it."""
    alphabet = st.one_of(
        st.sampled_from('"\\/\n\t\x00\x7f请号😀 aZ'), st.characters(exclude_categories=["Cs"])
    )
    text = st.text(alphabet, min_size=min(1, field.bytes_min), max_size=field.bytes_max)
    return text.map(lambda value: _cut(value, field)).filter(
        lambda value: field.bytes_min <= len(value.encode()) <= field.bytes_max
    )


def _cut(value: str, field: Text) -> str:
    while len(value.encode()) > field.bytes_max:
        value = value[:-1]
    return value.ljust(field.bytes_min, "x")


def value_of(field: Field) -> st.SearchStrategy:
    """Values that fit the field."""
    if isinstance(field, Flag):
        return st.booleans()
    if isinstance(field, Int):
        return st.integers(field.low, field.high)
    if isinstance(field, Choice):
        return st.sampled_from(field.options)
    if isinstance(field, Name):
        return st.text(NAME_ALPHABET, min_size=1, max_size=field.length_max)
    if isinstance(field, Digits):
        return st.text("0123456789", min_size=field.length_min, max_size=field.length_max)
    if isinstance(field, Nullable):
        return st.none() | value_of(field.field)
    if isinstance(field, Items):
        return st.lists(struct_of(field.item), max_size=min(3, field.count_max)).map(tuple)
    assert isinstance(field, Text)
    return text_of(field)


def struct_of(kind: type[Struct]) -> st.SearchStrategy:
    """Instances of one message or nested struct."""
    return st.fixed_dictionaries({name: value_of(field) for name, field in kind.FIELDS}).map(
        lambda values: kind(**values)
    )


@pytest.fixture(scope="session")
def kinds() -> tuple[type[Message], ...]:
    """Every message class on any channel."""
    return tuple(kind for _, messages in MESSAGES for kind in messages)


@pytest.fixture(scope="session")
def messages() -> Callable[[type[Message]], st.SearchStrategy]:
    """messages(kind): a strategy of its instances."""
    return struct_of


@pytest.fixture(scope="session")
def stamps() -> st.SearchStrategy:
    """Any stamp."""
    return st.fixed_dictionaries({name: value_of(field) for name, field in STAMP_FIELDS}).map(
        lambda values: Stamp(**values)
    )
