"""JSON is read by one grammar on both runtimes, with nothing of what each of them lets through."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.json_reader import DEPTH_MAX, Fraction, JsonError, read_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_python_writes_is_read_back(
    value: object, ascii_only: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert read_json(data) == value


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_its_error(data: bytes) -> None:
    with contextlib.suppress(JsonError):
        read_json(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"nul",
        b"NaN",
        b"Infinity",
        b"-",
        b"+1",
        b"01",
        b"-01",
        b"1.",
        b".5",
        b"1e",
        b"1e+",
        b"0x10",
        b"1_0",
        b"1 2",
        b"'a'",
        b'"a',
        b'"a\n"',
        b'"\\x"',
        b'"\\',
        b'"\\u12g4"',
        b'"\\u12',
        b'"\\ud83d"',
        b'"\\ud83d\\u0041"',
        b'"\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\xc0\xaf"',
        b'"\xff"',
        b"[1,]",
        b"[1 2]",
        b"[1",
        b"[,]",
        b'{"a" 1}',
        b'{"a":1,}',
        b'{"a":1 "b":2}',
        b"{a:1}",
        b"{1:2}",
        b'{"a":}',
        b"{,}",
        b"\xef\xbb\xbf{}",
        b"/**/1",
    ],
)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(JsonError):
        read_json(data)


@pytest.mark.parametrize("number", [b"1.5", b"-0.0", b"1e3", b"1E-3", b"2.5e+10", b"1e999"])
def test_a_number_that_is_not_whole_fits_no_field(number: bytes) -> None:
    value = read_json(b'{"a":' + number + b"}")
    assert isinstance(value, dict)
    assert isinstance(value["a"], Fraction)


def test_a_surrogate_pair_is_one_character() -> None:
    assert read_json(b'"\\uD83D\\uDE00\\u7a97"') == "\U0001f600窗"


def test_of_a_name_given_twice_the_last_counts() -> None:
    assert read_json(b'{"a":1,"a":2}') == {"a": 2}


def test_nesting_has_a_bound() -> None:
    assert read_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX) is not None
    with pytest.raises(JsonError, match="nests deeper than 8"):
        read_json(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1))
