"""The web application of one running gateway: REST under /api/v1, live streams, pages.

Rules: a route without declared roles does not start; nothing is loaded from outside the hall.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway.audit import AuditLog
from gateway.privacy.retention import keep_to_retention
from gateway.privacy.vault import Vault
from gateway.process import Process
from gateway.web.access import refuse_open_routes
from gateway.web.answers import Answers
from gateway.web.attempts import Attempts
from gateway.web.hub import Hub
from gateway.web.line_hub import LineHub
from gateway.web.live_meters import HallCollector
from gateway.web.people import PeopleStore
from gateway.web.problems import add_problem_handlers
from gateway.web.routes import (
    console_page,
    hall,
    nodes,
    operations,
    session,
    static,
    ticket_page,
    tickets,
    windows,
)
from gateway.web.safe_headers import SafeHeaders
from gateway.web.sessions import Sessions
from gateway.web.tokens import TokenStore

PARTS = (tickets, windows, hall, nodes, operations, session, ticket_page, console_page, static)


def make_app(process: Process) -> FastAPI:
    """The application; make it in the event loop that runs `process`.

    `app.state.hub.close()` ends the streams, so that the server can stop. Raises SecretFileError.
    """
    tokens = TokenStore(process.settings.data)
    tokens.ensure()
    hub, audit = Hub(process), AuditLog(process.settings.data)
    rules = process.config.rules
    vault = Vault(
        process.settings.data, {"id_number": rules.id_number_days, "phone": rules.phone_days}
    )
    process.meters.registry.register(HallCollector(process, hub))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        pump = asyncio.create_task(hub.run(), name="hub")
        forgetting = asyncio.create_task(
            keep_to_retention(vault, audit, process.hall_ms), name="retention"
        )
        try:
            yield
        finally:
            hub.close()
            forgetting.cancel()
            await asyncio.gather(forgetting, return_exceptions=True)
            await pump

    app = FastAPI(
        title="hallkit",
        version="1",
        description="One hall: tickets, windows, nodes, live stream. "
        "Every mutating call needs an Idempotency-Key; errors are RFC 9457 problems.",
        docs_url=None,  # the stock pages load scripts from the Internet
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
    )
    people = PeopleStore(process.settings.data)
    app.state.process, app.state.hub, app.state.tokens = process, hub, tokens
    app.state.people, app.state.sessions = people, Sessions(people)
    app.state.attempts, app.state.audit, app.state.vault = Attempts(), audit, vault
    app.state.line_hub, app.state.answers = LineHub(process, hub), Answers()
    routers = [part.router for part in PARTS]
    if process.settings.demo:
        routers.append(operations.demo_router)
    for router in routers:
        app.router.routes.extend(router.routes)
    add_problem_handlers(app)
    app.add_middleware(SafeHeaders)
    refuse_open_routes(app)
    return app
