"""Announcements as clip sequences."""

import pytest

from protocols.announcement import announcement_tokens, spoken_window, vocabulary

SENTENCE = ("qing", "A", "0", "2", "3", "hao", "dao", "3", "hao", "chuangkou")


def test_call_is_a_chime_and_the_sentence() -> None:
    assert announcement_tokens("A023", 3) == ("chime", *SENTENCE)


def test_repeated_call_has_a_pause_between_readings_and_one_chime() -> None:
    assert announcement_tokens("A023", 3, 2) == ("chime", *SENTENCE, "pause", *SENTENCE)


def test_recall_says_so_first() -> None:
    assert announcement_tokens("A023", 3, again=True) == ("chime", "chongfu", *SENTENCE)


def test_digit_one_can_be_spoken_as_on_the_telephone_in_the_number_only() -> None:
    tokens = announcement_tokens("B011", 1, spoken_one=True)
    assert tokens[1:] == ("qing", "B", "0", "yao", "yao", "hao", "dao", "1", "hao", "chuangkou")


@pytest.mark.parametrize(
    ("window", "tokens"),
    [(1, ("1",)), (10, ("shi",)), (12, ("shi", "2")), (20, ("2", "shi")), (33, ("3", "shi", "3"))],
)
def test_window_is_read_as_a_number(window: int, tokens: tuple[str, ...]) -> None:
    assert spoken_window(window) == tokens


def test_every_token_is_in_the_vocabulary() -> None:
    words = set(vocabulary())
    for window in range(1, 100):
        assert set(announcement_tokens("Z189", window, 3, True, True)) <= words


@pytest.mark.parametrize(
    ("number", "window", "repeat"),
    [("a1", 1, 1), ("", 1, 1), ("A1", 0, 1), ("A1", 100, 1), ("A1", 1, 0)],
)
def test_what_cannot_be_spoken_is_refused(number: str, window: int, repeat: int) -> None:
    with pytest.raises(ValueError, match=r"number|window|repeat"):
        announcement_tokens(number, window, repeat)
