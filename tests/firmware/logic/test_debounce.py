"""Keys bounce, stick and glitch; a press is one press."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.logic.debounce import STABLE_MS, STUCK_MS, Keys
from protocols.ticks import TICKS_PERIOD, ticks_add

starts = st.sampled_from([0, 1000, TICKS_PERIOD - 50])
# Gaps between the edges of one bounce: always shorter than what counts as standing still.
gaps = st.lists(st.integers(0, STABLE_MS - 1), max_size=12).map(lambda g: g[: len(g) // 2 * 2])


def _burst(
    keys: Keys, now: int, level: int, bounce: list[int], found: list[tuple[int, int]]
) -> int:
    """Edges that end in `level`, a settled() before each as a logic does it; then rest."""
    keys.edge(now, 0, level)
    for place, gap in enumerate(bounce):
        now = ticks_add(now, gap)
        found.extend((index, to) for index, to, _ in keys.settled(now))
        keys.edge(now, 0, level if place % 2 else 1 - level)
    now = ticks_add(now, STABLE_MS)
    found.extend((index, to) for index, to, _ in keys.settled(now))
    return ticks_add(now, 200)


@given(starts, gaps, gaps)
def test_any_bounce_is_one_press_and_one_release(
    start: int, down: list[int], up: list[int]
) -> None:
    keys = Keys(1)
    keys.begin(0)
    found: list[tuple[int, int]] = []
    now = _burst(keys, start, 1, down, found)
    _burst(keys, now, 0, up, found)
    assert found == [(0, 1), (0, 0)]


@given(starts, st.integers(1, STABLE_MS - 1))
def test_a_glitch_shorter_than_the_debounce_presses_nothing(start: int, width: int) -> None:
    keys = Keys(1)
    keys.begin(0)
    keys.edge(start, 0, 1)
    now = ticks_add(start, width)
    assert keys.settled(now) == []
    keys.edge(now, 0, 0)
    assert keys.settled(ticks_add(now, 500)) == []
    assert keys.wake_at() is None


def test_a_press_is_dated_by_its_first_edge() -> None:
    keys = Keys(2)
    keys.begin(0)
    assert keys.edge(100, 1, 1) is True
    assert keys.edge(103, 1, 0) is False
    assert keys.edge(106, 1, 1) is False, "a bounce is no new press"
    assert keys.settled(125) == []
    assert keys.settled(126) == [(1, 1, 100)]


def test_a_key_down_at_boot_presses_nothing_until_it_was_released() -> None:
    keys = Keys(1)
    keys.edge(0, 0, 1)
    keys.settled(50)
    keys.begin(0)
    assert keys.settled(1000) == []
    assert keys.edge(2000, 0, 0) is False
    assert keys.settled(2020) == []
    assert keys.edge(3000, 0, 1) is True
    assert keys.settled(3020) == [(0, 1, 3000)]


def test_a_stuck_key_that_bounces_presses_nothing() -> None:
    keys = Keys(1)
    keys.edge(0, 0, 1)
    keys.begin(0)
    keys.edge(100, 0, 0)
    keys.edge(110, 0, 1)
    assert keys.settled(200) == []
    keys.edge(300, 0, 0)
    assert keys.settled(320) == []


def test_a_key_that_stays_down_pressed_once_and_is_called_stuck_until_it_comes_up() -> None:
    keys = Keys(2)
    keys.begin(0)
    keys.edge(1000, 1, 1)
    assert keys.settled(1020) == [(1, 1, 1000)]
    assert keys.complaints(1020 + STUCK_MS - 1) == []
    assert keys.wake_at() == 1020 + STUCK_MS
    assert keys.complaints(1020 + STUCK_MS) == [(1, True)]
    assert keys.stuck() == [1]
    assert keys.complaints(9_000_000) == []
    assert keys.settled(9_000_000) == []
    assert keys.wake_at() is None
    keys.edge(9_000_000, 1, 0)
    assert keys.settled(9_000_020) == [(1, 0, 9_000_000)]
    assert keys.complaints(9_000_020) == [(1, False)]
    assert keys.stuck() == []


def test_a_key_held_as_people_hold_keys_is_not_called_stuck() -> None:
    keys = Keys(1)
    keys.begin(0)
    now = 0
    for _ in range(100):
        keys.edge(now, 0, 1)
        keys.settled(now + STABLE_MS)
        now += STUCK_MS - 100
        assert keys.complaints(now) == []
        keys.edge(now, 0, 0)
        keys.settled(now + STABLE_MS)
        now += 100
    assert keys.complaints(now) == []


def test_a_key_down_at_boot_is_called_stuck_at_once() -> None:
    keys = Keys(1)
    keys.edge(0, 0, 1)
    keys.begin(5)
    assert keys.complaints(5) == [(0, True)]
    keys.edge(100, 0, 0)
    keys.settled(120)
    assert keys.complaints(120) == [(0, False)]


def test_two_keys_settle_in_the_order_they_went_down() -> None:
    keys = Keys(3)
    keys.begin(0)
    keys.edge(10, 2, 1)
    keys.edge(12, 0, 1)
    assert [index for index, _, _ in keys.settled(400)] == [2, 0]
