"""P9 before it comes to the worst: little room is told, no room stops the hall plainly."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import room
from gateway.broker.session import BrokerAddress
from gateway.config import HallConfig
from gateway.journal.errors import JournalError
from gateway.process import Process, Settings
from gateway.room import BALLAST_BYTES, NEEDED_BYTES, TOLD_BYTES, Room
from gateway.systems.calling.commands import IssueTicket

OnHall = Callable[..., None]
PLENTY = 1 << 30


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the disk says is free: the first element."""
    left = [PLENTY]
    monkeypatch.setattr(Room, "free_bytes", lambda _: left[0])
    return left


async def issue(client: Any, key: str) -> Any:
    return await client.post(
        "/api/v1/tickets", json={"service": "filing"}, headers={"Idempotency-Key": key}
    )


def test_a_hall_without_room_refuses_plainly_and_goes_on_when_there_is_some(
    on_hall: OnHall, free: list[int]
) -> None:
    async def scenario(hall: Any) -> None:
        desk = hall.client("officer")
        pad = await hall.pad("w01")
        assert (await issue(desk, "k1")).json()["number"] == "A001"
        seq = hall.process.engine.seq
        free[0] = NEEDED_BYTES - 1
        await hall.until(lambda: hall.process._standing_still)
        refused = await issue(desk, "k2")
        assert refused.status_code == 503
        assert refused.json()["reason"] == "disk_full"
        assert "磁盘已满" in refused.json()["title"]
        ready = await desk.get("/readyz")
        assert ready.status_code == 503
        assert "the hall stands still until there is room" in ready.json()["reasons"][0]
        assert (await desk.get("/api/v1/hall")).status_code == 200, "looking needs no room"
        pressed = asyncio.create_task(pad.sign_in("1111"))
        await hall.until(lambda: pad.gateway_said == "bye")
        for _ in range(20):
            pad.send_again()
            await asyncio.sleep(0.01)
        assert not pad.acks
        assert hall.process.engine.seq == seq
        free[0] = PLENTY
        await hall.until(lambda: not hall.process._standing_still)
        pad.send_again()
        assert (await pressed).result == "ok"
        assert (await issue(desk, "k2")).json()["number"] == "A002"
        await hall.until(lambda: pad.gateway_said == "online")
        assert (await desk.get("/readyz")).status_code == 200

    on_hall(scenario)


def test_a_call_that_waits_when_the_room_ends_is_refused_and_decided_once(
    on_hall: OnHall, free: list[int]
) -> None:
    async def scenario(hall: Any) -> None:
        desk = hall.client("officer")
        hall.process.engine.request("officer-1:k1", "officer-1", IssueTicket("filing", None))
        free[0] = 0
        waiting = asyncio.create_task(issue(desk, "k2"))
        assert (await waiting).status_code == 503
        free[0] = PLENTY
        await hall.until(lambda: not hall.process._standing_still)
        first = (await issue(desk, "k2")).json()["number"]
        assert (await issue(desk, "k2")).json()["number"] == first
        assert hall.process.hall_view()["totals"]["issued"] == 2

    on_hall(scenario)


def test_a_hall_that_is_stopped_while_it_stands_still_ends_in_order(
    on_hall: OnHall, free: list[int]
) -> None:
    async def scenario(hall: Any) -> None:
        free[0] = 0
        await hall.until(lambda: hall.process._standing_still)

    on_hall(scenario)


def test_little_room_is_told_while_the_hall_works(on_hall: OnHall, free: list[int]) -> None:
    async def scenario(hall: Any) -> None:
        free[0] = TOLD_BYTES - 1
        desk = hall.client("officer")
        assert (await issue(desk, "k1")).status_code == 201
        ready = await desk.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (
            503,
            [f"journal: 15 MB left on the disk of {hall.data}"],
        )

    on_hall(scenario)


def test_the_ballast_lets_a_gateway_start_on_a_disk_that_somebody_filled(
    tmp_path: Path, langfang: HallConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [0]
    monkeypatch.setattr(
        Room,
        "free_bytes",
        lambda self: 100 * 2**20 - taken[0] - (BALLAST_BYTES if self._ballast.exists() else 0),
    )
    settings = Settings(langfang, tmp_path, BrokerAddress("127.0.0.1", 1))

    async def start_and_stop() -> None:
        process = await Process.open(settings)
        process.stop()
        await process.run()

    asyncio.run(start_and_stop())
    ballast = tmp_path / room.BALLAST_NAME
    assert ballast.stat().st_size == BALLAST_BYTES
    assert ballast.stat().st_blocks * 512 >= BALLAST_BYTES, "it really takes the room"
    taken[0] = 92 * 2**20  # all that is not the ballast
    asyncio.run(start_and_stop())
    assert not ballast.exists()
    taken[0] = 98 * 2**20
    with pytest.raises(JournalError, match=r"KB left on its disk, a start needs 4 MB: make room"):
        asyncio.run(start_and_stop())
    taken[0] = 0
    asyncio.run(start_and_stop())
    assert ballast.exists()


def test_a_ballast_that_was_cut_off_while_it_was_made_is_made_whole(tmp_path: Path) -> None:
    ballast = tmp_path / room.BALLAST_NAME
    ballast.touch()
    Room(tmp_path).keep_ballast()
    assert ballast.stat().st_size == BALLAST_BYTES
