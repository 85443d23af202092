"""Windows: their pictures, the commands of the pad, signing in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.core.json import JsonObject, JsonValue
from gateway.systems.calling.commands import CommandWindow, SignIn
from gateway.web.access import Caller, Requires
from gateway.web.context import IdempotencyKey, decide, process_of
from gateway.web.problems import ProblemError

router = APIRouter()
Reader = Annotated[Caller, Depends(Requires("officer", "chief", "technician", "admin"))]
Officer = Annotated[Caller, Depends(Requires("officer", "chief", "admin"))]
_SEEN = Field(
    default=None, ge=0, description="the `turn` the caller was looking at; refused when it moved on"
)


class WindowCommand(BaseModel):
    """A key of the pad."""

    model_config = ConfigDict(extra="forbid")
    command: str = Field(
        max_length=20,
        examples=["next"],
        description="next, recall, start, finish, missed, hold, unhold, transfer, pause, resume, "
        "help, help_cancel, sign_off",
    )
    argument: str = Field(default="", max_length=12, description="transfer: the service code")
    seen: int | None = _SEEN


class WindowSignIn(BaseModel):
    """Who takes the window."""

    model_config = ConfigDict(extra="forbid")
    staff_number: str = Field(max_length=8, examples=["1111"])
    seen: int | None = _SEEN


def _windows(request: Request) -> list[JsonValue]:
    windows = process_of(request).hall_view()["windows"]
    assert isinstance(windows, list)
    return windows


@router.get("/api/v1/windows")
async def list_windows(request: Request, _: Reader) -> JsonObject:
    """All windows, in the order of the hall file."""
    return {"windows": _windows(request)}


@router.get("/api/v1/windows/{window}")
async def look_up_window(request: Request, _: Reader, window: str) -> JsonObject:
    """One window by its id."""
    for found in _windows(request):
        if isinstance(found, dict) and found["id"] == window:
            return found
    raise ProblemError(
        "unknown_window",
        "没有这个窗口",
        "There is no such window.",
        status=404,
        title=("没有找到", "Not found"),
    )


@router.post("/api/v1/windows/{window}/commands")
async def command_window(
    request: Request, caller: Officer, key: IdempotencyKey, window: str, body: WindowCommand
) -> JSONResponse:
    """Do what a key of the pad does."""
    command = CommandWindow(window, body.command, body.argument, body.seen)
    return await decide(request, caller, key, command)


@router.post("/api/v1/windows/{window}/sign-in")
async def sign_in(
    request: Request, caller: Officer, key: IdempotencyKey, window: str, body: WindowSignIn
) -> JSONResponse:
    """An officer takes a closed window."""
    return await decide(request, caller, key, SignIn(window, body.staff_number, body.seen))
