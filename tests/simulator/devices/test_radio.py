"""The radio: weaker with distance, fading by chance, never beyond what a board can measure."""

import random
from statistics import mean

from simulator.devices.radio import LOWEST_DBM, Radio


def test_ten_times_the_distance_takes_thirty_decibels() -> None:
    near, far = Radio(2, random.Random(1)), Radio(20, random.Random(1))
    levels = [mean(radio.level_dbm() for _ in range(200)) for radio in (near, far)]
    assert abs(levels[0] - levels[1] - 30) < 1


def test_the_level_stays_within_what_is_measured() -> None:
    assert Radio(100_000, random.Random(1)).level_dbm() == LOWEST_DBM
    assert Radio(0, random.Random(1)).level_dbm() < 0
