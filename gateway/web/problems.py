"""Errors of the REST API as RFC 9457 problem details, for machines (`reason`) and people (zh, en).

Rules: every answer that is not a success is `application/problem+json`; `title` and `detail` speak
the caller's language (Accept-Language, Chinese first), `*_zh` and `*_en` are always there.
"""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.audit import AuditError
from gateway.core.json import JsonObject, JsonValue
from gateway.privacy.keys import PrivacyError
from gateway.privacy.sealed import PersonalDataError
from gateway.process import DiskFullError, ProcessStoppingError

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("hallkit.web")

# reason: (status, title zh, title en)
_KINDS: dict[str, tuple[int, str, str]] = {
    "invalid": (422, "请求内容有误", "The request is not valid"),
    "no_key": (400, "缺少 Idempotency-Key", "The Idempotency-Key header is missing"),
    "bad_key": (400, "Idempotency-Key 无效", "The Idempotency-Key header is not valid"),
    "key_reused": (422, "Idempotency-Key 已用于其他操作", "The Idempotency-Key was used before"),
    "no_token": (401, "需要令牌", "A token is needed"),
    "bad_token": (401, "令牌无效或已吊销", "The token is unknown or revoked"),
    "bad_login": (401, "未能登录", "Not signed in"),
    "code_needed": (401, "需要验证码", "A code is needed"),
    "locked": (429, "尝试次数过多", "Too many attempts"),
    "too_fast": (429, "请求过于频繁", "Too many calls"),
    "other_site": (403, "来源不被接受", "Not from this site"),
    "role": (403, "没有权限", "The token's role may not do this"),
    "not_found": (404, "没有找到", "Not found"),
    "method": (405, "不支持该方法", "Method not allowed"),
    "stopping": (503, "网关正在停止", "The gateway is stopping"),
    "disk_full": (503, "磁盘已满，大厅暂停办理", "The disk is full, the hall stands still"),
    "too_many": (503, "连接过多", "Too many open streams"),
    "privacy": (503, "个人信息不可用", "Personal data is not available"),
    "audit": (503, "操作记录不可用", "The audit log cannot be written"),
    "internal": (500, "内部错误", "Internal error"),
}
_NOT_FOUND = ("unknown_ticket", "unknown_window")
_BAD_VALUES = ("unknown_service", "unknown_officer", "unknown_command", "no_kiosk")


class ProblemError(Exception):
    """A problem to answer with; `reason` is a key of _KINDS or comes with its own status."""

    def __init__(
        self,
        reason: str,
        detail_zh: str,
        detail_en: str,
        *,
        status: int = 0,
        title: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        more: JsonObject | None = None,
    ) -> None:
        super().__init__(f"{reason}: {detail_en}")
        known = _KINDS.get(reason, (409, "操作未执行", "Refused"))
        self.reason = reason
        self.status = status or known[0]
        self.title_zh, self.title_en = title or known[1:]
        self.detail_zh, self.detail_en = detail_zh, detail_en
        self.headers = dict(headers or {})
        self.more: JsonObject = more or {}


def refusal(body: JsonObject, *, repeated: bool) -> ProblemError:
    """What the rules refused, as a problem: 404, 422 or 409."""
    reason = str(body["reason"])
    status = 404 if reason in _NOT_FOUND else 422 if reason in _BAD_VALUES else 409
    return ProblemError(
        reason,
        str(body["message_zh"]),
        str(body["message_en"]),
        status=status,
        title=("操作未执行", "Refused"),
        headers={"Idempotent-Replay": "true"} if repeated else {},
    )


def key_reused() -> ProblemError:
    """The caller's idempotency key was used for another action."""
    return ProblemError(
        "key_reused",
        "该 Idempotency-Key 已用于另一项操作，请换新值",
        "This Idempotency-Key was used for another action; take a new one.",
    )


def ticket_not_found() -> ProblemError:
    """No ticket of today has this id or token."""
    return ProblemError(
        "unknown_ticket",
        "今天没有这张号票",
        "No ticket of today has this id or token.",
        status=404,
        title=("没有找到", "Not found"),
    )


