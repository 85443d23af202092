"""Hall time only goes forward, at its rate, and maps back to the first steady millisecond."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.core.clock import ClockMark, HallClock

DAY_MS = 86_400_000


def test_clock_starts_at_the_wall_clock_when_the_journal_is_older():
    clock = HallClock.start(wall_ms=1_000_000, steady_ms=77, last_event_ms=999_999)
    assert clock.hall_ms(77) == 1_000_000
    assert clock.hall_ms(1077) == 1_001_000


def test_clock_goes_on_after_the_last_event_when_the_wall_clock_was_set_back():
    clock = HallClock.start(wall_ms=5, steady_ms=77, last_event_ms=1_000_000)
    assert clock.hall_ms(77) == 1_000_001


def test_a_mark_carries_hall_time_on_within_its_boot_only():
    mark = ClockMark("b1", steady_ms=1000, hall_ms=500_000)
    assert mark.carried_ms("b1", 4000) == 503_000
    assert mark.carried_ms("b2", 4000) is None
    assert mark.carried_ms("b1", 999) is None
    assert ClockMark("", steady_ms=0, hall_ms=1).carried_ms("", 4000) is None


def test_a_clock_carried_on_never_begins_before_the_last_event():
    clock = HallClock.start(wall_ms=86_400_000, steady_ms=10, last_event_ms=0)
    clock.carry_on(steady_ms=20, hall_ms=7_000, last_event_ms=6_000)
    assert clock.hall_ms(20) == 7_000
    clock.carry_on(steady_ms=20, hall_ms=7_000, last_event_ms=8_000)
    assert clock.hall_ms(20) == 8_001


@pytest.mark.parametrize("rate", [1, 7, 600])
def test_first_steady_millisecond_of_a_hall_time_is_exact(rate):
    clock = HallClock(steady_start_ms=1000, hall_start_ms=50_000, rate=rate)
    for hall_ms in range(50_000, 50_000 + 3 * rate + 3):
        steady_ms = clock.steady_ms(hall_ms)
        assert clock.hall_ms(steady_ms) >= hall_ms
        assert clock.hall_ms(steady_ms - 1) < hall_ms


def test_change_of_rate_does_not_jump():
    clock = HallClock(steady_start_ms=0, hall_start_ms=0)
    clock.change_rate(100, 600)
    assert clock.hall_ms(100) == 100
    assert clock.hall_ms(110) == 100 + 6000
    clock.change_rate(110, 1)
    assert clock.hall_ms(111) == 6101


@pytest.mark.parametrize("rate", [0, -1])
def test_rate_that_would_stop_or_turn_time_is_refused_and_changes_nothing(rate):
    clock = HallClock(steady_start_ms=0, hall_start_ms=0)
    with pytest.raises(ValueError, match="rate"):
        clock.change_rate(100, rate)
    assert clock.hall_ms(200) == 200


def test_jump_goes_forward_only():
    clock = HallClock(steady_start_ms=0, hall_start_ms=1000)
    clock.jump_to(10, 1000 + DAY_MS)
    assert clock.hall_ms(10) == 1000 + DAY_MS
    with pytest.raises(ValueError, match="never goes back"):
        clock.jump_to(11, 1000)
    assert clock.hall_ms(11) == 1001 + DAY_MS


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10_000),
            st.one_of(
                st.tuples(st.just("rate"), st.integers(1, 600)),
                st.tuples(st.just("jump"), st.integers(0, DAY_MS)),
            ),
        ),
        max_size=20,
    )
)
def test_hall_time_never_goes_back_whatever_is_done_to_the_clock(course):
    clock = HallClock.start(wall_ms=1_795_393_800_000, steady_ms=0, last_event_ms=0)
    steady_ms, before_ms = 0, clock.hall_ms(0)
    for pause_ms, (what, amount) in course:
        steady_ms += pause_ms
        assert clock.hall_ms(steady_ms) >= before_ms
        if what == "rate":
            clock.change_rate(steady_ms, amount)
        else:
            clock.jump_to(steady_ms, clock.hall_ms(steady_ms) + amount)
        assert clock.hall_ms(steady_ms) >= before_ms
        before_ms = clock.hall_ms(steady_ms)
        assert clock.steady_ms(before_ms + 1) > steady_ms, "what lies ahead is due later"
