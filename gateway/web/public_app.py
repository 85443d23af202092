"""What a guest network may reach: the page of a ticket, and the numbers that the walls show.

Rules: an application of its own on an address of its own, so that a fault in a role or a route of
the other one opens nothing here; it reads only, and it knows no token: one brought along is
refused, stolen or not.
"""

from fastapi import FastAPI
from fastapi.routing import APIRoute

from gateway.web.access import refuse_open_routes, roles_of
from gateway.web.problems import add_problem_handlers
from gateway.web.routes import hall, static, ticket_page
from gateway.web.safe_headers import SafeHeaders

PUBLIC_PATHS = (
    "/t/{token}",
    "/t/{token}/now",
    "/t/{token}/stream",
    "/static/{name}",
    "/api/v1/services",
    "/api/v1/queue",
)


class _KnowsNobody:
    """In the place of tokens and sessions."""

    def find(self, *_: object) -> None:
        """Nobody has this text."""


def make_public_app(app: FastAPI) -> FastAPI:
    """The public views of the hall that `app` serves to staff."""
    public = FastAPI(title="hallkit public", docs_url=None, redoc_url=None, openapi_url=None)
    public.state.process, public.state.hub = app.state.process, app.state.hub
    public.state.attempts = app.state.attempts
    public.state.tokens = public.state.sessions = _KnowsNobody()
    for router in (hall.router, ticket_page.router, static.router):
        for route in router.routes:
            if isinstance(route, APIRoute) and route.path in PUBLIC_PATHS:
                assert route.methods == {"GET"}, f"{route.path} changes something"
                assert "public" in (roles_of(route) or ()), f"{route.path} is for staff"
                public.router.routes.append(route)
    add_problem_handlers(public)
    public.add_middleware(SafeHeaders)
    refuse_open_routes(public)
    return public
