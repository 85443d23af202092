"""The hall as a whole: what everybody may see of it, what staff may, and the live stream."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from gateway.core.json import JsonObject
from gateway.web.access import Caller, Requires
from gateway.web.context import hub_of, process_of
from gateway.web.problems import ProblemError

router = APIRouter()
STREAMS_MAX = 500
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
Anybody = Annotated[Caller, Depends(Requires("public"))]
Staff = Annotated[Caller, Depends(Requires("officer", "chief", "technician", "admin"))]


@router.get("/api/v1/services")
async def list_services(request: Request, _: Anybody) -> JsonObject:
    """What can be done here, and how many wait for it."""
    return {"services": process_of(request).hall_view()["services"]}


@router.get("/api/v1/queue")
async def look_at_queue(request: Request, _: Anybody) -> JsonObject:
    """What the walls show and how many wait: numbers only, nothing about people."""
    view: dict[str, Any] = process_of(request).hall_view()
    return {
        "seq": view["seq"],
        "at_ms": view["at_ms"],
        "date": view["date"],
        "waiting": view["totals"]["waiting"],
        "calls": view["calls"],
        "services": [
            {name: service[name] for name in ("code", "prefix", "name_zh", "name_en", "waiting")}
            for service in view["services"]
        ],
        "windows": [
            {name: window[name] for name in ("label", "mode", "number")}
            for window in view["windows"]
        ],
    }


@router.get("/api/v1/hall")
async def look_at_hall(request: Request, _: Staff) -> Response:
    """Everything, as the stream sends it."""
    headers = {"Cache-Control": "no-store"}
    return Response(hub_of(request).hall(), headers=headers, media_type="application/json")


@router.get("/api/v1/stream")
async def watch_hall(request: Request, _: Staff) -> StreamingResponse:
    """Server-sent events: `hall` is the whole hall, `beat` comes when nothing else does.

    The id of a frame is the journal's sequence; a client that comes back gets the newest frame.
    """
    hub = hub_of(request)
    if hub.clients >= STREAMS_MAX:
        raise ProblemError(
            "too_many", "请稍后再试", "Try again later.", headers={"Retry-After": "5"}
        )
    return StreamingResponse(
        hub.stream(), headers=STREAM_HEADERS, media_type="text/event-stream; charset=utf-8"
    )
