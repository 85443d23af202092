"""The loop of a Pi node: order, timers, threads, files that go away."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from firmware.drivers.pi.loop import Loop

DEADLINE_S = 20.0


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def run_until(loop: Loop, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        loop.run_once(60_000)
        assert time.monotonic() < deadline, "it slept, or it never happened"


def test_calls_of_other_threads_wake_the_loop_and_keep_their_order(loop: Loop) -> None:
    happened: list[int] = []

    def ring() -> None:
        for number in range(100):
            loop.call(lambda number=number: happened.append(number))

    thread = threading.Thread(target=ring)
    thread.start()
    run_until(loop, lambda: len(happened) == 100)
    thread.join()
    assert happened == list(range(100))


def test_timers_come_in_the_order_of_their_time_and_can_be_cancelled(loop: Loop) -> None:
    happened: list[str] = []
    loop.later(20, lambda: happened.append("late"))
    loop.later(5, lambda: happened.append("early"))
    loop.later(10, lambda: happened.append("never")).cancel()
    run_until(loop, lambda: len(happened) == 2)
    assert happened == ["early", "late"]


def test_slow_work_gives_back_its_result_or_its_error_in_the_loop(loop: Loop) -> None:
    results: list[object] = []
    threads: list[int] = []

    def work() -> str:
        threads.append(threading.get_ident())
        return "done"

    def fail() -> str:
        raise OSError("no such printer")

    def take(result: object) -> None:
        assert threading.get_ident() == threading.main_thread().ident
        results.append(str(result))

    loop.in_background(work, take)
    run_until(loop, lambda: results)
    loop.in_background(fail, take)
    run_until(loop, lambda: len(results) == 2)
    assert results == ["done", "no such printer"]
    assert threads != [threading.main_thread().ident]


def test_a_file_closed_by_its_own_writer_is_not_read(loop: Loop) -> None:
    here, there = os.pipe()
    other, another = os.pipe()
    os.write(there, b"x")
    happened: list[str] = []

    def close() -> None:
        happened.append("read")
        loop.unwatch(here)
        loop.unwatch(other)

    os.write(another, b"x")
    loop.watch(here, close)
    loop.watch(other, close)
    loop.run_once(100)
    assert happened == ["read"]
    for file in (here, there, other, another):
        os.close(file)


def test_the_bell_rung_by_a_signal_ends_the_waiting(loop: Loop) -> None:
    os.write(loop.bell, b"\x0f")
    began = time.monotonic()
    loop.run_once(60_000)
    assert time.monotonic() - began < DEADLINE_S
