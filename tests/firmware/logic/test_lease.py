"""The lease ends by silence or by word, and only the present gateway renews it."""

from typing import Any

from firmware.logic.lease import LEASE_MS, Lease
from protocols.messages.node import GatewayState
from protocols.ticks import ticks_add


def beat(at_ms: int, state: Any = "online", epoch: int = 3, connection: int = 1) -> GatewayState:
    return GatewayState(
        state=state, epoch=epoch, connection=connection, at_ms=at_ms, protocol="1.0"
    )


def test_a_live_beat_is_good_for_ten_seconds(start_ms: int) -> None:
    lease = Lease()
    assert lease.wake_at() is None
    lease.hear(start_ms, beat(500), live=True)
    assert lease.fresh
    assert lease.wake_at() == ticks_add(start_ms, LEASE_MS)
    lease.wake(ticks_add(start_ms, LEASE_MS - 1))
    assert lease.fresh
    lease.wake(ticks_add(start_ms, LEASE_MS))
    assert not lease.fresh
    assert lease.wake_at() is None


def test_a_retained_beat_renews_nothing_but_a_retained_farewell_ends_it() -> None:
    lease = Lease()
    lease.hear(0, beat(500), live=False)
    assert not lease.fresh
    assert lease.heard_ms(0) == 0
    lease.hear(0, beat(500), live=True)
    lease.hear(1, beat(600, "lost"), live=False)
    assert not lease.fresh


def test_a_farewell_of_an_older_connection_is_ignored() -> None:
    lease = Lease()
    lease.hear(0, beat(500, connection=2), live=True)
    lease.hear(1, beat(0, "lost", connection=1), live=True)
    lease.hear(1, beat(0, "bye", epoch=2, connection=9), live=True)
    assert lease.fresh


def test_a_connection_that_said_farewell_cannot_renew_but_the_next_can() -> None:
    lease = Lease()
    lease.hear(0, beat(500), live=True)
    lease.hear(1, beat(500, "lost"), live=True)
    lease.hear(2, beat(900), live=True)
    assert not lease.fresh
    lease.hear(3, beat(901, connection=2), live=True)
    assert lease.fresh


def test_beats_of_an_older_gateway_are_not_heard() -> None:
    lease = Lease()
    lease.hear(0, beat(5, epoch=4), live=True)
    lease.hear(5000, beat(99999, epoch=3, connection=8), live=True)
    lease.wake(LEASE_MS)
    assert not lease.fresh
    assert lease.heard == (4, 1)


def test_a_duplicate_or_late_beat_renews_nothing() -> None:
    lease = Lease()
    lease.hear(0, beat(9000), live=True)
    lease.hear(5000, beat(9000), live=True)
    lease.hear(6000, beat(6000), live=True)
    lease.wake(LEASE_MS)
    assert not lease.fresh


def test_the_gateways_clock_is_reckoned_from_its_last_beat(start_ms: int) -> None:
    lease = Lease()
    assert lease.heard_ms(start_ms) == 0
    lease.hear(start_ms, beat(70000), live=True)
    assert lease.heard_ms(ticks_add(start_ms, 2500)) == 72500


def test_the_reckoning_outlives_the_wrapping_of_ticks() -> None:
    lease = Lease()
    lease.hear(0, beat(0), live=True)
    step_ms = 1 << 27
    for count in range(1, 30):
        lease.wake((count * step_ms + count) % (1 << 30))
    assert lease.heard_ms((29 * step_ms + 29) % (1 << 30)) == 29 * step_ms + 29
