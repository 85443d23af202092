"""What every route needs: the process, the hub, and the one way to have a command decided."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import JSONResponse

from gateway.audit import AuditLog
from gateway.core.json import JsonObject
from gateway.process import Process
from gateway.systems.calling.commands import Command
from gateway.web.access import Caller, idempotency_key
from gateway.web.hub import Hub
from gateway.web.problems import key_reused, refusal

IdempotencyKey = Annotated[str, Depends(idempotency_key)]


def process_of(request: Request) -> Process:
    """The running gateway."""
    process: Process = request.app.state.process
    return process


def hub_of(request: Request) -> Hub:
    """The live pictures."""
    hub: Hub = request.app.state.hub
    return hub


async def decide(
    request: Request, caller: Caller, key: str, command: Command, *, status: int = 200
) -> JSONResponse:
    """Have the command decided once, whatever happens to this connection; its answer.

    Raises ProblemError for a refusal, and for a key that was used for something else.
    """
    # Keys are the caller's own: two callers that pick the same one do not meet.
    answer = await process_of(request).request(
        f"{caller.principal}:{key}", caller.principal, command
    )
    if answer.status == "conflict":
        raise key_reused()
    if answer.status == "refused":
        raise refusal(answer.body, repeated=answer.repeated)
    body: JsonObject = answer.body
    return JSONResponse(body, status, {"Idempotent-Replay": "true"} if answer.repeated else None)


async def note(request: Request, actor: str, action: str, target: str, result: str) -> None:
    """Keep in the audit log who did what. Raises AuditError."""
    log: AuditLog = request.app.state.audit
    await asyncio.to_thread(log.note, actor, action, target, result)
