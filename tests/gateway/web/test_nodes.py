"""The technician over REST: how nodes are, their lines, identify, update, wiring, problems."""

import asyncio
import json
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.core.releases import ReleaseInfo
from gateway.web import line_hub
from protocols.messages.node import NodeLog
from protocols.messages.service import (
    Block,
    BlockWanted,
    Identify,
    NodeHealth,
    UpdateOffer,
    UpdateState,
)
from protocols.topics import GET, LOG

OnHall = Callable[..., None]
DEADLINE_S = 20.0
OFFER = UpdateOffer(release=13, name="0.2.1", manifest_bytes=4310, signature_bytes=1456)


class Releases:
    """12 and 13."""

    def newest_first(self) -> list[ReleaseInfo]:
        return [ReleaseInfo(13, "0.2.1", 6, 96_000), ReleaseInfo(12, "0.2.0", 6, 95_000)]

    def offer(self, release: int) -> UpdateOffer:
        return {13: OFFER}[release]

    def answer(self, wanted: BlockWanted) -> Block:
        return Block(release=wanted.release, file=wanted.file, at=wanted.at, data="aGFsbA==")


def health(release: int = 0) -> NodeHealth:
    return NodeHealth(
        uptime_s=61,
        signal_dbm=-58,
        heap_free_bytes=41_000,
        release=release,
        slot="a" if release else "none",
        trial=False,
        faults=1,
        fault="OSError: 5",
    )


def line(text: str, level: str = "info") -> NodeLog:
    return NodeLog(level=level, text=text)  # type: ignore[arg-type]  # the field checks it


async def post(client: Any, url: str, body: Any, key: str = "k1") -> Any:
    return await client.post(url, json=body, headers={"Idempotency-Key": key})


async def node(client: Any, name: str = "w01-pad") -> Any:
    nodes = (await client.get("/api/v1/nodes")).json()["nodes"]
    return next(each for each in nodes if each["id"] == name)


async def lines_of(answer: Any) -> AsyncIterator[dict[str, Any]]:
    event = ""
    async with asyncio.timeout(DEADLINE_S):  # beats would keep it waiting for ever
        async for text in answer.aiter_lines():
            name, _, value = text.partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "line":
                yield json.loads(value)


# ---- how they are