def speaks_english(request: Request) -> bool:
    """Whether the caller prefers English; Chinese is the language of the hall."""
    wanted = request.headers.get("accept-language", "").lower()
    english, chinese = wanted.find("en"), wanted.find("zh")
    return english >= 0 and (chinese < 0 or english < chinese)


def problem_response(request: Request, problem: ProblemError) -> JSONResponse:
    """The answer that says it."""
    english = speaks_english(request)
    body: JsonObject = {
        "type": f"urn:hallkit:problem:{problem.reason}",
        "title": problem.title_en if english else problem.title_zh,
        "status": problem.status,
        "detail": problem.detail_en if english else problem.detail_zh,
        "reason": problem.reason,
        "title_zh": problem.title_zh,
        "title_en": problem.title_en,
        "detail_zh": problem.detail_zh,
        "detail_en": problem.detail_en,
        **problem.more,
    }
    return JSONResponse(body, problem.status, problem.headers, MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Turn whatever goes wrong in a route into a problem."""
    _add_privacy_handlers(app)

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        return problem_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults: list[JsonValue] = [
            {"field": ".".join(str(part) for part in fault["loc"]), "problem": str(fault["msg"])}
            for fault in error.errors()
        ]
        names = ", ".join(".".join(str(p) for p in fault["loc"]) for fault in error.errors())
        problem = ProblemError(
            "invalid", f"请检查：{names}", f"Check {names}.", more={"errors": faults}
        )
        return problem_response(request, problem)

    @app.exception_handler(ProcessStoppingError)
    async def _stopping(request: Request, _: ProcessStoppingError) -> JSONResponse:
        problem = ProblemError(
            "stopping", "请稍后重试", "Try again shortly.", headers={"Retry-After": "2"}
        )
        return problem_response(request, problem)

    @app.exception_handler(AuditError)
    async def _unrecorded(request: Request, error: AuditError) -> JSONResponse:
        _log.error("audit_failed", problem=str(error))
        problem = ProblemError("audit", "请告知技术人员", "Tell the technician; see the log.")
        return problem_response(request, problem)

    @app.exception_handler(DiskFullError)
    async def _disk_full(request: Request, _: DiskFullError) -> JSONResponse:
        problem = ProblemError(
            "disk_full",
            "请运维人员腾出磁盘空间；之后会自动恢复，请稍后重试",
            "The technician has to make room; it goes on by itself then. Try again later.",
            headers={"Retry-After": "10"},
        )
        return problem_response(request, problem)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        reason = {404: "not_found", 405: "method"}.get(error.status_code, "http")
        phrase = HTTPStatus(error.status_code).phrase
        problem = ProblemError(
            reason,
            f"{request.method} {request.url.path}",
            f"{phrase}: {request.method} {request.url.path}",
            status=error.status_code,
            headers=error.headers,
        )
        return problem_response(request, problem)

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> JSONResponse:
        _log.error("request_failed", method=request.method, exc_info=error)
        problem = ProblemError("internal", "请告知技术人员", "Tell the technician; see the log.")
        return problem_response(request, problem)


def _add_privacy_handlers(app: FastAPI) -> None:
    @app.exception_handler(PersonalDataError)
    async def _no_personal_data(request: Request, error: PersonalDataError) -> JSONResponse:
        field: list[JsonValue] = [{"field": f"body.{error.kind}", "problem": error.problem_en}]
        problem = ProblemError("invalid", error.problem_zh, str(error), more={"errors": field})
        return problem_response(request, problem)

    @app.exception_handler(PrivacyError)
    async def _no_keys(request: Request, error: PrivacyError) -> JSONResponse:
        _log.error("privacy_failed", problem=str(error))
        problem = ProblemError(
            "privacy",
            "无法保存个人信息，请不带证件取号并告知技术人员",
            "Personal data cannot be kept: issue the ticket without, tell the technician.",
        )
        return problem_response(request, problem)
