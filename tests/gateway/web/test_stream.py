"""The live stream: whole pictures, shared, at most ten a second, with a beat in between."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.web import hub as hub_module

OnHall = Callable[..., None]


async def _events(answer: Any) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            event[name or "comment"] = value.strip()
        elif event:
            yield event
            event = {}


async def _frames(answer: Any) -> AsyncIterator[dict[str, str]]:
    async for event in _events(answer):
        if event.get("event") == "hall":
            yield event


async def _issue(client: Any, key: str) -> Any:
    answer = await client.post(
        "/api/v1/tickets", json={"service": "filing"}, headers={"Idempotency-Key": key}
    )
    return answer.json()


def test_every_frame_is_the_whole_hall_with_the_journal_sequence_as_id(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("officer")
        async with client.stream("GET", "/api/v1/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            frames = _frames(answer)
            first = json.loads((await anext(frames))["data"])
            assert len(first["windows"]) == 8
            await _issue(client, "k1")
            view = first
            while view["totals"]["waiting"] == 0:  # a busy machine sends one from before, too
                frame = await anext(frames)
                view = json.loads(frame["data"])
                assert int(frame["id"]) == view["seq"]
            assert view["totals"]["waiting"] == 1
            assert view["seq"] == hall.process.engine.seq

    on_hall(scenario)


def test_many_changes_become_few_frames_and_the_last_one_is_true(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("officer")
        async with client.stream("GET", "/api/v1/stream") as answer:
            frames = _frames(answer)
            await anext(frames)
            began = time.monotonic()
            await asyncio.gather(*(_issue(client, f"k{n}") for n in range(60)))
            count, waiting = 0, 0
            while waiting < 60:
                waiting = json.loads((await anext(frames))["data"])["totals"]["waiting"]
                count += 1
            assert count <= (time.monotonic() - began) / hub_module.FRAME_SECONDS_MIN + 2

    on_hall(scenario)


def test_a_client_that_does_not_read_costs_no_memory_and_gets_the_newest(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        hub = hall.server._hub
        stream = hub.stream()
        await anext(stream)
        await _issue(hall.client("officer"), "k1")
        version = hub.version
        await hall.until(lambda: hub.version > version or hub._frame.count(b"A001"))
        await _issue(hall.client("officer"), "k2")
        await hall.until(lambda: b"A002" in hub._frame)
        assert b"A002" in await anext(stream)
        await stream.aclose()
        assert hub.clients == 0

    on_hall(scenario)


def test_a_beat_comes_when_nothing_else_does(
    on_hall: OnHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "BEAT_SECONDS", 0.2)

    async def scenario(hall: Any) -> None:
        async with hall.client("officer").stream("GET", "/api/v1/stream") as answer:
            async for event in _events(answer):
                if event.get("event") == "beat":
                    assert event["comment"] == "beat"
                    assert json.loads(event["data"])["seq"] == hall.process.engine.seq
                    return

    on_hall(scenario)


def test_a_hundred_watchers_share_one_encoding(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        hub = hall.server._hub
        streams = [hub.stream() for _ in range(100)]
        for stream in streams:
            await anext(stream)
        made = []
        make = hub._make
        hub._make = lambda: (made.append(1), make())
        waits = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.sleep(0)
        await _issue(hall.client("officer"), "k1")
        frames = await asyncio.gather(*waits)
        assert len({id(frame) for frame in frames}) == 1
        assert len(made) == 1
        for stream in streams:
            await stream.aclose()

    on_hall(scenario)


def test_the_server_stops_at_once_with_open_streams(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("officer")
        async with client.stream("GET", "/api/v1/stream") as answer:
            frames = _frames(answer)  # held, or the stream would be closed from here
            await anext(frames)
            # Grace is for calls: with a stream that waited for it, the server would stay too long.
            hall.server._server.config.timeout_graceful_shutdown = 60
            hall.server.stop()
            await asyncio.wait_for(hall._tasks[1], 20)

    on_hall(scenario)


def test_too_many_streams_are_refused_with_a_time_to_come_back(
    on_hall: OnHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.routes.hall.STREAMS_MAX", 0)

    async def scenario(hall: Any) -> None:
        answer = await hall.client("officer").get("/api/v1/stream")
        assert (answer.status_code, answer.json()["reason"]) == (503, "too_many")
        assert answer.headers["retry-after"] == "5"

    on_hall(scenario)
