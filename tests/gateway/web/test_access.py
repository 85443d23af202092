"""Who may call what: every route declares its roles, and they are kept."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from gateway.web.access import refuse_open_routes, roles_of
from gateway.web.tokens import TOKEN_ROLES

OnHall = Callable[..., None]
STAFF = {"officer", "chief", "technician", "admin"}
ANYBODY = {"public", "kiosk", "officer", "chief", "technician", "admin"}
# The whole matrix, written down a second time on purpose.
ALLOWED: dict[tuple[str, str], set[str]] = {
    ("POST", "/api/v1/tickets"): {"kiosk", "officer", "chief", "admin"},
    ("GET", "/api/v1/tickets/{ticket}"): ANYBODY,
    ("GET", "/api/v1/tickets/{ticket}/holder"): {"officer", "chief", "admin"},
    ("POST", "/api/v1/tickets/{ticket}/cancel"): {"officer", "chief", "admin"},
    ("POST", "/api/v1/tickets/{ticket}/return"): {"officer", "chief", "admin"},
    ("POST", "/api/v1/tickets/{ticket}/reprint"): STAFF,
    ("POST", "/api/v1/ratings"): ANYBODY,
    ("GET", "/api/v1/windows"): STAFF,
    ("GET", "/api/v1/windows/{window}"): STAFF,
    ("POST", "/api/v1/windows/{window}/commands"): {"officer", "chief", "admin"},
    ("POST", "/api/v1/windows/{window}/sign-in"): {"officer", "chief", "admin"},
    ("GET", "/api/v1/services"): ANYBODY,
    ("GET", "/api/v1/queue"): ANYBODY,
    ("GET", "/api/v1/hall"): STAFF,
    ("GET", "/api/v1/nodes"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/nodes/{node}/log"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/nodes/log/stream"): {"chief", "technician", "admin"},
    ("POST", "/api/v1/nodes/{node}/identify"): {"technician", "admin"},
    ("POST", "/api/v1/nodes/{node}/update"): {"technician", "admin"},
    ("GET", "/api/v1/nodes/{node}/wiring"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/nodes/{node}/wiring.svg"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/releases"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/stream"): STAFF,
    ("GET", "/healthz"): ANYBODY,
    ("GET", "/readyz"): ANYBODY,
    ("GET", "/metrics"): {"chief", "technician", "admin"},
    ("GET", "/api/v1/openapi.json"): ANYBODY,
    ("GET", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/session"): ANYBODY,
    ("DELETE", "/api/v1/session"): ANYBODY,
    ("POST", "/api/v1/demo/clock"): {"admin"},
    ("GET", "/t/{token}"): ANYBODY,
    ("GET", "/t/{token}/now"): ANYBODY,
    ("GET", "/t/{token}/stream"): ANYBODY,
    ("GET", "/console"): ANYBODY,
    ("GET", "/static/{name}"): ANYBODY,
}
SESSION = ("/api/v1/session",)


def _app_of(hall: Any) -> FastAPI:
    app = hall.server._server.config.app
    assert isinstance(app, FastAPI)
    return app


def test_every_route_declares_its_roles(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        found = set()
        for route in _app_of(hall).router.routes:
            assert isinstance(route, APIRoute), f"{route} cannot declare its roles"
            assert roles_of(route), f"{route.path} declares no roles"
            found |= {(method, route.path) for method in route.methods}
        assert found == set(ALLOWED)

    on_hall(scenario, demo=True)


def test_an_application_with_a_route_without_roles_does_not_start() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    router = APIRouter()

    @router.get("/open")
    async def forgotten() -> None: ...

    app.router.routes.extend(router.routes)
    with pytest.raises(AssertionError, match="/open declares no roles"):
        refuse_open_routes(app)


def test_each_role_may_call_what_the_matrix_says_and_nothing_else(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        clients = {role: hall.client(role) for role in TOKEN_ROLES}
        clients["public"] = hall.client()
        for (method, path), roles in ALLOWED.items():
            names = {"ticket": "token", "token": "token", "name": "ticket.css"}
            url = path.format(**names, window="w01", node="w01-pad")
            for role, client in clients.items():
                status = await _status(client, method, url)
                denied = status in (401, 403)
                if path in SESSION and method == "POST":
                    continue  # it checks the token in its body, see below
                assert denied == (role not in roles), f"{role} {method} {path}: {status}"
                if denied:
                    assert status == (401 if role == "public" else 403)

    on_hall(scenario, demo=True)


async def _status(client: Any, method: str, url: str) -> int:
    # Only the beginning of the answer: a stream has no end.
    async with client.stream(method, url) as answer:
        status: int = answer.status_code
        return status


def test_a_revoked_token_ends_without_a_restart(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("officer")
        assert (await client.get("/api/v1/hall")).status_code == 200
        _app_of(hall).state.tokens.revoke("officer-1")
        answer = await client.get("/api/v1/hall")
        assert (answer.status_code, answer.json()["reason"]) == (401, "bad_token")
        assert answer.headers["www-authenticate"] == "Bearer"

    on_hall(scenario)


def test_a_wrong_token_is_refused_even_where_none_is_needed(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client(Authorization="Bearer hk_wrong")
        assert (await client.get("/api/v1/queue")).status_code == 401
        client = hall.client(Authorization="Basic b2ZmaWNlcjpvZmZpY2Vy")
        assert (await client.get("/api/v1/queue")).status_code == 401

    on_hall(scenario)


def test_a_session_cookie_opens_what_its_token_opens(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client()
        bad = await client.post("/api/v1/session", json={"token": "hk_wrong"})
        assert (bad.status_code, bad.json()["reason"]) == (401, "bad_token")
        text = _app_of(hall).state.tokens.first_texts()["officer-1"]
        opened = await client.post("/api/v1/session", json={"token": text})
        assert opened.status_code == 204
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await client.get("/api/v1/hall")).status_code == 200
        who = {"principal": "officer-1", "role": "officer"}
        assert (await client.get("/api/v1/session")).json() == who
        assert (await client.get("/metrics")).status_code == 403
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/api/v1/hall")).status_code == 401
        assert (await client.get("/api/v1/session")).json()["role"] == "public"

    on_hall(scenario)


def test_a_ticket_is_found_by_token_by_anybody_and_by_id_by_staff_only(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk", **{"Idempotency-Key": "k1"})
        ticket = (await kiosk.post("/api/v1/tickets", json={"service": "filing"})).json()
        public = hall.client()
        by_token = await public.get(f"/api/v1/tickets/{ticket['token']}")
        assert by_token.json()["number"] == "A001"
        assert "token" not in by_token.json()
        assert (await public.get(f"/api/v1/tickets/{ticket['ticket']}")).status_code == 403
        assert (await kiosk.get(f"/api/v1/tickets/{ticket['ticket']}")).status_code == 200
        for path in ("/t/{}", "/t/{}/now", "/t/{}/stream"):
            assert (await public.get(path.format(ticket["ticket"]))).status_code == 404

    on_hall(scenario)


def test_the_public_queue_names_no_officer(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        officer = hall.client("officer", **{"Idempotency-Key": "k1"})
        await officer.post("/api/v1/windows/w01/sign-in", json={"staff_number": "1111"})
        text = (await hall.client().get("/api/v1/queue")).text
        assert "张敏" not in text
        assert "1111" not in text
        assert "张敏" in (await officer.get("/api/v1/windows/w01")).text

    on_hall(scenario)


def test_without_demo_there_is_no_clock_to_change(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        admin = hall.client("admin", **{"Idempotency-Key": "k1"})
        assert (await admin.post("/api/v1/demo/clock", json={"rate": 60})).status_code == 404

    on_hall(scenario)


def test_the_demo_clock_runs_as_fast_as_told(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        admin = hall.client("admin", **{"Idempotency-Key": "k1"})
        before = hall.process.hall_ms()
        assert (await admin.post("/api/v1/demo/clock", json={"rate": 600})).json() == {"rate": 600}
        await asyncio.sleep(0.1)
        assert hall.process.hall_ms() - before > 50_000

    on_hall(scenario, demo=True)
