"""The API answers whatever its own description allows, and much that it does not, without a 5xx.

Half of the calls name what the hall has (its windows, nodes, tickets) and carry an idempotency key,
so that they come through to the queue; what the description allows beyond that is refused.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.config import HallConfig

OnHall = Callable[..., None]
# Each call of a route; HALLKIT_API_CASES=400 makes it the long run.
CASES = int(os.environ.get("HALLKIT_API_CASES", "12"))
NO_END = ("/stream",)
# What this test lives by.
SPARED = ("/api/v1/session", "/api/v1/demo/clock")
KEY = "Idempotency-Key"
COMMANDS = (
    "next recall start finish missed hold unhold transfer pause resume help help_cancel sign_off"
)


def _known(config: HallConfig, tickets: list[Any]) -> dict[str, list[Any]]:
    """Field or parameter -> values that the hall knows."""
    services = [service.code for service in config.service]
    return {
        "service": services,
        "argument": ["", *services],
        "kiosk": [node.id for node in config.nodes if node.kind == "ticket"],
        "node": [node.id for node in config.nodes],
        "window": [window.id for window in config.window],
        "staff_number": [officer.staff_number for officer in config.officer],
        "command": COMMANDS.split(),
        "ticket": [ticket["ticket"] for ticket in tickets],
        "token": [ticket["token"] for ticket in tickets],
        "visit": [ticket["token"] for ticket in tickets],
        "name": ["console.css", "ticket.css"],
        "release": [1],
        "seen": [None],
    }


def _with_known(case: Any, known: dict[str, list[Any]], data: st.DataObject) -> None:
    """Put names that the hall knows in the place of made-up ones."""
    for fields in (case.path_parameters, case.body):
        if isinstance(fields, dict):
            for field in set(fields) & set(known):
                fields[field] = data.draw(st.sampled_from(known[field]), field)


def _call_everything(address: str, token: str, known: dict[str, list[Any]]) -> Counter[int]:
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith(NO_END) or operation.path in SPARED:
            continue

        @settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(), st.booleans(), st.uuids(), st.data())
        def call(case: Any, sensible: bool, key: Any, data: st.DataObject) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            if sensible:
                _with_known(case, known, data)
                case.headers.pop(KEY, None)
                headers[KEY] = str(key)
            answer = case.call(headers=headers)
            seen[answer.status_code] += 1
            where = f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code < 500, where
            if answer.status_code >= 400 and case.operation.path.startswith("/api"):
                assert answer.headers["content-type"][0].startswith("application/problem+json"), (
                    where
                )

        call()
    return seen


@pytest.mark.slow
def test_no_call_that_the_description_allows_makes_a_5xx(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        client = hall.client("admin")
        tickets = []
        for service in hall.config.service:
            body = {"service": service.code}
            answer = await client.post("/api/v1/tickets", json=body, headers={KEY: service.code})
            tickets.append(answer.raise_for_status().json())
        text = hall.server._server.config.app.state.tokens.first_texts()["admin-1"]
        seen = await asyncio.to_thread(
            _call_everything, hall.server.address, text, _known(hall.config, tickets)
        )
        sys.stdout.write(f"{seen.total()} calls: {dict(sorted(seen.items()))}\n")
        assert seen.total() > 15 * CASES
        assert seen[200] + seen[201] > 4 * CASES, "most come through to nothing"

    on_hall(scenario, demo=True)
