"""Answers to calls that change nothing in the journal, kept by idempotency key.

Rules: the same key of the same caller gets the first answer again and nothing is done twice; for
another call it is a problem; while the first is still at work, the second waits for it. Only the
newest ANSWERS_MAX are kept, and none over a restart: what they asked for does not outlive it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.responses import JSONResponse

from gateway.core.json import JsonObject
from gateway.web.access import Caller
from gateway.web.problems import key_reused

ANSWERS_MAX = 1024


class Answers:
    """The memory of one running gateway."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, asyncio.Future[JsonObject]]] = {}

    async def once(
        self,
        caller: Caller,
        key: str,
        call: str,
        act: Callable[[], Coroutine[Any, Any, JsonObject]],
    ) -> JSONResponse:
        """Do it once: 202 with what `act` gives, or with what it gave. `call` tells calls apart.

        Raises ProblemError; what `act` raises is not kept, so that the call can be repeated.
        """
        name = f"{caller.principal}:{key}"
        known = self._known.get(name)
        if known is not None:
            if known[0] != call:
                raise key_reused()
            body = await asyncio.shield(known[1])
            return JSONResponse(body, 202, {"Idempotent-Replay": "true"})
        doing = asyncio.ensure_future(act())
        self._known[name] = (call, doing)
        doing.add_done_callback(lambda done: self._settle(name, done))
        # A caller that goes away does not stop half of it.
        return JSONResponse(await asyncio.shield(doing), 202)

    def _settle(self, name: str, done: asyncio.Future[JsonObject]) -> None:
        if done.cancelled() or done.exception() is not None:
            del self._known[name]
        elif len(self._known) > ANSWERS_MAX:
            del self._known[next(iter(self._known))]
