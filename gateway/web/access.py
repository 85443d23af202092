"""Who may call what: every route states its roles through `Requires`, and without it none is built.

Rules: default deny; a token comes as `Authorization: Bearer`, or as the cookie that `POST
/api/v1/session` set (the browser's EventSource cannot send headers). `public` needs no token.
A cookie alone never changes anything: mutating calls also need the Idempotency-Key header, which
another site cannot send, and none that a browser says comes from another site. What comes without
any token is counted by address.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute

from gateway.web.attempts import Attempts
from gateway.web.problems import ProblemError
from gateway.web.sessions import PREFIX, Sessions
from gateway.web.tokens import Role, TokenStore

COOKIE = "hallkit_token"
KEY_HEADER = "Idempotency-Key"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_KEY = re.compile(r"^[\x21-\x7e]{1,100}$")


@dataclass(frozen=True, slots=True)
class Caller:
    """`principal` names the token in the journal; "public" without one."""

    principal: str
    role: Role


class Requires:
    """The dependency that lets only these roles pass."""

    def __init__(self, *roles: Role) -> None:
        assert roles, "a route that nobody may call"
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Caller:
        """The caller, or a problem: 401 without a good token, 403 with the wrong role."""
        caller = _caller_of(request, anonymous_is_fine="public" in self.roles)
        if caller.role != "public" and not {caller.role, "public"} & self.roles:
            raise ProblemError(
                "role",
                f"需要以下权限之一：{self._names()}；当前为 {caller.role}",
                f"Needs one of the roles {self._names()}; you are {caller.role}.",
            )
        return caller

    def _names(self) -> str:
        return ", ".join(sorted(self.roles))


def address_of(request: Request) -> str:
    """Where a call comes from."""
    return request.client.host if request.client else ""


def _caller_of(request: Request, anonymous_is_fine: bool) -> Caller:
    header = request.headers.get("authorization", "")
    if header:
        scheme, _, text = header.partition(" ")
        caller = _known(request, text.strip()) if scheme.lower() == "bearer" else None
        if caller is None:
            raise ProblemError(
                "bad_token",
                "请求头 Authorization 中的令牌无效",
                "The token in the Authorization header is unknown or revoked.",
                headers=_CHALLENGE,
            )
        return caller
    cookie = request.cookies.get(COOKIE, "")
    caller = _known(request, cookie) if cookie else None
    if caller is not None:
        _refuse_other_sites(request)
        return caller
    if not anonymous_is_fine:
        raise ProblemError(
            "no_token",
            "请在 Authorization: Bearer 请求头中提供令牌",
            "Send a token in the header Authorization: Bearer.",
            headers=_CHALLENGE,
        )
    attempts: Attempts = request.app.state.attempts
    if not attempts.public_may_call(address_of(request)):
        raise ProblemError(
            "too_fast",
            "请求过于频繁，请稍后再试",
            "Too many calls from this address; wait a minute.",
            headers={"Retry-After": "60"},
        )
    return Caller("public", "public")


def _known(request: Request, text: str) -> Caller | None:
    if text.startswith(PREFIX):
        sessions: Sessions = request.app.state.sessions
        session = sessions.find(text, time.monotonic())
        return None if session is None else Caller(f"person:{session.name}", session.role)
    tokens: TokenStore = request.app.state.tokens
    token = tokens.find(text)
    return None if token is None else Caller(token.id, token.role)


def _refuse_other_sites(request: Request) -> None:
    # Browsers say where a call comes from; the cookie is SameSite=strict besides.
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.method not in ("GET", "HEAD") and site not in ("same-origin", "none"):
        raise ProblemError(
            "other_site",
            "不接受其他网站发起的操作",
            "A page of another site may not do this in your name.",
        )


async def idempotency_key(request: Request) -> str:
    """The key every mutating call must bring, so that repeating it is safe."""
    key = request.headers.get(KEY_HEADER, "")
    if not key:
        raise ProblemError(
            "no_key",
            f"请为每次操作生成唯一的 {KEY_HEADER} 请求头，重试时保持不变",
            f"Send the header {KEY_HEADER}: a new random value for each action, "
            "the same value when you repeat it.",
        )
    if not _KEY.match(key):
        raise ProblemError(
            "bad_key",
            f"{KEY_HEADER} 应为 1 至 100 个可见 ASCII 字符",
            f"{KEY_HEADER} is 1 to 100 visible ASCII characters.",
        )
    return key


def roles_of(route: APIRoute) -> frozenset[Role] | None:
    """The roles a route declares, or None when it declares none."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Requires):
            return dependency.call.roles
    return None


def refuse_open_routes(app: FastAPI) -> None:
    """Raise for a route without roles: forgetting them must not open a door."""
    for route in _routes(app):
        assert isinstance(route, APIRoute), f"{route!r} cannot declare its roles"
        assert roles_of(route) is not None, f"{route.path} declares no roles"


def _routes(app: FastAPI) -> Iterable[object]:
    return app.router.routes
