"""What guests may reach: the walls' numbers and their own ticket; nothing else, with any token."""

from collections.abc import Callable
from typing import Any

import httpx

from gateway.web.public_app import PUBLIC_PATHS, make_public_app
from gateway.web.route_table import PATH, route_table, routes

OnHall = Callable[..., None]


def guest(hall: Any, **headers: str) -> httpx.AsyncClient:
    public = make_public_app(hall.server._server.config.app)
    transport = httpx.ASGITransport(app=public)
    return httpx.AsyncClient(transport=transport, base_url="http://guests", headers=headers)


def test_guests_see_the_queue_and_the_page_of_their_ticket(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk", **{"Idempotency-Key": "k1"})
        ticket = (await kiosk.post("/api/v1/tickets", json={"service": "filing"})).json()
        async with guest(hall) as client:
            assert (await client.get("/api/v1/queue")).json()["waiting"] == 1
            page = await client.get(f"/t/{ticket['token']}")
            assert (page.status_code, "A001" in page.text) == (200, True)
            assert page.headers["x-content-type-options"] == "nosniff"
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert (await client.get(f"/t/{ticket['ticket']}")).status_code == 404

    on_hall(scenario)


def test_every_other_route_is_not_there_for_guests(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        async with guest(hall) as client:
            for route in routes():
                if route.path in PUBLIC_PATHS:
                    continue
                url = route.path.format(ticket="x", window="w01", node="w01-pad")
                for method in route.methods or ():
                    status = (await client.request(method, url)).status_code
                    assert status in (404, 405), f"{method} {url}: {status}"
            for path in PUBLIC_PATHS:
                posted = await client.post(path.format(token="x", name="ticket.css"))
                assert posted.status_code == 405

    on_hall(scenario)


def test_a_stolen_token_opens_nothing_from_the_guests_network(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        text = hall.server._server.config.app.state.tokens.first_texts()["admin-1"]
        async with guest(hall, Authorization=f"Bearer {text}") as client:
            assert (await client.get("/api/v1/queue")).status_code == 401
            assert (await client.get("/api/v1/hall")).status_code == 404

    on_hall(scenario)


def test_the_table_of_routes_is_fresh() -> None:
    assert PATH.read_bytes() == route_table(), "run `make generate`"
