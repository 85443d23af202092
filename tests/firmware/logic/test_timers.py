"""The earliest of deadlines, over the wrap of ticks."""

import pytest

from firmware.logic.timers import earlier, earliest

BEFORE_WRAP = (1 << 30) - 5


@pytest.mark.parametrize(
    ("deadlines", "first"),
    [
        ((), None),
        ((None, None), None),
        ((None, 7, None), 7),
        ((9, 7, 8), 7),
        ((3, BEFORE_WRAP, None), BEFORE_WRAP),
        ((0,), 0),
    ],
)
def test_earliest_is_what_earlier_finds_one_by_one(
    deadlines: tuple[int | None, ...], first: int | None
) -> None:
    assert earliest(deadlines) == first
    found = None
    for deadline in deadlines:
        found = earlier(found, deadline)
    assert found == first
