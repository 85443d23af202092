"""Waiting in hall time."""

import asyncio
import time

from simulator.live.clock import Pace

PATIENCE_S = 20.0  # less than anybody waits who goes on at the old pace


def waited_s(change: tuple[int, bool] | None, hall_ms: float, rate: int) -> float:
    async def story() -> float:
        pace = Pace()
        pace.change(rate, paused=False)
        began = time.monotonic()
        waiting = asyncio.create_task(pace.wait(hall_ms))
        await asyncio.sleep(0.05)
        if change is not None:
            pace.change(*change)
            if change[1]:
                await asyncio.sleep(0.1)
                assert not waiting.done(), "nobody moves while the hall stands still"
                pace.change(rate, paused=False)
        await asyncio.wait_for(waiting, PATIENCE_S)
        return time.monotonic() - began

    return asyncio.run(story())


def test_hall_time_passes_as_fast_as_its_rate() -> None:
    assert waited_s(None, hall_ms=60_000, rate=600) > 0.09


def test_change_of_pace_counts_from_now_on() -> None:
    assert waited_s((600, False), hall_ms=30_000, rate=1) < PATIENCE_S


def test_nobody_moves_while_the_hall_stands_still() -> None:
    assert waited_s((10, True), hall_ms=1_500, rate=10) > 0.24


def test_what_was_waited_before_a_change_is_not_waited_again() -> None:
    async def story() -> float:
        pace = Pace()
        pace.change(10, paused=False)
        began = time.monotonic()
        waiting = asyncio.create_task(pace.wait(12_000))
        await asyncio.sleep(1.0)
        pace.change(10, paused=False)
        changed = time.monotonic()
        await asyncio.wait_for(waiting, PATIENCE_S)
        assert time.monotonic() - began > 1.18
        return time.monotonic() - changed

    assert asyncio.run(story()) < 1.2, "0.2 s were left, and a busy machine's delay"