def test_nodes_tell_health_and_update_or_null(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("chief")
        pad = await hall.pad("w01")
        before = await node(client)
        assert (before["health"], before["update"]) == (None, None)
        pad.say(LOG, health(12))
        pad.say(
            LOG,
            UpdateState(
                release=12, state="confirmed", done_bytes=95_000, total_bytes=95_000, why=""
            ),
        )
        await hall.until(lambda: hall.process.engine.service.runs("w01-pad", 12))
        after = await node(client)
        assert {**after["health"], "at_ms_ago": 0} == {
            "uptime_s": 61,
            "signal_dbm": -58,
            "heap_free_bytes": 41_000,
            "release": 12,
            "slot": "a",
            "trial": False,
            "faults": 1,
            "fault": "OSError: 5",
            "at_ms_ago": 0,
        }
        assert after["update"]["state"] == "confirmed"

    on_hall(scenario)


def test_the_log_of_a_node_is_read_from_where_one_was(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        pad, other = await hall.pad("w01"), await hall.pad("w02")
        url = "/api/v1/nodes/w01-pad/log"
        begin = (await client.get(url)).json()
        assert begin["lines"] == []
        pad.say(LOG, line("start 7: power on"))
        pad.say(LOG, line("key 3 (recall) is stuck: it does not come up", "warning"))
        other.say(LOG, line("of another"))
        lines = hall.process.engine.service.lines
        await hall.until(lambda: lines.last == begin["last"] + 3)
        first = (await client.get(url)).json()
        assert [each["text"] for each in first["lines"]] == [
            "start 7: power on",
            "key 3 (recall) is stuck: it does not come up",
        ]
        assert first["lines"][1]["level"] == "warning"
        assert first["lines"][1]["at_ms"] <= hall.process.hall_ms()
        numbers = [each["n"] for each in first["lines"]]
        assert numbers == sorted(numbers)
        later = (await client.get(url, params={"after": numbers[0]})).json()
        assert [each["n"] for each in later["lines"]] == numbers[1:]
        done = (await client.get(url, params={"after": first["last"]})).json()
        assert done == {"lines": [], "last": first["last"]}

    on_hall(scenario)


def test_lines_come_live_and_a_client_that_comes_back_has_missed_nothing(
    on_hall: OnHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_hub, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(line_hub, "BEAT_SECONDS", 60)  # a line does not wait for the beat

    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        pad, other = await hall.pad("w01"), await hall.pad("w02")
        pad.say(LOG, line("before anybody looked"))
        lines = hall.process.engine.service.lines
        await hall.until(lambda: lines.after(0))
        url = "/api/v1/nodes/log/stream"
        async with client.stream("GET", url, params={"node": "w01-pad"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            hub = hall.server._server.config.app.state.line_hub
            await hall.until(lambda: hub.clients == 1)
            other.say(LOG, line("of another"))
            pad.say(LOG, line("first"))
            found = await anext(lines_of(answer))
            assert (found["node"], found["text"]) == ("w01-pad", "first")
        pad.say(LOG, line("missed"))
        await hall.until(lambda: lines.after(found["n"], "w01-pad"))
        again = {"Last-Event-ID": str(found["n"])}
        async with client.stream("GET", url, headers=again) as answer:
            assert (await anext(lines_of(answer)))["text"] == "missed"

    on_hall(scenario)


def test_streams_of_lines_are_bounded_and_end_with_the_server(
    on_hall: OnHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.routes.nodes.LINE_STREAMS_MAX", 1)

    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        async with client.stream("GET", "/api/v1/nodes/log/stream") as answer:
            hub = hall.server._server.config.app.state.line_hub
            await hall.until(lambda: hub.clients == 1)
            full = await client.get("/api/v1/nodes/log/stream")
            assert (full.status_code, full.json()["reason"]) == (503, "too_many")
            hall.server.stop()
            assert [each async for each in lines_of(answer)] == []

    on_hall(scenario)


# ---- identify


def test_identify_reaches_the_node_once_for_one_key(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        pad = await hall.pad("w01")
        url = "/api/v1/nodes/w01-pad/identify"
        first = await post(client, url, {"seconds": 10})
        again = await post(client, url, {"seconds": 10})
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert first.json()["seconds"] == 10
        assert again.headers["idempotent-replay"] == "true"
        other = await post(client, url, {"seconds": 20})
        assert (other.status_code, other.json()["reason"]) == (422, "key_reused")
        await post(client, url, {"seconds": 5}, "k2")
        await hall.until(lambda: len(pad.jobs) == 2)
        assert [type(job) for job in pad.jobs] == [Identify, Identify]
        assert [job.seconds for job in pad.jobs] == [10, 5]
        assert pad.jobs[0].id == first.json()["id"]

    on_hall(scenario)


@pytest.mark.parametrize(
    ("url", "body", "status", "reason", "words"),
    [
        ("nodes/w09-pad/identify", {"seconds": 1}, 404, "unknown_node", ("w09-pad", "w09-pad")),
        ("nodes/w02-pad/identify", {"seconds": 1}, 409, "node_away", ("不在线", "is away")),
        ("nodes/w01-pad/identify", {"seconds": 61}, 422, "invalid", ("body.seconds",) * 2),
        ("nodes/w09-pad/update", {"release": 13}, 404, "unknown_node", ("w09-pad", "w09-pad")),
        ("nodes/w02-pad/update", {"release": 13}, 409, "node_away", ("不在线", "is away")),
        ("nodes/w01-pad/update", {"release": 99}, 422, "unknown_release", ("13, 12", "13, 12")),
        ("nodes/kiosk-1/update", {"release": 13}, 409, "not_over_the_air", ("树莓派", "Pi")),
        ("nodes/w01-pad/update", {"release": 12}, 409, "already_running", ("已在", "already")),
    ],
)
def test_what_cannot_be_done_is_a_problem_in_both_languages(
    on_hall: OnHall, url: str, body: Any, status: int, reason: str, words: tuple[str, str]
) -> None:
    async def scenario(hall: Any) -> None:
        hall.process.engine.service.releases = Releases()
        pad = await hall.pad("w01")
        pad.say(LOG, health(12))
        await hall.until(lambda: hall.process.engine.service.runs("w01-pad", 12))
        client = hall.client("technician")
        answer = await post(client, f"/api/v1/{url}", body)
        problem = answer.json()
        assert (answer.status_code, problem["reason"]) == (status, reason)
        assert answer.headers["content-type"] == "application/problem+json"
        assert words[0] in problem["detail_zh"]
        assert words[1] in problem["detail_en"]

    on_hall(scenario)


def test_every_action_needs_its_key(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        for what, body in (("identify", {"seconds": 1}), ("update", {"release": 13})):
            answer = await client.post(f"/api/v1/nodes/w01-pad/{what}", json=body)
            assert (answer.status_code, answer.json()["reason"]) == (400, "no_key")

    on_hall(scenario)


# ---- update


def test_releases_are_listed_newest_first(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("chief")
        assert (await client.get("/api/v1/releases")).json() == {"releases": []}
        hall.process.engine.service.releases = Releases()
        found = (await client.get("/api/v1/releases")).json()["releases"]
        assert found[0] == {"release": 13, "name": "0.2.1", "mpy": 6, "total_bytes": 96_000}
        assert [each["release"] for each in found] == [13, 12]

    on_hall(scenario)


def test_an_update_is_offered_fetched_and_told(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        hall.process.engine.service.releases = Releases()
        client = hall.client("technician")
        pad = await hall.pad("w01")
        answer = await post(client, "/api/v1/nodes/w01-pad/update", {"release": 13})
        assert (answer.status_code, answer.json()) == (202, {"node": "w01-pad", "release": 13})
        await hall.until(lambda: pad.jobs)
        assert isinstance(pad.jobs[0], UpdateOffer)
        assert pad.jobs[0].release == 13
        offered = (await node(client))["update"]
        assert (offered["state"], offered["total_bytes"]) == ("offered", 96_000)
        pad.say(GET, BlockWanted(release=13, file=0, at=480))
        await hall.until(lambda: pad.blocks)
        assert (pad.blocks[0].at, pad.blocks[0].data) == (480, "aGFsbA==")
        pad.say(
            LOG,
            UpdateState(
                release=13, state="refused", done_bytes=480, total_bytes=96_000, why="bad signature"
            ),
        )
        service = hall.process.engine.service
        await hall.until(lambda: service.view("w01-pad", 0)["update"]["state"] == "refused")
        refused = (await node(client))["update"]
        assert (refused["why"], refused["done_bytes"]) == ("bad signature", 480)

    on_hall(scenario)


# ---- wiring


def test_the_wiring_of_a_node_is_that_of_its_board(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        wiring = (await client.get("/api/v1/nodes/w01-pad/wiring")).json()
        assert (wiring["board"], wiring["label_zh"]) == ("esp32-pad", "呼叫器")
        assert wiring["wires"][0] == {
            "signal": "key_next",
            "pin": 13,
            "part": "keys",
            "goes_to": "key NEXT, other side to GND",
        }
        picture = await client.get("/api/v1/nodes/w01-pad/wiring.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in picture.headers["content-security-policy"]
        root = ET.fromstring(picture.text)
        assert "key_next" in "".join(root.itertext())
        kiosk = (await client.get("/api/v1/nodes/kiosk-1/wiring")).json()
        assert kiosk["chip"] == "raspberry-pi"
        assert kiosk["wires"][0]["signal"] == "USB or network"

    on_hall(scenario)


def test_the_board_a_node_tells_counts_before_that_of_the_hall_file(
    on_hall: OnHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        presence = hall.process.engine.presence
        presence["kiosk-1"].board = "raspberry-pi"
        wiring = (await client.get("/api/v1/nodes/kiosk-1/wiring")).json()
        assert wiring["board"] == "pi-kiosk"
        presence["w01-pad"].board = "esp32-pad-ethernet"
        wiring = (await client.get("/api/v1/nodes/w01-pad/wiring")).json()
        assert wiring["board"] == "esp32-pad-ethernet", "what it is, not what it should be"
        monkeypatch.setattr("gateway.web.routes.nodes.board_names", lambda: ())
        answer = await client.get("/api/v1/nodes/w01-pad/wiring.svg")
        assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_board")

    on_hall(scenario)
