"""Issue, look up, cancel, take back and reprint tickets; rate a visit."""

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.core.json import JsonObject
from gateway.privacy.sealed import Kind
from gateway.privacy.vault import Vault
from gateway.systems.calling.commands import (
    CancelTicket,
    GiveRating,
    IssueTicket,
    IssueTicketTo,
    ReprintTicket,
    ReturnTicket,
)
from gateway.web.access import Caller, Requires
from gateway.web.context import IdempotencyKey, decide, note, process_of
from gateway.web.problems import ProblemError, ticket_not_found

router = APIRouter()
TICKET_ID = re.compile(r"^[0-9]{8}-[A-Z][0-9]{3}$")
_READERS = ("kiosk", "officer", "chief", "technician", "admin")

Issuer = Annotated[Caller, Depends(Requires("kiosk", "officer", "chief", "admin"))]
Desk = Annotated[Caller, Depends(Requires("officer", "chief", "admin"))]
Printer = Annotated[Caller, Depends(Requires("officer", "chief", "technician", "admin"))]
Anybody = Annotated[Caller, Depends(Requires("public"))]


class NewTicket(BaseModel):
    """`kiosk`: the node that prints it; without one nothing is printed.

    `id_number`, `phone`: of the person, when it is known; kept sealed, and only for some days.
    """

    model_config = ConfigDict(extra="forbid")
    service: str = Field(max_length=12, examples=["filing"])
    kiosk: str | None = Field(default=None, max_length=32, examples=["kiosk-1"])
    id_number: str | None = Field(default=None, max_length=32)
    phone: str | None = Field(default=None, max_length=32)


class Reprint(BaseModel):
    """Where to print it again."""

    model_config = ConfigDict(extra="forbid")
    kiosk: str = Field(max_length=32, examples=["kiosk-1"])


class Rating(BaseModel):
    """`visit`: the ticket's token; a kiosk may also name the ticket's id."""

    model_config = ConfigDict(extra="forbid")
    visit: str = Field(max_length=64)
    grade: int = Field(ge=1, le=5, description="1 非常不满意 .. 5 非常满意")


@router.post("/api/v1/tickets", status_code=201)
async def issue_ticket(
    request: Request, caller: Issuer, key: IdempotencyKey, body: NewTicket
) -> JSONResponse:
    """Issue a ticket: its number, its place, and the token of its phone page."""
    command = await _command_of(request, body)
    return await decide(request, caller, key, command, status=201)


async def _command_of(request: Request, body: NewTicket) -> IssueTicket:
    """Personal data is sealed here, before anything else gets to see the call."""
    given: dict[Kind, str] = {}
    if body.id_number is not None:
        given["id_number"] = body.id_number
    if body.phone is not None:
        given["phone"] = body.phone
    if not given:
        return IssueTicket(service=body.service, kiosk=body.kiosk)
    vault: Vault = request.app.state.vault
    now_ms = process_of(request).hall_ms()
    person, sealed = await asyncio.to_thread(vault.seal, given, now_ms)
    return IssueTicketTo(body.service, body.kiosk, person=person, sealed=tuple(sealed))


@router.get("/api/v1/tickets/{ticket}/holder")
async def look_up_holder(request: Request, caller: Desk, ticket: str) -> JsonObject:
    """Who holds a ticket of today, as far as it is known: the end of the card's number, the phone.

    Who looked is kept in the audit log.
    """
    process = process_of(request)
    # `ticket_view` waits until what is decided is durable.
    view = await process.ticket_view(ticket)
    sealed = None if view is None else process.engine.holder_of(ticket)
    if sealed is None:
        raise ticket_not_found()
    await note(request, caller.principal, "holder looked up", ticket, "done")
    vault: Vault = request.app.state.vault
    found = await asyncio.to_thread(vault.open, sealed)
    return {"ticket": ticket, "id_last4": found.get("id_last4"), "phone": found.get("phone")}


@router.get("/api/v1/tickets/{ticket}")
async def look_up_ticket(request: Request, caller: Anybody, ticket: str) -> JsonObject:
    """One ticket of today, by its token for anybody, by its id for staff and kiosks."""
    if TICKET_ID.match(ticket) and caller.role not in _READERS:
        raise ProblemError(
            "role",
            "按编号查询号票需要工作人员权限；请使用号票令牌",
            "Looking a ticket up by its id is for staff; use the ticket's token.",
            status=403,
        )
    view = await process_of(request).ticket_view(ticket)
    if view is None:
        raise ticket_not_found()
    return view


@router.post("/api/v1/tickets/{ticket}/cancel")
async def cancel_ticket(
    request: Request, caller: Desk, key: IdempotencyKey, ticket: str
) -> JSONResponse:
    """Take a ticket out of the line."""
    return await decide(request, caller, key, CancelTicket(ticket))


@router.post("/api/v1/tickets/{ticket}/return")
async def return_ticket(
    request: Request, caller: Desk, key: IdempotencyKey, ticket: str
) -> JSONResponse:
    """The holder of a missed ticket is back: in line again, behind a few others."""
    return await decide(request, caller, key, ReturnTicket(ticket))


@router.post("/api/v1/tickets/{ticket}/reprint")
async def reprint_ticket(
    request: Request, caller: Printer, key: IdempotencyKey, ticket: str, body: Reprint
) -> JSONResponse:
    """Print the same number once more, marked 补打."""
    return await decide(request, caller, key, ReprintTicket(ticket, body.kiosk))


@router.post("/api/v1/ratings")
async def give_rating(
    request: Request, caller: Anybody, key: IdempotencyKey, body: Rating
) -> JSONResponse:
    """The one verdict on a visit, from whoever holds its ticket."""
    visit = body.visit
    if not TICKET_ID.match(visit):
        view = await process_of(request).ticket_view(visit)
        if view is None:
            raise ticket_not_found()
        visit = str(view["ticket"])
        caller = Caller(f"holder-{visit}", "public")
    elif caller.role not in ("kiosk", "admin"):
        # An officer must not be able to rate the own visit.
        raise ProblemError(
            "role",
            "按编号评价仅限自助终端；请使用号票令牌",
            "Rating by ticket id is for kiosks; use the ticket's token.",
            status=403,
        )
    return await decide(request, caller, key, GiveRating(visit, body.grade))
