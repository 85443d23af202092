"""The running gateway over real sockets: exactly one effect for each press and each call."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from gateway.journal.errors import JournalFailed

OnHall = Callable[..., None]


async def _issue(client: Any, key: str, service: str = "filing") -> Any:
    answer = await client.post(
        "/api/v1/tickets", json={"service": service}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_twenty_presses_with_every_acknowledgement_lost_call_twenty_tickets(
    on_hall: OnHall,
) -> None:
    async def scenario(hall: Any) -> None:
        desk = hall.client("officer")
        issued = [(await _issue(desk, f"k{n}"))["number"] for n in range(25)]
        pad = await hall.pad("w01")
        await pad.sign_in("1111")
        await hall.until(lambda: hall.windows()["w01"]["turn"] == pad.turn)
        called = []
        for _ in range(20):
            ack = await pad.press("next", lose_acks=2)
            assert (ack.result, ack.first) == ("dup", "ok")
            await hall.until(lambda: hall.windows()["w01"]["turn"] == pad.turn)
            called.append(pad.number)
        assert called == issued[:20]
        totals = hall.process.hall_view()["totals"]
        assert (totals["waiting"], totals["served"]) == (5, 19)
        nodes = {node["id"]: node for node in hall.process.nodes_view()}
        assert nodes["w01-pad"]["duplicates"] == 40

    on_hall(scenario)


def test_eight_clients_issuing_two_hundred_tickets_at_once_get_different_numbers(
    on_hall: OnHall,
) -> None:
    async def scenario(hall: Any) -> None:
        async def one(number: int) -> list[Any]:
            client = hall.client("kiosk")
            return [await _issue(client, f"c{number}-{n}") for n in range(25)]

        lists = await asyncio.gather(*(one(number) for number in range(8)))
        numbers = [ticket["number"] for tickets in lists for ticket in tickets]
        assert sorted(numbers) == [f"A{n:03}" for n in range(1, 201)]
        assert len({ticket["token"] for tickets in lists for ticket in tickets}) == 200

    on_hall(scenario)


def test_a_gateway_started_again_goes_on_where_it_was(on_hall: OnHall) -> None:
    seen: list[Any] = []

    async def before(hall: Any) -> None:
        desk = hall.client("officer")
        await _issue(desk, "k1")
        await _issue(desk, "k2")
        pad = await hall.pad("w01")
        await pad.sign_in("1111")
        await hall.until(lambda: hall.windows()["w01"]["turn"] == pad.turn)
        await pad.press("next")
        seen.append(hall.process.hall_view())

    async def after(hall: Any) -> None:
        view = hall.process.hall_view()
        for name in ("windows", "waiting", "totals", "calls"):
            assert view[name] == seen[0][name]
        assert view["epoch"] > seen[0]["epoch"]
        # What the pad shows comes anew, from a broker that knows nothing.
        pad = await hall.pad("w01", boot=2)
        assert pad.number == "A001"

    on_hall(before, after)


def test_a_clean_stop_says_bye_to_the_nodes(on_hall: OnHall) -> None:
    said = []

    async def scenario(hall: Any) -> None:
        publish = hall.process.link.close

        async def close(farewell: Any) -> None:
            said.append(farewell.payload)
            await publish(farewell)

        hall.process.link.close = close

    on_hall(scenario)
    assert len(said) == 1
    assert b'"state":"bye"' in said[0]


def test_a_failed_append_acknowledges_nothing_and_ends_the_process(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        pubacks: list[Any] = []
        acknowledge = hall.process.link.acknowledge
        hall.process.link.acknowledge = lambda found: (pubacks.extend(found), acknowledge(found))
        pad = await hall.pad("w01")
        await hall.until(lambda: len(pubacks) == 1, "the birth of the pad was not acknowledged")

        def fail(_: Any) -> Any:
            raise JournalFailed("planted: no space left on device")

        hall.process._journal.append = fail
        press = asyncio.create_task(pad.sign_in("1111"))
        await hall.until(lambda: hall.exits == [70], "the process did not end")
        assert pad.acks == []
        assert len(pubacks) == 1
        assert hall.windows()["w01"]["mode"] == "closed"
        press.cancel()

    on_hall(scenario)


def test_the_picture_never_shows_what_is_not_durable_yet(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        desk = hall.client("officer")
        ticket = await _issue(desk, "k1")
        append, gate = hall.process._journal.append, asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(records: Any) -> Any:
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
            return append(records)

        hall.process._journal.append = slow
        cancel = asyncio.create_task(
            desk.post(
                f"/api/v1/tickets/{ticket['ticket']}/cancel", headers={"Idempotency-Key": "k2"}
            )
        )
        try:
            await hall.until(lambda: hall.process.engine.in_flight)
            look = asyncio.create_task(desk.get(f"/api/v1/tickets/{ticket['ticket']}"))
            assert hall.process.hall_view()["totals"]["waiting"] == 1
            await asyncio.sleep(0.05)
            assert not look.done()
            assert not cancel.done()
        finally:
            gate.set()
        assert (await cancel).status_code == 200
        assert (await look).json()["state"] == "cancelled"

    on_hall(scenario)


def test_poison_messages_are_acknowledged_and_counted(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        pad = await hall.pad("w01")
        sent = hall.process.link._session._client
        acknowledged: list[int] = []
        original = sent.ack
        sent.ack = lambda mid, qos: (acknowledged.append(mid), original(mid, qos))[1]
        for payload in (b"", b"\xff\xfe", b"{}", b'{"k":"pad_pressed","v":1}', b"[" * 900):
            pad._session.publish(0, "hk1/langfang/w01-pad/up/ev", payload, 1, False)
            pad._flush()
        nodes = lambda: {node["id"]: node for node in hall.process.nodes_view()}  # noqa: E731
        await hall.until(lambda: nodes()["w01-pad"]["rejected"] == 5)
        await hall.until(lambda: len(acknowledged) >= 5)
        assert acknowledged == sorted(acknowledged)
        assert (await pad.sign_in("1111")).result == "ok"

    on_hall(scenario)


def test_a_snapshot_is_kept_while_running(on_hall: OnHall, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(hall: Any) -> None:
        object.__setattr__(hall.process.settings, "snapshot_every", 10)
        desk = hall.client("officer")
        for n in range(12):
            await _issue(desk, f"k{n}")
        path = hall.data / "journal.sqlite"

        def count() -> int:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                found: int = connection.execute("SELECT count(*) FROM snapshots").fetchone()[0]
            connection.close()
            return found

        await hall.until(lambda: count() >= 1)

    on_hall(scenario)


def test_the_hall_works_on_over_rest_without_a_broker(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        assert (await _issue(hall.client("kiosk"), "k1"))["number"] == "A001"
        reasons = (await hall.client().get("/readyz")).json()["reasons"]
        assert len(reasons) == 1
        assert "Connection refused" in reasons[0]

    on_hall(scenario, has_broker=False)
