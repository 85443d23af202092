"""The way from the live hall's page to the technician's console, which the gateway serves."""

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from gateway.web.access import COOKIE
from simulator.live.brokers import HOST
from simulator.live.hall import LiveHall

router = APIRouter()


@router.get("/live/console")
async def open_console(request: Request) -> Response:
    """The technician's console at the gateway, signed in.

    The token goes into the cookie that the gateway itself would set: a browser's cookies are of a
    host, whatever the port, and no address ever holds it.
    """
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise HTTPException(403, "open the console from the page of the hall")
    hall: LiveHall = request.app.state.hall
    host = "localhost" if request.url.hostname == "localhost" else HOST
    response = RedirectResponse(f"http://{host}:{hall.gateway_port}/console", 303)
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(COOKIE, hall.technician_token, httponly=True, samesite="strict", path="/")
    return response
