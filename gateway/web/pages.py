"""What every page has in common: its language, its templates, the headers that keep it at home."""

from pathlib import Path

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.web.problems import speaks_english
from gateway.web.static_files import VERSIONS
from gateway.web.texts import Language

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


def language_of(request: Request) -> Language:
    """What `?lang=` says, else what the browser prefers; Chinese first."""
    wanted = request.query_params.get("lang")
    if wanted in ("zh", "en"):
        return "en" if wanted == "en" else "zh"
    return "en" if speaks_english(request) else "zh"


def page(template: str, status: int, /, **values: object) -> Response:
    """A page from its template; nothing in it may come from elsewhere."""
    text = _PAGES.get_template(template).render(versions=VERSIONS, **values)
    return Response(text, status, _HEADERS, "text/html; charset=utf-8")
