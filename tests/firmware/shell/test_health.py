"""What a node tells by itself: minutes of health, few lines, nothing lost while it is cut off."""

from typing import Any

import pytest

from firmware.shell.health import HEALTH_MS, WAITING_MAX, Health
from protocols.messages.service import NodeHealth
from protocols.ticks import ticks_add


class Teller:
    """A node that keeps what it is given to tell."""

    def __init__(self) -> None:
        self.link_up = False
        self.lease_fresh = True
        self.connection = 1
        self.gateway = (7, 1)
        self.close_reason = ""
        self.told: list[Any] = []

    def log(self, now_ms: int, level: str, text: str) -> None:
        self.told.append(f"{level} {text}")

    def tell(self, now_ms: int, message: NodeHealth) -> None:
        self.told.append(message)

    def take(self) -> list[Any]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def node() -> Teller:
    return Teller()


def make(start_ms: int, fault: tuple[int, str] = (0, "")) -> Health:
    return Health(start_ms, lambda: (None, None), lambda: fault, (13, "b", True))


def test_it_counts_its_uptime_over_weeks_whatever_the_ticks_do(start_ms: int, node: Teller) -> None:
    health = make(start_ms)
    node.link_up = True
    now_ms = start_ms
    for _ in range(30 * 24):  # an hour at a time: the ticks wrap after 12 days
        now_ms = ticks_add(now_ms, 3_600_000)
        health.step(now_ms, node)
    assert node.told[-1].uptime_s == 30 * 24 * 3600


def test_it_says_nothing_while_nobody_listens_and_all_when_the_gateway_is_heard(
    start_ms: int, node: Teller
) -> None:
    health = make(start_ms)
    health.note("info", "start 1: power on")
    node.link_up, node.lease_fresh = True, False
    assert not health.step(start_ms, node)
    node.lease_fresh = True
    health.step(ticks_add(start_ms, 2000), node)
    assert [type(told) for told in node.take()] == [str, NodeHealth]


def test_a_gateway_that_was_started_again_is_told_how_the_node_is(
    start_ms: int, node: Teller
) -> None:
    health = make(start_ms)
    node.link_up = True
    health.step(start_ms, node)
    assert not health.step(ticks_add(start_ms, 3000), node)
    node.take()
    node.gateway = (8, 1)
    assert health.step(ticks_add(start_ms, 5000), node)
    assert [type(told) for told in node.take()] == [NodeHealth]


def test_it_wants_to_be_stepped_for_the_next_health_only_while_the_link_is_up(
    start_ms: int, node: Teller
) -> None:
    health = make(start_ms)
    assert health.wake_at() is None
    node.link_up = True
    assert health.step(start_ms, node)
    assert health.wake_at() == ticks_add(start_ms, HEALTH_MS)
    assert not health.step(ticks_add(start_ms, HEALTH_MS - 1), node)
    assert health.step(ticks_add(start_ms, HEALTH_MS), node)
    node.link_up = False
    health.step(ticks_add(start_ms, HEALTH_MS + 1), node)
    assert health.wake_at() is None


def test_lines_wait_for_the_link_in_order_and_are_told_once(start_ms: int, node: Teller) -> None:
    health = make(start_ms)
    health.note("info", "start 1: power on")
    health.note("warning", "twice")
    health.note("warning", "twice")
    assert not health.step(start_ms, node)
    node.link_up = True
    health.step(start_ms, node)
    assert node.take()[:2] == ["info start 1: power on", "warning twice"]
    health.step(start_ms, node)
    assert node.take() == []


def test_the_newest_lines_are_kept_when_there_are_too_many(start_ms: int, node: Teller) -> None:
    health = make(start_ms)
    for number in range(WAITING_MAX + 5):
        health.note("info", str(number))
    node.link_up = True
    health.step(start_ms, node)
    assert node.take()[:-1] == [f"info {number}" for number in range(5, WAITING_MAX + 5)]


def test_another_reason_while_it_was_away_is_told_as_well(start_ms: int, node: Teller) -> None:
    health = make(start_ms)
    node.link_up = True
    health.step(start_ms, node)
    node.take()
    node.link_up, node.close_reason = False, "time-out: no PINGRESP"
    health.step(start_ms, node)
    node.link_up, node.close_reason = True, "refused: not authorized"
    health.step(ticks_add(start_ms, 12_000), node)
    assert node.take()[0] == (
        "info back after 12 s without connection: "
        "time-out: no PINGRESP; then refused: not authorized"
    )


def test_health_says_what_runs_and_cuts_a_long_fault_between_characters(node: Teller) -> None:
    health = make(0, (3, "窗" * 60))
    node.link_up = True
    health.step(0, node)
    [told] = node.take()
    assert (told.release, told.slot, told.trial) == (13, "b", True)
    assert (told.faults, told.fault) == (3, "窗" * 40)
