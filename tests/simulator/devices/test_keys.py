"""Key bounce: bounded, ordered, even, and the same for the same seed."""

import random

import pytest

from simulator.devices.keys import PRESSED, RELEASED, Key


def test_edges_alternate_in_rising_time_and_settle_within_the_bounce_time() -> None:
    key = Key(bounce_ms=8, bounces_limit=5)
    for seed in range(300):
        edges = key.press(1_000, 120, random.Random(seed))
        times = [at_ms for at_ms, _ in edges]
        assert times == sorted(set(times))
        assert [level for _, level in edges] == [place % 2 for place in range(len(edges))]
        assert all(1_000 <= t <= 1_008 or 1_120 <= t <= 1_128 for t in times)
        assert edges[-1][1] == RELEASED
        pressing = [level for t, level in edges if t <= 1_008]
        assert pressing[-1] == PRESSED


def test_some_presses_bounce_and_the_same_seed_gives_the_same_edges() -> None:
    key = Key()
    runs = [[key.press(0, 50, random.Random(seed)) for seed in range(20)] for _ in range(2)]
    assert runs[0] == runs[1]
    assert max(map(len, runs[0])) > 6


def test_key_without_bounce_is_two_edges() -> None:
    assert Key(bounce_ms=0).press(5, 40, random.Random(1)) == [(5, PRESSED), (45, RELEASED)]


@pytest.mark.parametrize("level", [PRESSED, RELEASED])
def test_stuck_key_gives_no_edges_but_draws_the_same_random_numbers(level: int) -> None:
    key, rng, healthy_rng = Key(), random.Random(9), random.Random(9)
    key.stuck = level
    assert key.press(0, 50, rng) == []
    assert key.glitch(7) == []
    assert key.resting_level() == level
    Key().press(0, 50, healthy_rng)
    assert rng.random() == healthy_rng.random()


def test_glitch_is_a_spike_of_one_millisecond() -> None:
    assert Key().glitch(7) == [(7, PRESSED), (8, RELEASED)]


def test_press_shorter_than_its_own_bounce_is_refused() -> None:
    with pytest.raises(ValueError, match="hold_ms is 8"):
        Key(bounce_ms=8).press(0, 8, random.Random(1))


def test_key_that_sticks_goes_down_once_and_comes_up_when_it_is_freed() -> None:
    key, rng = Key(), random.Random(3)
    key.sticks = True
    edges = key.press(100, 80, rng)
    assert edges[-1][1] == PRESSED
    assert edges[-1][0] <= 108
    assert key.resting_level() == PRESSED
    assert key.press(500, 80, rng) == []
    freed = key.free(900, rng)
    assert freed[0] == (900, RELEASED)
    assert freed[-1][1] == RELEASED
    assert key.resting_level() == RELEASED
    assert key.free(950, rng) == []
    assert len(key.press(1000, 80, rng)) >= 2
