"""Signing in over HTTP: who gets in, who does not, and what a stranger can learn."""

import time
from collections.abc import Callable
from typing import Any

import pyotp
import pytest

from gateway.web.attempts import FAILURES_FREE, Attempts

OnHall = Callable[..., None]
PASSWORD = "correct horse battery"  # a made-up one


def _state(hall: Any) -> Any:
    return hall.server._server.config.app.state


async def sign_in(client: Any, name: str, password: str = PASSWORD, code: str = "") -> Any:
    body = {"name": name, "password": password, "code": code}
    return await client.post("/api/v1/session", json=body)


def test_a_person_signs_in_with_the_role_of_the_account(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        client = hall.client()
        answer = await sign_in(client, "li")
        assert answer.status_code == 204
        assert "httponly" in answer.headers["set-cookie"].lower()
        who = (await client.get("/api/v1/session")).json()
        assert who == {"principal": "person:li", "role": "chief"}
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/metrics")).status_code == 401

    on_hall(scenario)


def test_signing_out_ends_the_session_and_not_only_the_cookie(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        client = hall.client()
        await sign_in(client, "li")
        text = client.cookies["hallkit_token"]
        await client.delete("/api/v1/session")
        thief = hall.client(Authorization=f"Bearer {text}")
        assert (await thief.get("/metrics")).status_code == 401

    on_hall(scenario)


def test_admin_needs_the_code_and_each_code_once(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        person = _state(hall).people.add("li", "admin", PASSWORD)
        client = hall.client()
        without = await sign_in(client, "li")
        assert (without.status_code, without.json()["reason"]) == (401, "code_needed")
        code = pyotp.TOTP(person.secret).at(time.time())
        assert (await sign_in(client, "li", code=code)).status_code == 204
        again = await sign_in(hall.client(), "li", code=code)
        assert again.json()["reason"] == "bad_login"

    on_hall(scenario)


def test_a_stranger_learns_nothing_from_a_refusal(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "admin", PASSWORD)
        client = hall.client()
        answers = [
            await sign_in(client, "nobody"),
            await sign_in(client, "li", "wrong password 1"),
            await sign_in(client, "li", "wrong password 2", "123456"),
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1

    on_hall(scenario)


def test_guessing_locks_the_name_even_for_the_right_password(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        client = hall.client()
        for number in range(FAILURES_FREE):
            assert (await sign_in(client, "li", f"wrong password {number}")).status_code == 401
        locked = await sign_in(client, "li")
        assert (locked.status_code, locked.json()["reason"]) == (429, "locked")
        assert int(locked.headers["retry-after"]) > 0

    on_hall(scenario)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": "x", "name": "li", "password": "y"},
        {"name": "li", "password": "x", "code": "12345"},
        {"name": "li", "password": "x" * 201},
    ],
)
def test_a_body_that_is_neither_is_refused_by_field(on_hall: OnHall, body: Any) -> None:
    async def scenario(hall: Any) -> None:
        answer = await hall.client().post("/api/v1/session", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid")
        assert PASSWORD not in answer.text

    on_hall(scenario)


def test_a_page_of_another_site_can_do_nothing_with_the_cookie(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        client = hall.client(**{"Idempotency-Key": "k1"})
        await sign_in(client, "li")
        headers = {"Sec-Fetch-Site": "cross-site"}
        call = "/api/v1/tickets/20261123-A001/return"
        foreign = await client.post(call, headers=headers)
        assert (foreign.status_code, foreign.json()["reason"]) == (403, "other_site")
        own = await client.post(call, headers={"Sec-Fetch-Site": "same-origin"})
        assert own.status_code != 403

    on_hall(scenario)


def test_a_flood_without_a_token_is_stopped_and_staff_go_on(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).attempts = Attempts(public_per_minute=30)
        public = hall.client()
        statuses = [(await public.get("/api/v1/queue")).status_code for _ in range(40)]
        assert statuses == [200] * 30 + [429] * 10
        assert (await hall.client("officer").get("/api/v1/queue")).status_code == 200

    on_hall(scenario)


def test_signing_in_and_out_is_kept_in_the_audit_log(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        client = hall.client()
        await sign_in(client, "li", "wrong password 1")
        await sign_in(client, "li")
        await client.delete("/api/v1/session")
        acts = [(a.actor, a.action, a.result) for a in _state(hall).audit.read()]
        assert acts == [
            ("li", "sign in", "refused"),
            ("person:li", "sign in", "done"),
            ("person:li", "sign out", "done"),
        ]

    on_hall(scenario)


def test_nobody_gets_in_whom_the_audit_log_cannot_note(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        _state(hall).people.add("li", "chief", PASSWORD)
        _state(hall).audit.path.mkdir()
        client = hall.client()
        answer = await sign_in(client, "li")
        assert (answer.status_code, answer.json()["reason"]) == (503, "audit")
        assert "set-cookie" not in answer.headers

    on_hall(scenario)
