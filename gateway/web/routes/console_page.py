"""The technician's console: every node of the hall, on any screen, without anything from outside.

The page itself is for everybody; what it shows comes over REST with the token of a technician.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.web.access import Caller, Requires
from gateway.web.context import process_of
from gateway.web.pages import language_of, page

router = APIRouter()
Anybody = Annotated[Caller, Depends(Requires("public"))]


@router.get("/console")
async def show_console(request: Request, _: Anybody) -> Response:
    """The console, Chinese first, `?lang=en` for English."""
    hall = process_of(request).config.hall
    return page(
        "console.html",
        200,
        language=language_of(request),
        hall_zh=hall.name_zh,
        hall_en=hall.name_en,
        utc_offset_ms=hall.utc_offset_ms,
    )
