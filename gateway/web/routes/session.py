"""Signing in and out: a token, or a name with password and, where the role asks for it, a code.

Rules: a wrong name, password or code is answered alike, as fast and as slow; `code_needed` is said
only to who knows the password; attempts are bounded by name and by address (attempts.py).
"""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.core.json import JsonObject
from gateway.web.access import COOKIE, Caller, Requires, address_of
from gateway.web.attempts import Attempts
from gateway.web.context import note
from gateway.web.people import PASSWORD_LENGTH_MAX, PeopleStore
from gateway.web.problems import ProblemError
from gateway.web.sessions import Sessions
from gateway.web.tokens import TokenStore

router = APIRouter()
Anybody = Annotated[Caller, Depends(Requires("public"))]


class NewSession(BaseModel):
    """A token, or a name and a password; `code` is the six digits of the second factor."""

    model_config = ConfigDict(extra="forbid")
    token: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=64)
    password: str = Field(default="", max_length=PASSWORD_LENGTH_MAX)
    code: str = Field(default="", pattern=r"^([0-9]{6})?$")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "NewSession":
        if bool(self.token) == bool(self.name):
            raise ValueError("give either token, or name and password")
        return self


@router.get("/api/v1/session")
async def look_at_session(caller: Anybody) -> JsonObject:
    """Who the caller is; role "public" without a token."""
    return {"principal": caller.principal, "role": caller.role}


@router.post("/api/v1/session", status_code=204)
async def open_session(request: Request, _: Anybody, body: NewSession) -> Response:
    """Keep a token or a session in a cookie that neither scripts nor other sites can use."""
    attempts: Attempts = request.app.state.attempts
    tried = body.name or "token"
    wait_s = attempts.wait_s(tried if body.name else "", address_of(request), time.monotonic())
    if wait_s:
        raise ProblemError(
            "locked",
            f"尝试次数过多，请 {wait_s} 秒后再试",
            f"Too many attempts: try again in {wait_s} s.",
            headers={"Retry-After": str(wait_s)},
        )
    text = await _signed_in(request, body) if body.name else await _known_token(request, body)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        text,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


@router.delete("/api/v1/session", status_code=204)
async def close_session(request: Request, caller: Anybody) -> Response:
    """Sign out: the session ends here and not only in the browser."""
    sessions: Sessions = request.app.state.sessions
    if sessions.end(request.cookies.get(COOKIE, "")):
        await note(request, caller.principal, "sign out", address_of(request), "done")
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


async def _known_token(request: Request, body: NewSession) -> str:
    tokens: TokenStore = request.app.state.tokens
    token = tokens.find(body.token)
    if token is None:
        await note(request, "token", "sign in", address_of(request), "refused")
        raise ProblemError("bad_token", "令牌无效或已吊销", "The token is unknown or revoked.")
    await note(request, token.id, "sign in", address_of(request), "done")
    return body.token


async def _signed_in(request: Request, body: NewSession) -> str:
    people: PeopleStore = request.app.state.people
    attempts: Attempts = request.app.state.attempts
    person = await asyncio.to_thread(people.check_password, body.name, body.password)
    if person is not None and person.needs_code and not body.code:
        raise ProblemError("code_needed", "请输入动态验证码", "Enter the code of your phone, too.")
    if person is None or (person.needs_code and not people.use_code(person, body.code)):
        attempts.failed(body.name, time.monotonic())
        # A name that is none may be a password in the wrong field.
        tried = body.name if people.find(body.name) is not None else "no account"
        await note(request, tried, "sign in", address_of(request), "refused")
        raise ProblemError(
            "bad_login",
            "姓名、密码或验证码不正确",
            "The name, the password or the code is not right.",
        )
    attempts.succeeded(body.name)
    await note(request, f"person:{person.name}", "sign in", address_of(request), "done")
    sessions: Sessions = request.app.state.sessions
    return sessions.begin(person, time.monotonic())
