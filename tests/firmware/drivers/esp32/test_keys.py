"""Keys: only changes of level are told, bounce and all; a matrix finds each key alone."""

import random
from typing import Any

import pytest

from firmware.logic.debounce import Keys as Debounce
from simulator.devices.keys import PRESSED, Key


def test_only_a_change_of_level_is_told(chip: Any) -> None:
    from firmware.drivers.esp32.keys import Keys

    keys = Keys([13, 14], True)
    assert keys.poll() == []
    chip.pins.pulled_low.add(14)
    assert keys.poll() == [("key", 1, 1)]
    assert keys.poll() == []
    chip.pins.pulled_low.discard(14)
    assert keys.poll() == [("key", 1, 0)]


def test_a_key_held_down_at_boot_is_told_by_the_first_poll(chip: Any) -> None:
    from firmware.drivers.esp32.keys import Keys

    chip.pins.pulled_low.add(13)
    assert Keys([13, 14], True).poll() == [("key", 0, 1)]


@pytest.mark.parametrize("seed", range(20))
def test_a_bouncing_press_polled_every_five_milliseconds_is_one_press(chip: Any, seed: int) -> None:
    from firmware.drivers.esp32.keys import Keys

    edges = Key().press(20, 120, random.Random(seed))
    keys, debounce, presses = Keys([13], True), Debounce(1), []
    debounce.begin(0)
    for now_ms in range(0, 300, 5):
        for at_ms, level in edges:
            if now_ms - 5 < at_ms <= now_ms:
                (chip.pins.pulled_low.add if level == PRESSED else chip.pins.pulled_low.discard)(13)
        for _, index, level in keys.poll():
            debounce.edge(now_ms, index, level)
        presses += [level for _, level, _ in debounce.settled(now_ms)]
    assert presses == [1, 0]


def test_each_key_of_a_matrix_is_found_alone_and_in_order(chip: Any) -> None:
    from firmware.drivers.esp32.keys import KeyMatrix

    rows, columns = (4, 14, 17), (35, 36, 39)
    matrix = KeyMatrix(list(rows), list(columns), False)
    for index in range(9):
        chip.pins.bridges = {columns[index % 3]: {rows[index // 3]}}
        assert matrix.poll() == [("key", index, 1)]
        chip.pins.bridges = {}
        assert matrix.poll() == [("key", index, 0)]


def test_the_rows_of_a_matrix_are_released_after_each_poll(chip: Any) -> None:
    from firmware.drivers.esp32.keys import KeyMatrix

    KeyMatrix([4, 14], [35], False).poll()
    assert (chip.pins.level(4), chip.pins.level(14)) == (1, 1)
