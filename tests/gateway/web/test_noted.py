"""What is done over REST can be found again: in the journal with its cause, or in the audit log."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute

from gateway.core.releases import ReleaseInfo
from protocols.messages.node import NodeLog
from protocols.messages.service import UpdateOffer
from protocols.topics import LOG

OnHall = Callable[..., None]
# Every route that changes something, and where it stands; written down a second time on purpose.
IN_THE_JOURNAL = {
    ("POST", "/api/v1/tickets"),
    ("POST", "/api/v1/tickets/{ticket}/cancel"),
    ("POST", "/api/v1/tickets/{ticket}/return"),
    ("POST", "/api/v1/tickets/{ticket}/reprint"),
    ("POST", "/api/v1/ratings"),
    ("POST", "/api/v1/windows/{window}/commands"),
    ("POST", "/api/v1/windows/{window}/sign-in"),
}
IN_THE_AUDIT_LOG = {
    ("POST", "/api/v1/nodes/{node}/identify"),
    ("POST", "/api/v1/nodes/{node}/update"),
    ("POST", "/api/v1/session"),
    ("DELETE", "/api/v1/session"),
    ("POST", "/api/v1/demo/clock"),
}
ORDERS = (
    ("/api/v1/nodes/w01-pad/identify", {"seconds": 9}, "identify ordered", "w01-pad", "9 s"),
    ("/api/v1/nodes/w01-pad/update", {"release": 13}, "update ordered", "w01-pad", "release 13"),
)


class Releases:
    """13 alone."""

    def newest_first(self) -> list[ReleaseInfo]:
        return [ReleaseInfo(13, "0.2.1", 6, 96_000)]

    def offer(self, release: int) -> UpdateOffer:
        return UpdateOffer(release=release, name="0.2.1", manifest_bytes=9, signature_bytes=1456)


async def post(client: Any, url: str, body: Any, key: str = "k1") -> Any:
    return await client.post(url, json=body, headers={"Idempotency-Key": key})


def noted(hall: Any) -> list[tuple[str, ...]]:
    acts = hall.server._server.config.app.state.audit.read()
    return [(act.actor, act.action, act.target, act.result) for act in acts]


async def ready(hall: Any) -> Any:
    """A pad that is heard, and a release."""
    hall.process.engine.service.releases = Releases()
    pad = await hall.pad("w01")
    pad.say(LOG, NodeLog(level="info", text="here"))
    await hall.until(lambda: hall.process.engine.can_reach("w01-pad"))
    return pad


def test_every_route_that_changes_something_stands_in_one_of_the_two(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        routes = hall.server._server.config.app.router.routes
        changing = {
            (method, route.path)
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods
            if method not in ("GET", "HEAD")
        }
        assert changing == IN_THE_JOURNAL | IN_THE_AUDIT_LOG
        assert not IN_THE_JOURNAL & IN_THE_AUDIT_LOG

    on_hall(scenario, demo=True)


@pytest.mark.parametrize(("url", "body", "action", "target", "result"), ORDERS)
def test_an_order_to_a_node_is_noted_once_with_who_gave_it(
    on_hall: OnHall, url: str, body: Any, action: str, target: str, result: str
) -> None:
    async def scenario(hall: Any) -> None:
        await ready(hall)
        client = hall.client("technician")
        # At the same moment, as an impatient browser does.
        answers = await asyncio.gather(*(post(client, url, body) for _ in range(3)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1
        assert noted(hall) == [("technician-1", action, target, result)]

    on_hall(scenario)


@pytest.mark.parametrize(("url", "body"), [order[:2] for order in ORDERS])
def test_an_order_that_cannot_be_noted_is_not_given(on_hall: OnHall, url: str, body: Any) -> None:
    async def scenario(hall: Any) -> None:
        pad = await ready(hall)
        client = hall.client("technician")
        log = hall.server._server.config.app.state.audit
        log.path.mkdir()
        answer = await post(client, url, body)
        assert (answer.status_code, answer.json()["reason"]) == (503, "audit")
        log.path.rmdir()
        assert pad.jobs == []
        assert (await client.get("/api/v1/nodes")).json()["nodes"]
        assert (await post(client, url, body)).status_code == 202, "the same key may try again"

    on_hall(scenario)


def test_a_refused_order_is_not_noted(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("technician")
        for url, body in (each[:2] for each in ORDERS):
            assert (await post(client, url, body)).status_code in (409, 422)
        assert noted(hall) == []

    on_hall(scenario)


def test_what_an_officer_does_at_a_window_has_his_name_in_the_journal(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        answer = await post(hall.client("chief"), "/api/v1/tickets", {"service": "filing"})
        assert answer.status_code == 201, answer.text
        kept = (hall.process.settings.data / "journal.sqlite-wal").read_bytes()
        assert b"chief-1" in kept
        assert noted(hall) == [], "the queue would drown the audit log"

    on_hall(scenario)


def test_the_clock_of_a_demonstration_is_noted(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        answer = await post(hall.client("admin"), "/api/v1/demo/clock", {"rate": 2})
        assert answer.status_code == 200
        assert noted(hall) == [("admin-1", "demo clock", "rate 2", "ordered")]

    on_hall(scenario, demo=True)


def test_signing_in_with_a_token_is_noted_by_its_id_and_a_wrong_one_without_its_text(
    on_hall: OnHall,
) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client()
        text = hall.server._server.config.app.state.tokens.first_texts()["chief-1"]
        await client.post("/api/v1/session", json={"token": "hk_nobody-has-this"})
        await client.post("/api/v1/session", json={"token": text})
        found = [(actor, action, result) for actor, action, _, result in noted(hall)]
        assert found == [("token", "sign in", "refused"), ("chief-1", "sign in", "done")]
        kept = hall.server._server.config.app.state.audit.path.read_text()
        assert "nobody-has-this" not in kept
        assert text not in kept

    on_hall(scenario)


def test_a_password_typed_as_a_name_is_not_kept(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        body = {"name": "correct horse battery", "password": "x"}
        await hall.client().post("/api/v1/session", json=body)
        assert [act[:2] for act in noted(hall)] == [("no account", "sign in")]
        assert "horse" not in hall.server._server.config.app.state.audit.path.read_text()

    on_hall(scenario)
