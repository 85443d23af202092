"""Who may call what: every route states its roles through `Requires`, and without it none is built.

Rules: default deny; a token comes as `Authorization: Bearer`, or as the cookie that `POST
/api/v1/session` set (the browser's EventSource cannot send headers). `public` needs no token.
A cookie alone never changes anything: mutating calls also need the Idempotency-Key header, which
another site cannot send.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute

from gateway.web.problems import ProblemError
from gateway.web.tokens import Role, Token, TokenStore

COOKIE = "hallkit_token"
KEY_HEADER = "Idempotency-Key"
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
        token = _token_of(request, anonymous_is_fine="public" in self.roles)
        caller = Caller("public", "public") if token is None else Caller(token.id, token.role)
        if token is not None and not {caller.role, "public"} & self.roles:
            raise ProblemError(
                "role",
                f"需要以下权限之一：{self._names()}；当前为 {caller.role}",
                f"Needs one of the roles {self._names()}; this token is {caller.role}.",
            )
        return caller

    def _names(self) -> str:
        return ", ".join(sorted(self.roles))


def _token_of(request: Request, *, anonymous_is_fine: bool) -> Token | None:
    tokens: TokenStore = request.app.state.tokens
    header = request.headers.get("authorization", "")
    cookie = request.cookies.get(COOKIE, "")
    challenge = {"WWW-Authenticate": "Bearer"}
    if header:
        scheme, _, text = header.partition(" ")
        token = tokens.find(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise ProblemError(
                "bad_token",
                "请求头 Authorization 中的令牌无效",
                "The token in the Authorization header is unknown or revoked.",
                headers=challenge,
            )
        return token
    token = tokens.find(cookie) if cookie else None
    if token is None and not anonymous_is_fine:
        raise ProblemError(
            "no_token",
            "请在 Authorization: Bearer 请求头中提供令牌",
            "Send a token in the header Authorization: Bearer.",
            headers=challenge,
        )
    return token


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
