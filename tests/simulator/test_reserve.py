"""P6 in a whole hall: the gateway or the cable gone, the kiosk restarting, and no number twice."""

import random

import pytest

from firmware.logic.reserve import Reserve
from simulator.faults import CRASH_STEPS, Fault, in_order
from simulator.people.habits import Day
from simulator.plan import Plan
from simulator.weather import Weather
from simulator.world import Result, RunFailed, World

DAY = Day(visitors=40, open_hours_ms=20 * 60_000, pace=6)
LOSSY = Weather(drop_percent=5, duplicate_percent=5, delay_percent=2)


def kiosk_faults(seed: int) -> tuple[Fault, ...]:
    rng = random.Random(seed)

    def fault(kind, target, shortest_ms, longest_ms, step="now"):
        at_ms = rng.randrange(DAY.opens_ms, DAY.closes_ms)
        lasts_ms = rng.randint(shortest_ms, longest_ms)
        return Fault(at_ms, kind, target, lasts_ms, step, rng.randint(1, 6))

    faults = [fault("cable", "kiosk-1", 20_000, 300_000) for _ in range(3)]
    for _ in range(3):
        faults.append(fault("gateway", "", 15_000, 200_000, rng.choice(CRASH_STEPS)))
    faults += [fault("restart", "kiosk-1", 500, 9_000) for _ in range(4)]
    faults += [fault(rng.choice(("paper", "cover")), "kiosk-1", 9_000, 90_000) for _ in range(2)]
    return in_order(faults)


def run(seed: int) -> tuple[Result, int]:
    """The day's result, and how many tickets were given out without the gateway."""
    world = World(Plan(seed, day=DAY, weather=LOSSY, faults=kiosk_faults(seed)))
    result = world.run()
    rows = world.hall.gateway.disk.rows
    return result, sum(row[2] == "calling.ticket_merged" for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2, 5, 9])
def test_people_get_numbers_while_the_gateway_is_away_and_are_served(seed: int) -> None:
    result, merged = run(seed)
    assert merged >= 5
    assert result.outcomes["served"] >= 38


@pytest.mark.slow
@pytest.mark.parametrize(("bug", "promise"), [("_store", "P6"), ("_report", "P6")])
def test_a_reserve_that_forgets_is_caught(
    bug: str, promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reserve, bug, lambda self, effects: None)
    with pytest.raises(RunFailed, match=promise):
        run(0)


@pytest.mark.slow
def test_a_kiosk_that_loses_its_place_in_a_row_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Reserve.offer

    def offer(self, now_ms, job, effects):
        if job.reserve == self._reserve:
            self._rows = []
        real(self, now_ms, job, effects)

    monkeypatch.setattr(Reserve, "offer", offer)
    with pytest.raises(RunFailed, match=r"P7: .* came out twice"):
        run(0)
