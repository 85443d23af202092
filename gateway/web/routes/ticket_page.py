"""The page behind the QR code of a ticket, for any phone, without any resource from outside.

Rules: the token in the address is the right to see it; the page is whole without JavaScript; a
script only keeps it live.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from gateway.web.access import Caller, Requires
from gateway.web.context import hub_of, process_of
from gateway.web.hub import BEAT_SECONDS, Hub, event_bytes, json_bytes
from gateway.web.pages import language_of, page
from gateway.web.problems import ProblemError, ticket_not_found
from gateway.web.routes.hall import STREAM_HEADERS
from gateway.web.routes.tickets import TICKET_ID
from gateway.web.texts import Language, text
from gateway.web.ticket_words import ticket_words

router = APIRouter()
Anybody = Annotated[Caller, Depends(Requires("public"))]
PAGE_STREAMS_MAX = 2000
# A phone need not follow more closely than that.
PAUSE_SECONDS = 0.5


async def _words(request: Request, token: str, language: Language) -> dict[str, str] | None:
    # By token only: ids can be guessed.
    view = None if TICKET_ID.match(token) else await process_of(request).ticket_view(token)
    return None if view is None else ticket_words(view, language)


@router.get("/t/{token}")
async def show_ticket(request: Request, _: Anybody, token: str) -> Response:
    """The ticket as a page, Chinese first, `?lang=en` for English."""
    language = language_of(request)
    words = await _words(request, token, language)
    hall = process_of(request).config.hall
    return page(
        "ticket.html",
        404 if words is None else 200,
        words=words or ticket_words(None, language),
        language=language,
        live="" if words is None else f"/t/{token}/stream?lang={language}",
        hall_name=hall.name_en if language == "en" else hall.name_zh,
        text=lambda key: text(key, language),
    )


@router.get("/t/{token}/now")
async def tell_ticket(request: Request, _: Anybody, token: str) -> JSONResponse:
    """The words of the page, for a browser that cannot hold a stream."""
    words = await _words(request, token, language_of(request))
    if words is None:
        raise ticket_not_found()
    return JSONResponse(words, headers={"Cache-Control": "no-store"})


@router.get("/t/{token}/stream")
async def watch_ticket(request: Request, _: Anybody, token: str) -> StreamingResponse:
    """The words of the page as server-sent events, on change and every five seconds."""
    language, hub = language_of(request), hub_of(request)
    if await _words(request, token, language) is None:
        raise ticket_not_found()
    if hub.page_clients >= PAGE_STREAMS_MAX:
        raise ProblemError(
            "too_many", "请稍后再试", "Try again later.", headers={"Retry-After": "15"}
        )
    return StreamingResponse(
        _follow(request, hub, token, language),
        headers=STREAM_HEADERS,
        media_type="text/event-stream; charset=utf-8",
    )


async def _follow(
    request: Request, hub: Hub, token: str, language: Language
) -> AsyncIterator[bytes]:
    hub.page_clients += 1
    try:
        yield b"retry: 1000\n\n"
        told: dict[str, str] | None = None
        while not hub.closed:
            version = hub.version
            words = await _words(request, token, language)
            if words is None:
                return
            told = words
            yield event_bytes("ticket", json_bytes(words), process_of(request).engine.seq)
            # Others' tickets move the hall all the time: wait for a change of this one.
            quiet_s = 0.0
            while words == told and quiet_s < BEAT_SECONDS and not hub.closed:
                began = asyncio.get_running_loop().time()
                if await hub.wait_after(version, BEAT_SECONDS - quiet_s):
                    await asyncio.sleep(PAUSE_SECONDS)
                version = hub.version
                words = await _words(request, token, language)
                quiet_s += asyncio.get_running_loop().time() - began
    finally:
        hub.page_clients -= 1
