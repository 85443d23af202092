"""Broker, way and interface are mended apart; the watchdog is fed while a node lives or tries."""

import random

from firmware.shell.care import JOIN_SPREAD_MS, PATIENCE_MAX_MS, SILENT_DIALS_MAX, Care
from firmware.shell.liveness import BUDGET_MS, Liveness
from protocols.ticks import ticks_add


def restarts(care: Care, start_ms: int, duration_ms: int, up: bool) -> list[int]:
    """When it starts the interface anew while that stays as it is; ms since the start."""
    return [
        at_ms for at_ms in range(0, duration_ms, 250) if care.look(ticks_add(start_ms, at_ms), up)
    ]


def test_a_broker_that_refuses_never_costs_the_interface(start_ms: int) -> None:
    care = Care(start_ms, random.Random(1).randrange)
    for at_ms in range(0, 3_600_000, 6000):
        assert not care.look(ticks_add(start_ms, at_ms), True)
        care.dial_ended(True)


def test_silence_starts_the_interface_anew_and_ever_more_rarely(start_ms: int) -> None:
    care = Care(start_ms, random.Random(1).randrange)
    restarted = []
    for dials in range(360):
        if care.look(ticks_add(start_ms, 10_000 * dials), True):
            restarted.append(dials)
        care.dial_ended(False)
    gaps = [b - a for a, b in zip([0, *restarted], restarted, strict=False)]
    assert gaps[:5] == [SILENT_DIALS_MAX, 10, 20, 40, 40]


def test_an_answer_between_silences_counts_them_anew() -> None:
    care = Care(0, lambda limit: 0)
    for _ in range(3 * SILENT_DIALS_MAX):
        care.dial_ended(False)
        care.dial_ended(True)
        assert not care.look(0, True)


def test_an_interface_that_stays_down_is_started_anew_with_growing_patience(
    start_ms: int,
) -> None:
    care = Care(start_ms, random.Random(3).randrange)
    found = restarts(care, start_ms, 900_000, False)
    gaps = [b - a for a, b in zip([0, *found], found, strict=False)]
    assert 10_000 <= gaps[0] <= 20_250
    assert all(gap <= PATIENCE_MAX_MS + 250 for gap in gaps)
    assert gaps[-1] >= PATIENCE_MAX_MS // 2
    assert not care.may_dial()


def test_nodes_that_lose_the_same_access_point_do_not_dial_at_once() -> None:
    waits = []
    for seed in range(50):
        care = Care(0, random.Random(seed).randrange)
        now_ms = 0
        while not care.may_dial():
            now_ms += 10
            care.look(now_ms, True)
        waits.append(now_ms)
    assert max(waits) <= JOIN_SPREAD_MS + 20
    assert max(waits) - min(waits) > JOIN_SPREAD_MS // 2


def test_patience_is_short_again_once_the_link_came_up() -> None:
    care = Care(0, lambda limit: limit - 1)
    restarts(care, 0, 900_000, False)
    care.look(900_000, True)
    care.link_came_up()
    care.look(900_250, False)
    assert restarts(care, 900_250, 30_000, False)[0] <= 20_250


def test_a_node_that_keeps_trying_is_never_reset(start_ms: int) -> None:
    liveness = Liveness(start_ms)
    for at_ms in range(0, 100 * BUDGET_MS, PATIENCE_MAX_MS):
        now_ms = ticks_add(start_ms, at_ms)
        assert liveness.may_feed(now_ms, False, False)
        liveness.attempt_ended(now_ms)


def test_a_node_that_neither_hears_nor_tries_is_not_fed(start_ms: int) -> None:
    liveness = Liveness(start_ms)
    assert liveness.may_feed(ticks_add(start_ms, BUDGET_MS - 1), False, False)
    assert not liveness.may_feed(ticks_add(start_ms, BUDGET_MS), False, False)
    # And stays so, wherever the ticks wrap to.
    for at_ms in range(BUDGET_MS, (1 << 30) + BUDGET_MS, 1 << 26):
        assert not liveness.may_feed(ticks_add(start_ms, at_ms), False, False)


def test_a_lease_or_a_link_proves_life_for_a_budget(start_ms: int) -> None:
    for fresh, up in ((True, False), (False, True)):
        liveness = Liveness(start_ms)
        liveness.may_feed(ticks_add(start_ms, BUDGET_MS), False, False)
        assert liveness.may_feed(ticks_add(start_ms, 2 * BUDGET_MS), fresh, up)
        assert liveness.may_feed(ticks_add(start_ms, 3 * BUDGET_MS - 1), False, False)
