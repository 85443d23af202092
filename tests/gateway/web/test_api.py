"""The REST API: one effect per idempotency key, and errors that say what to do."""

from collections.abc import Callable
from typing import Any

OnHall = Callable[..., None]


def _key(text: str) -> dict[str, str]:
    return {"Idempotency-Key": text}


def test_the_same_key_gives_the_first_answer_again(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk")
        body = {"service": "filing", "kiosk": "kiosk-1"}
        first = await kiosk.post("/api/v1/tickets", json=body, headers=_key("k1"))
        again = await kiosk.post("/api/v1/tickets", json=body, headers=_key("k1"))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert "idempotent-replay" not in first.headers
        assert again.headers["idempotent-replay"] == "true"
        assert hall.process.hall_view()["totals"]["issued"] == 1

    on_hall(scenario)


def test_the_same_key_gives_the_first_answer_after_a_restart(on_hall: OnHall) -> None:
    first: list[Any] = []

    async def issue(hall: Any) -> None:
        answer = await hall.client("kiosk").post(
            "/api/v1/tickets", json={"service": "filing"}, headers=_key("k1")
        )
        first.append((answer.json(), answer.headers.get("idempotent-replay")))

    on_hall(issue, issue)
    assert first[0][0] == first[1][0]
    assert [replay for _, replay in first] == [None, "true"]


def test_a_refusal_is_remembered_like_any_answer(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        officer = hall.client("officer")
        url = "/api/v1/windows/w01/commands"
        refused = await officer.post(url, json={"command": "next"}, headers=_key("k1"))
        assert (refused.status_code, refused.json()["reason"]) == (409, "not_signed_in")
        await officer.post(
            "/api/v1/windows/w01/sign-in", json={"staff_number": "1111"}, headers=_key("k2")
        )
        again = await officer.post(url, json={"command": "next"}, headers=_key("k1"))
        assert (again.status_code, again.json()["reason"]) == (409, "not_signed_in")
        assert again.headers["idempotent-replay"] == "true"

    on_hall(scenario)


def test_a_key_used_for_another_command_is_refused(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk")
        await kiosk.post("/api/v1/tickets", json={"service": "filing"}, headers=_key("k1"))
        other = await kiosk.post("/api/v1/tickets", json={"service": "social"}, headers=_key("k1"))
        assert (other.status_code, other.json()["reason"]) == (422, "key_reused")
        assert hall.process.hall_view()["totals"]["issued"] == 1

    on_hall(scenario)


def test_two_callers_with_the_same_key_do_not_meet(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        numbers = []
        for role in ("kiosk", "officer"):
            answer = await hall.client(role).post(
                "/api/v1/tickets", json={"service": "filing"}, headers=_key("k1")
            )
            numbers.append(answer.json()["number"])
        assert numbers == ["A001", "A002"]

    on_hall(scenario)


def test_a_call_without_a_key_says_which_header_is_missing(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        admin = hall.client("admin")
        for url, body in (
            ("/api/v1/tickets", {"service": "filing"}),
            ("/api/v1/tickets/20261123-A001/cancel", None),
            ("/api/v1/tickets/20261123-A001/return", None),
            ("/api/v1/tickets/20261123-A001/reprint", {"kiosk": "kiosk-1"}),
            ("/api/v1/windows/w01/commands", {"command": "next"}),
            ("/api/v1/windows/w01/sign-in", {"staff_number": "1111"}),
            ("/api/v1/ratings", {"visit": "20261123-A001", "grade": 5}),
            ("/api/v1/demo/clock", {"rate": 2}),
        ):
            answer = await admin.post(url, json=body)
            problem = answer.json()
            assert (answer.status_code, problem["reason"]) == (400, "no_key"), url
            assert "Idempotency-Key" in problem["detail"]
        bad = await admin.post(
            "/api/v1/tickets", json={"service": "filing"}, headers=_key("k" * 101)
        )
        assert (bad.status_code, bad.json()["reason"]) == (400, "bad_key")

    on_hall(scenario, demo=True)


def test_every_error_is_a_problem_in_both_languages(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        admin = hall.client("admin", **_key("k1"))
        answers = {
            "not_found": await admin.get("/api/v1/nothing"),
            "method": await admin.delete("/api/v1/tickets"),
            "invalid": await admin.post("/api/v1/tickets", json={"servise": "filing"}),
            "unknown_ticket": await admin.get("/api/v1/tickets/20261123-A999"),
            "unknown_window": await admin.get("/api/v1/windows/w99"),
            "no_token": await hall.client().get("/api/v1/hall"),
            "unknown_service": await admin.post("/api/v1/tickets", json={"service": "visa"}),
        }
        statuses = {reason: answer.status_code for reason, answer in answers.items()}
        assert statuses == {
            "not_found": 404,
            "method": 405,
            "invalid": 422,
            "unknown_ticket": 404,
            "unknown_window": 404,
            "no_token": 401,
            "unknown_service": 422,
        }
        for reason, answer in answers.items():
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["reason"] == reason
            assert problem["status"] == answer.status_code
            for name in ("type", "title", "detail", "title_zh", "title_en", "detail_zh"):
                assert problem[name], f"{reason} has no {name}"
        fields = [error["field"] for error in answers["invalid"].json()["errors"]]
        assert fields == ["body.service", "body.servise"]
        assert answers["method"].headers["allow"] == "POST"
        english = await hall.client(**{"Accept-Language": "en-GB,zh;q=0.5"}).get("/api/v1/hall")
        assert english.json()["title"] == "A token is needed"

    on_hall(scenario)


def test_a_bug_in_a_route_is_a_problem_and_not_a_page(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        def fail() -> Any:
            raise RuntimeError("planted")

        hall.process.nodes_view = fail
        answer = await hall.client("admin").get("/api/v1/nodes")
        assert (answer.status_code, answer.json()["reason"]) == (500, "internal")
        assert "planted" not in answer.text

    on_hall(scenario)


def test_a_ticket_goes_through_its_life_over_rest(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        officer = hall.client("officer")
        count = iter(range(1000))

        async def post(url: str, body: Any = None) -> Any:
            answer = await officer.post(url, json=body, headers=_key(f"k{next(count)}"))
            assert answer.status_code in (200, 201), answer.text
            return answer.json()

        ticket = await post("/api/v1/tickets", {"service": "filing"})
        other = await post("/api/v1/tickets", {"service": "filing"})
        assert (ticket["ahead"], other["ahead"]) == (0, 1)
        await post("/api/v1/windows/w01/sign-in", {"staff_number": "1111"})
        called = await post("/api/v1/windows/w01/commands", {"command": "next"})
        assert (called["ticket"], called["window"]) == (ticket["ticket"], "w01")
        url = f"/api/v1/tickets/{ticket['token']}"
        view = (await hall.client().get(url)).json()
        assert (view["state"], view["window"]) == ("called", "1")
        await post("/api/v1/windows/w01/commands", {"command": "missed"})
        assert (await officer.get(url)).json()["state"] == "missed"
        await post(f"/api/v1/tickets/{ticket['ticket']}/return")
        await post(f"/api/v1/tickets/{other['ticket']}/cancel")
        await post(f"/api/v1/tickets/{ticket['ticket']}/reprint", {"kiosk": "kiosk-1"})
        await post("/api/v1/windows/w01/commands", {"command": "next"})
        await post("/api/v1/windows/w01/commands", {"command": "start"})
        await post("/api/v1/windows/w01/commands", {"command": "finish"})
        holder = hall.client(**_key("r1"))
        rated = await holder.post("/api/v1/ratings", json={"visit": ticket["token"], "grade": 5})
        assert rated.status_code == 200, rated.text
        own = await officer.post(
            "/api/v1/ratings", json={"visit": ticket["ticket"], "grade": 5}, headers=_key("r2")
        )
        assert own.status_code == 403
        queue = (await holder.get("/api/v1/queue")).json()
        assert queue["calls"][0]["number"] == ticket["number"]
        assert queue["waiting"] == 0

    on_hall(scenario)


def test_a_command_made_against_an_older_picture_is_refused(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        officer = hall.client("officer")
        turn = hall.windows()["w01"]["turn"]
        for number, status in ((1, 200), (2, 409)):
            answer = await officer.post(
                "/api/v1/windows/w01/sign-in",
                json={"staff_number": "1111", "seen": turn},
                headers=_key(f"k{number}"),
            )
            assert answer.status_code == status
        assert answer.json()["reason"] in ("seen", "already_signed_in")

    on_hall(scenario)


def test_metrics_tell_what_happened(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        pad = await hall.pad("w01")
        await pad.sign_in("1111")
        kiosk = hall.client("kiosk")
        for _ in range(2):
            await kiosk.post("/api/v1/tickets", json={"service": "filing"}, headers=_key("k1"))
        answer = await hall.client("technician").get("/metrics")
        lines = answer.text.splitlines()
        for line in (
            "hallkit_nodes_online 1.0",
            'hallkit_waiting{service="filing"} 1.0',
            "hallkit_requests_repeated_total 1.0",
            "hallkit_broker_connected 1.0",
            f"hallkit_journal_sequence {hall.process.engine.seq:.1f}",
        ):
            assert line in lines, line
        (count,) = [line for line in lines if "commit_seconds_count" in line]
        assert float(count.split()[1]) >= 3

    on_hall(scenario)


def test_readiness_follows_the_broker(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client()
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": []})
        await hall.broker.kill()
        await hall.until(lambda: not hall.process.link.connected)
        broken = await client.get("/readyz")
        assert broken.status_code == 503
        assert broken.json()["reasons"][0].startswith("broker 127.0.0.1")
        assert (await client.get("/healthz")).status_code == 200

    on_hall(scenario)


def test_the_api_describes_itself(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        described = (await hall.client().get("/api/v1/openapi.json")).json()
        assert "/api/v1/tickets" in described["paths"]
        assert described["openapi"].startswith("3.1")

    on_hall(scenario)
