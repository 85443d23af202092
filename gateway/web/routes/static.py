"""The files that pages are made of."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.web.access import Caller, Requires
from gateway.web.problems import ProblemError
from gateway.web.static_files import FILES

router = APIRouter()
Anybody = Annotated[Caller, Depends(Requires("public"))]


@router.get("/static/{name}")
async def send_file(request: Request, _: Anybody, name: str) -> Response:
    """One of the few files that pages need; with its version in the address it never changes."""
    file = FILES.get(name)
    if file is None:
        raise ProblemError("not_found", f"没有 {name}", f"There is no {name}.")
    fixed = request.query_params.get("v") == file.version
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if fixed else "no-cache",
        "ETag": f'"{file.version}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.data, headers=headers, media_type=file.media_type)
