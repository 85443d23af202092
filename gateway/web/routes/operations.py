"""For those who run the gateway: health, readiness, metrics, the API's own description."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from gateway.core.json import JsonObject
from gateway.web.access import Caller, Requires
from gateway.web.context import IdempotencyKey, note, process_of
from gateway.web.problems import ProblemError

router = APIRouter()
demo_router = APIRouter()
Anybody = Annotated[Caller, Depends(Requires("public"))]
Technician = Annotated[Caller, Depends(Requires("chief", "technician", "admin"))]
Admin = Annotated[Caller, Depends(Requires("admin"))]
DEMO_RATE_MAX = 600


class ClockRate(BaseModel):
    """How many times as fast as the real world the hall lives; `at_ms`: and from when on."""

    model_config = ConfigDict(extra="forbid")
    rate: int = Field(ge=1, le=DEMO_RATE_MAX)
    at_ms: int | None = Field(default=None, ge=0, le=1 << 46)


@router.get("/healthz")
async def is_alive(_: Anybody) -> JsonObject:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def is_ready(request: Request, _: Anybody) -> JSONResponse:
    """Whether the hall can work: journal writable, broker connected; else 503 with the reasons."""
    reasons = process_of(request).not_ready()
    status = "not ready" if reasons else "ready"
    return JSONResponse({"status": status, "reasons": reasons}, 503 if reasons else 200)


@router.get("/metrics")
async def meter(request: Request, _: Technician) -> Response:
    """Prometheus text."""
    registry = process_of(request).meters.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/v1/openapi.json")
async def describe_api(request: Request, _: Anybody) -> JSONResponse:
    """OpenAPI 3.1 of this API."""
    return JSONResponse(request.app.openapi())


@demo_router.post("/api/v1/demo/clock")
async def change_clock(
    request: Request, caller: Admin, _key: IdempotencyKey, body: ClockRate
) -> JsonObject:
    """Let hall time run faster or go forward; only when the gateway was started with --demo."""
    # Setting a rate twice is the same as once: the key is asked for, not remembered.
    process = process_of(request)
    when = "" if body.at_ms is None else f" from {body.at_ms}"
    await note(request, caller.principal, "demo clock", f"rate {body.rate}{when}", "ordered")
    if body.at_ms is not None:
        try:
            process.move_clock(body.at_ms)
        except ValueError as error:
            raise ProblemError(
                "clock_back", "大厅时间不能倒退", "Hall time never goes back.", status=409
            ) from error
    process.change_clock_rate(body.rate)
    return {"rate": body.rate}
