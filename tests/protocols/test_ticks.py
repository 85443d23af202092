"""Ticks that wrap at 2**30 ms."""

import pytest

from protocols.ticks import TICKS_PERIOD, ticks_add, ticks_diff

HALF = TICKS_PERIOD // 2


@pytest.mark.parametrize("start", [0, 1, 12345, HALF, TICKS_PERIOD - 1])
@pytest.mark.parametrize("delta", [0, 1, -1, 3000, -3000, HALF - 1, -HALF])
def test_a_difference_is_what_was_added_on_either_side_of_the_wrap(start, delta):
    later = ticks_add(start, delta)
    assert 0 <= later < TICKS_PERIOD
    assert ticks_diff(later, start) == delta


def test_a_clock_that_keeps_growing_compares_the_same():
    assert ticks_diff(5 * TICKS_PERIOD + 7, ticks_add(5 * TICKS_PERIOD, 2)) == 5
