"""The page and what it asks for: one event stream down, small POSTs up. Loopback only.

The stream sends whole frames, at most FRAMES_PER_SECOND of them, and only when something changed; a
slow browser misses frames, never parts of one. A `beat` follows when nothing else did, so that the
page can tell a quiet hall from a dead one. A POST needs JSON, which another site cannot send
without being asked first, and the names of this machine as host.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmware.drivers.pi.screen_page import FOLDER as SHARED
from simulator.assets import Assets
from simulator.devices.printer_picture import TicketRenderer
from simulator.live.console import router as console
from simulator.live.frame import make_frame
from simulator.live.gateway_link import GatewayError
from simulator.live.hall import LiveHall
from simulator.live.window_benches import PadBench, RatingBench

PAGE = Path(__file__).parent / "page"
FRAMES_PER_SECOND = 15
BEAT_S = 1.0
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Body(BaseModel):
    """What a POST carries; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Press(Body):
    node: str = Field(max_length=40)
    key: int = Field(ge=0, le=8)
    down: bool


class Touch(Body):
    node: str = Field(max_length=40)
    service: str = Field(max_length=12)


class AtWindow(Body):
    window: str = Field(max_length=32)


class Rate(Body):
    rate: int = Field(ge=1, le=600)


class Paused(Body):
    paused: bool


class Mode(Body):
    mode: str = Field(pattern="^(hand|day)$")
    visitors: int = Field(default=300, ge=1, le=600)


class Fault(Body):
    kind: str = Field(pattern="^(cable|broker|paper|cover|gateway)$")
    window: str = Field(default="", max_length=32)
    broken: bool = True
    seconds: float = Field(default=15, ge=1, le=120)


class Ticket(Body):
    ticket: str = Field(pattern=r"^[0-9]{8}-[A-Z][0-9]{3}$")


class FramePump:
    """Makes one frame for all who watch; wakes them when there is a new one."""

    def __init__(self, hall: LiveHall) -> None:
        self.number = 0
        self.text = ""
        self.closed = False
        self._hall = hall
        self._dirty = asyncio.Event()
        self._ready = asyncio.Condition()
        hall.on_change = self._dirty.set

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            self.make()
            async with self._ready:
                self._ready.notify_all()
            await asyncio.sleep(1 / FRAMES_PER_SECOND)

    def make(self) -> str:
        """The hall now, as the text of a frame."""
        self.number += 1
        frame = make_frame(self._hall, self.number)
        self.text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        return self.text

    async def stream(self) -> AsyncIterator[str]:
        """Server-sent events for one browser."""
        self.make()
        sent = self.number
        yield f"retry: 1000\nid: {self.number}\nevent: hall\ndata: {self.text}\n\n"
        while not self.closed:
            if self.number == sent:
                await self._wait_for_next()
            if self.number == sent:
                yield "event: beat\ndata: \n\n"
            else:
                sent = self.number
                yield f"id: {sent}\nevent: hall\ndata: {self.text}\n\n"

    async def _wait_for_next(self) -> None:
        async with self._ready:
            try:
                await asyncio.wait_for(self._ready.wait(), BEAT_S)
            except TimeoutError:
                return

    async def close(self) -> None:
        """End every stream."""
        self.closed = True
        async with self._ready:
            self._ready.notify_all()


class _SafeHeaders:
    """Headers on every answer; not BaseHTTPMiddleware, which holds streams back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self._app(scope, receive, send_safely)


def make_live_app(hall: LiveHall, assets: Assets) -> FastAPI:
    """The application; `app.state.pump.close()` ends the streams, so that the server can stop."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        pump: FramePump = app.state.pump
        running = asyncio.create_task(pump.run(), name="frames")
        try:
            yield
        finally:
            await pump.close()
            running.cancel()

    app = FastAPI(
        title="hallkit live", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life
    )
    app.state.hall, app.state.assets = hall, assets
    app.state.pump = FramePump(hall)
    app.state.renderer = TicketRenderer(assets.ticket_regular, assets.ticket_bold)
    app.include_router(files)
    app.include_router(console)
    app.include_router(hands)
    app.add_middleware(_SafeHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])

    @app.exception_handler(GatewayError)
    async def tell_gateway_error(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503)

    return app


def _hall(request: Request) -> LiveHall:
    hall: LiveHall = request.app.state.hall
    return hall


# ---- files, stream, pictures, sound ----

files = APIRouter()


@files.get("/")
async def open_page() -> FileResponse:
    """The page."""
    return _file(PAGE, "index.html")


@files.get("/page/{name}")
async def page_file(name: str) -> FileResponse:
    """A part of the page."""
    return _file(PAGE, name)


@files.get("/shared/{name}")
async def shared_file(name: str) -> FileResponse:
    """What this page has in common with the screens of the nodes."""
    return _file(SHARED, name)


@files.get("/fonts/{name}")
async def font_file(request: Request, name: str) -> FileResponse:
    """A font that set-up made."""
    return _file(request.app.state.assets.browser_fonts, name)


