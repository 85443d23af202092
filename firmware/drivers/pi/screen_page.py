"""The files of the pages a node shows on its own screen: read once, served from memory.

Only what lies in `page/` when the node starts exists; there are no paths to climb. `build` names
exactly these files, so that a browser that still shows those of an older node loads the new ones.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing from elsewhere, nothing inline; texts become text nodes only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


@dataclass(frozen=True)
class Pages:
    """path -> (content type, bytes); `/` is the first page."""

    files: dict[str, tuple[str, bytes]]
    build: str


def load_pages(first: str) -> Pages:
    """All files of the page folder; `first` (kiosk.html, wall.html) is also found as `/`."""
    files = {}
    digest = hashlib.sha256(first.encode())
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            files[f"/{path.name}"] = (TYPES[path.suffix], content)
            digest.update(path.name.encode() + b"\0" + content)
    files["/"] = files[f"/{first}"]
    return Pages(files, digest.hexdigest()[:12])
