"""Fingers on keys: bounce is heard by the pin, one press by the firmware."""

import asyncio
import random
import time

import pytest

from firmware.logic.debounce import STABLE_MS, Keys
from simulator.live.clock import steady_ms, ticks
from simulator.live.keyboard import FINGER_MS, Keyboard


def presses_of(edges: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(index, level) as the firmware's debouncing sees these (time, index, level) edges."""
    keys = Keys(9)
    keys.begin(0)
    found = []
    for at_ms, index, level in edges:
        found += keys.settled(ticks(at_ms))
        keys.edge(ticks(at_ms), index, level)
    found += keys.settled(ticks(edges[-1][0] + STABLE_MS + 1))
    return [(index, level) for index, level, _ in found]


def typed(seed: int, hold_s: float, times: int) -> list[tuple[int, int, int]]:
    edges: list[tuple[int, int, int]] = []

    async def type_keys() -> None:
        keyboard = Keyboard(
            9,
            lambda index, level: edges.append((steady_ms(), index, level)),
            random.Random(seed),
        )
        for _ in range(times):
            keyboard.push(4)
            await asyncio.sleep(hold_s)
            keyboard.release(4)
            await asyncio.sleep(0.09)

    asyncio.run(type_keys())
    return edges


def test_click_without_any_duration_is_still_one_press() -> None:
    edges = typed(seed=3, hold_s=0, times=1)
    assert presses_of(edges) == [(4, 1), (4, 0)]
    assert edges[-1][0] - edges[0][0] >= FINGER_MS


def test_every_press_of_a_bouncing_key_counts_once() -> None:
    edges = typed(seed=5, hold_s=0.06, times=3)
    assert len(edges) > 6, "the contacts chatter"
    assert presses_of(edges) == [(4, 1), (4, 0)] * 3


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("edge", "stall_s"), [(1, 0.1), (2, 0.035)])
def test_a_click_while_the_machine_stands_still_is_one_press(
    edge: int, stall_s: float, seed: int
) -> None:
    edges: list[tuple[int, int, int]] = []

    def see(index: int, level: int) -> None:
        edges.append((steady_ms(), index, level))
        if len(edges) == edge:
            end = time.monotonic() + stall_s
            while time.monotonic() < end:
                pass

    async def click() -> None:
        keyboard = Keyboard(9, see, random.Random(seed))
        keyboard.push(4)
        keyboard.release(4)
        await asyncio.sleep(0.3)

    asyncio.run(click())
    assert presses_of(edges) == [(4, 1), (4, 0)], edges


def test_second_push_of_a_key_that_is_down_changes_nothing() -> None:
    edges: list[tuple[int, int]] = []

    async def push_twice() -> None:
        keyboard = Keyboard(9, lambda index, level: edges.append((index, level)), random.Random(1))
        keyboard.push(0)
        await asyncio.sleep(0.03)
        count = len(edges)
        keyboard.push(0)
        await asyncio.sleep(0.03)
        assert len(edges) == count
        keyboard.release(0)
        keyboard.release(0)
        assert not keyboard.down[0]

    asyncio.run(push_twice())