@files.get("/vendor/{name}")
async def vendor_file(request: Request, name: str) -> Response:
    """A browser module that set-up brought. Bare names become files: no import map is needed."""
    path = _path(request.app.state.assets.vendor, name)
    text = path.read_text(encoding="utf-8").replace('from"preact"', 'from"./preact.mjs"')
    return Response(text, media_type=TYPES[".mjs"])


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    if path.parent != folder or path.suffix not in TYPES or not path.is_file():
        raise HTTPException(404, f"there is no {name} here")
    return path


def _file(folder: Path, name: str) -> FileResponse:
    path = _path(folder, name)
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)


@files.get("/live/stream")
async def stream(request: Request) -> StreamingResponse:
    """The whole hall, again whenever it changed."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    kind = "text/event-stream; charset=utf-8"
    return StreamingResponse(request.app.state.pump.stream(), headers=headers, media_type=kind)


@files.get("/live/state")
async def state(request: Request) -> Response:
    """One frame."""
    return Response(request.app.state.pump.make(), media_type="application/json")


@files.get("/live/ticket/{version}.png")
async def ticket_picture(request: Request, version: str) -> Response:
    """A ticket as it was printed."""
    _, kiosk = _hall(request).kiosk()
    place = version.rpartition("-")[2]
    found = kiosk.tickets.get(int(place)) if place.isdigit() else None
    if found is None:
        raise HTTPException(404, "this ticket has left the tray")
    png = await asyncio.to_thread(request.app.state.renderer.render_png, found[0])
    headers = {"Cache-Control": "private, max-age=3600, immutable"}
    return Response(png, media_type="image/png", headers=headers)


@files.get("/live/voice/{job}.wav")
async def voice_sound(request: Request, job: str) -> Response:
    """One of the last announcements."""
    _, voice = _hall(request).voice()
    wav = voice.wav(job)
    if wav is None:
        raise HTTPException(404, "this announcement is over")
    return Response(wav, media_type="audio/wav")


# ---- hands ----

hands = APIRouter(prefix="/live")
DONE = 204


def _known_window(hall: LiveHall, window: str) -> str:
    if f"{window}-pad" not in hall.runners:
        raise HTTPException(404, f"window {window!r} has no pad")
    return window


@hands.post("/press", status_code=DONE)
async def press(request: Request, body: Press) -> None:
    """A key goes down or up."""
    hall = _hall(request)
    runner = hall.runners.get(body.node)
    if runner is None or not isinstance(runner.bench, PadBench | RatingBench):
        raise HTTPException(404, f"node {body.node!r} has no keys")
    keyboard = runner.bench.keyboard
    if body.key >= len(keyboard.down):
        raise HTTPException(422, f"key {body.key}: there are {len(keyboard.down)}")
    if body.down:
        keyboard.push(body.key)
    else:
        keyboard.release(body.key)
    hall.changed()


@hands.post("/touch", status_code=DONE)
async def touch(request: Request, body: Touch) -> None:
    """A finger on the kiosk's screen."""
    runner, kiosk = _hall(request).kiosk()
    if body.node != runner.config.id:
        raise HTTPException(404, f"node {body.node!r} is no kiosk")
    kiosk.touch(body.service)


@hands.post("/sign_in", status_code=DONE)
async def sign_in(request: Request, body: AtWindow) -> None:
    """Type a free officer's number on the pad's keys."""
    hall = _hall(request)
    window = _known_window(hall, body.window)
    number = hall.suggested_officer(window)
    if not number:
        raise HTTPException(409, "所有人员都已签到 Every officer is signed in already")
    await hall.type_digits(window, number)


@hands.post("/return", status_code=DONE)
async def bring_back(request: Request, body: Ticket) -> None:
    """The holder of a missed number is back."""
    await _hall(request).link.ask(f"/api/v1/tickets/{body.ticket}/return")


@hands.post("/rate", status_code=DONE)
async def change_rate(request: Request, body: Rate) -> None:
    """How fast the hall lives."""
    hall = _hall(request)
    await hall.set_pace(body.rate, hall.pace.paused)


@hands.post("/pause", status_code=DONE)
async def pause(request: Request, body: Paused) -> None:
    """The people stand still, or go on."""
    hall = _hall(request)
    await hall.set_pace(hall.pace.rate, body.paused)


@hands.post("/mode", status_code=DONE)
async def change_mode(request: Request, body: Mode) -> None:
    """By hand, or a day that plays itself."""
    day = _hall(request).day
    if body.mode == "day":
        await day.play(body.visitors)
    else:
        await day.by_hand()


@hands.post("/fault", status_code=DONE)
async def make_fault(request: Request, body: Fault) -> None:
    """Break something, or mend it."""
    hall = _hall(request)
    _, kiosk = hall.kiosk()
    if body.kind == "cable":
        runner = hall.runners[f"{_known_window(hall, body.window)}-pad"]
        if runner.cable == body.broken:
            hall.chronicle.cable(body.window, body.broken)
            if body.broken:
                runner.pull_cable()
            else:
                runner.plug_cable()
    elif body.kind == "broker":
        await hall.kill_broker(body.seconds)
    elif body.kind == "gateway":
        hall.kill_gateway()
    elif body.kind == "paper":
        if body.broken:
            kiosk.take_paper_out()
        else:
            kiosk.load_paper()
    else:
        kiosk.set_cover(body.broken)
    # At once: paper may be out for less than the time between two looks.
    hall.chronicle.watch()
    hall.changed()
