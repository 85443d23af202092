"""The web application of one running gateway: REST under /api/v1, live stream, ticket pages.

Rules: a route without declared roles does not start; nothing is loaded from outside the hall.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.process import Process
from gateway.web.access import refuse_open_routes
from gateway.web.hub import Hub
from gateway.web.live_meters import HallCollector
from gateway.web.problems import add_problem_handlers
from gateway.web.routes import hall, operations, ticket_page, tickets, windows
from gateway.web.tokens import TokenStore

_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))


class _SafeHeaders:
    """Two headers on every answer; not BaseHTTPMiddleware, which holds streams back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, send_safely)


def make_app(process: Process) -> FastAPI:
    """The application; make it in the event loop that runs `process`.

    `app.state.hub.close()` ends the streams, so that the server can stop. Raises TokenFileError.
    """
    tokens = TokenStore(process.settings.data)
    tokens.ensure()
    hub = Hub(process)
    process.meters.registry.register(HallCollector(process, hub))

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        pump = asyncio.create_task(hub.run(), name="hub")
        try:
            yield
        finally:
            hub.close()
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
    app.state.process, app.state.hub, app.state.tokens = process, hub, tokens
    routers = [tickets.router, windows.router, hall.router, operations.router, ticket_page.router]
    if process.settings.demo:
        routers.append(operations.demo_router)
    for router in routers:
        app.router.routes.extend(router.routes)
    add_problem_handlers(app)
    app.add_middleware(_SafeHeaders)
    refuse_open_routes(app)
    return app
