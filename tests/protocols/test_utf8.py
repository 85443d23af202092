"""Text is read by the table of Unicode itself, so that both runtimes refuse the same bytes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import utf8
from protocols.utf8 import shortened, text_of

lead = st.sampled_from([0x41, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5])
follow = st.sampled_from([0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0])


@given(st.lists(lead | follow, max_size=6).map(bytes))
@example(b"\xed\x9f\xbf")
@example(b"\xf4\x8f\xbf\xbf")
def test_the_table_agrees_with_the_decoder_of_python(data: bytes) -> None:
    try:
        utf8._check(data)
        accepted = True
    except UnicodeError:
        accepted = False
    assert accepted == (data.decode("utf-8", "replace").encode() == data)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert text_of(text.encode()) == text


@given(st.text(), st.integers(0, 20))
def test_a_text_is_shortened_to_as_many_whole_characters_as_fit(text: str, room: int) -> None:
    short = shortened(text, room)
    assert text.startswith(short)
    assert len(short.encode()) <= room
    assert short == text or len(text[: len(short) + 1].encode()) > room


@pytest.mark.parametrize("data", [b"\x80", b"\xed\xa0\x80", b"\xc0\x80", b"\xe7\xaa", b"a\xff"])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(UnicodeError):
        text_of(data)
