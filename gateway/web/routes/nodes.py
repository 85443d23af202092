"""Nodes for the technician: how they are, what they say, identify, update, wiring."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from boards.chips import ESP32
from boards.loader import board_names, load_board
from boards.picture import pin_out
from boards.schema import Board
from boards.wiring import wires
from gateway.config import Node
from gateway.core.json import JsonObject
from gateway.web.access import Caller, Requires
from gateway.web.answers import Answers
from gateway.web.context import IdempotencyKey, note, process_of
from gateway.web.line_hub import LineHub, line_view
from gateway.web.problems import ProblemError
from gateway.web.routes.hall import STREAM_HEADERS

router = APIRouter()
LINE_STREAMS_MAX = 50
_NUMBER_MAX = 1 << 53  # what a browser counts up to
Reader = Annotated[Caller, Depends(Requires("chief", "technician", "admin"))]
Technician = Annotated[Caller, Depends(Requires("technician", "admin"))]
After = Annotated[int, Query(ge=0, le=_NUMBER_MAX)]


class IdentifyOrder(BaseModel):
    """For how long the node shows which one it is."""

    model_config = ConfigDict(extra="forbid")
    seconds: int = Field(default=10, ge=1, le=60)


class UpdateOrder(BaseModel):
    """Which release the node shall run."""

    model_config = ConfigDict(extra="forbid")
    release: int = Field(ge=1, le=0x7FFFFFFF)


def _node(request: Request, node: str) -> Node:
    found = process_of(request).config.node_by_id.get(node)
    if found is None:
        raise ProblemError(
            "unknown_node",
            f"大厅文件中没有节点 {node}",
            f"The hall file has no node {node}.",
            status=404,
            title=("没有找到", "Not found"),
        )
    return found


def _reachable(request: Request, node: str) -> None:
    if not process_of(request).engine.can_reach(node):
        raise ProblemError(
            "node_away",
            f"节点 {node} 不在线：先检查电源与网络",
            f"Node {node} is away: check its power and its network first.",
        )


def _board(request: Request, node: Node) -> Board | None:
    """What the node says it runs on, else what the hall file says; None when nobody knows it."""
    told = process_of(request).engine.presence[node.id].board
    known = [name for name in (told, node.board) if name in board_names()]
    return load_board(known[0]) if known else None


def _known_board(request: Request, node: str) -> Board:
    board = _board(request, _node(request, node))
    if board is None:
        raise ProblemError(
            "unknown_board",
            f"节点 {node} 的板卡没有接线资料",
            f"There is no wiring for the board of node {node}.",
            status=404,
            title=("没有找到", "Not found"),
        )
    return board


def _answers(request: Request) -> Answers:
    answers: Answers = request.app.state.answers
    return answers


# ---- how they are, what they say


@router.get("/api/v1/nodes")
async def list_nodes(request: Request, _: Reader) -> JsonObject:
    """Every node: life, health, update, what it shows against what it should."""
    return {"nodes": list(process_of(request).nodes_view())}


@router.get("/api/v1/nodes/{node}/log")
async def read_lines(request: Request, _: Reader, node: str, after: After = 0) -> JsonObject:
    """The newest lines of a node, after number `after`; `last` is the `after` of the next call."""
    lines = process_of(request).engine.service.lines
    found = lines.after(after, _node(request, node).id)
    return {"lines": [line_view(line) for line in found], "last": lines.last}


@router.get("/api/v1/nodes/log/stream")
async def watch_lines(
    request: Request,
    _: Reader,
    node: str | None = None,
    after: Annotated[int | None, Query(ge=0, le=_NUMBER_MAX)] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Server-sent events: `line` for each line from now on (or after `after`), else `beat`."""
    if node is not None:
        _node(request, node)
    hub: LineHub = request.app.state.line_hub
    if hub.clients >= LINE_STREAMS_MAX:
        raise ProblemError(
            "too_many", "请稍后再试", "Try again later.", headers={"Retry-After": "5"}
        )
    if last_event_id.isdecimal():
        after = int(last_event_id)
    elif after is None:
        after = process_of(request).engine.service.lines.last
    return StreamingResponse(
        hub.stream(after, node),
        headers=STREAM_HEADERS,
        media_type="text/event-stream; charset=utf-8",
    )


# ---- what the technician has them do


@router.post("/api/v1/nodes/{node}/identify", status_code=202)
async def identify_node(
    request: Request, caller: Technician, key: IdempotencyKey, node: str, body: IdentifyOrder
) -> JSONResponse:
    """Have a node show which one it is, by all it has."""
    node = _node(request, node).id

    async def act() -> JsonObject:
        _reachable(request, node)
        await note(request, caller.principal, "identify ordered", node, f"{body.seconds} s")
        job = process_of(request).identify(node, body.seconds)
        return {"id": job, "seconds": body.seconds}

    return await _answers(request).once(caller, key, f"identify {node} {body.seconds}", act)


@router.get("/api/v1/releases")
async def list_releases(request: Request, _: Reader) -> JsonObject:
    """The releases that nodes can be updated to, newest first."""
    releases = process_of(request).engine.service.releases.newest_first()
    return {
        "releases": [
            {
                "release": each.release,
                "name": each.name,
                "mpy": each.mpy,
                "total_bytes": each.total_bytes,
            }
            for each in releases
        ]
    }


@router.post("/api/v1/nodes/{node}/update", status_code=202)
async def update_node(
    request: Request, caller: Technician, key: IdempotencyKey, node: str, body: UpdateOrder
) -> JSONResponse:
    """Offer a release to a node until it has taken or refused it; see its `update`."""
    found = _node(request, node)

    async def act() -> JsonObject:
        _check_update(request, found, body.release)
        await note(request, caller.principal, "update ordered", found.id, f"release {body.release}")
        process_of(request).order_update(found.id, body.release)
        return {"node": found.id, "release": body.release}

    return await _answers(request).once(caller, key, f"update {node} {body.release}", act)


def _check_update(request: Request, node: Node, release: int) -> None:
    service = process_of(request).engine.service
    numbers = [each.release for each in service.releases.newest_first()]
    if release not in numbers:
        known = ", ".join(map(str, numbers)) or "-"
        raise ProblemError(
            "unknown_release",
            f"网关没有发布版 {release}；现有：{known}",
            f"The gateway has no release {release}; there are: {known}.",
            status=422,
        )
    board = _board(request, node)
    if board is not None and board.chip != ESP32:
        raise ProblemError(
            "not_over_the_air",
            f"节点 {node.id} 是树莓派，请在其上更新软件包",
            f"Node {node.id} is a Raspberry Pi: update the software on it.",
        )
    if service.runs(node.id, release):
        raise ProblemError(
            "already_running",
            f"节点 {node.id} 已在运行发布版 {release}",
            f"Node {node.id} runs release {release} already.",
        )
    _reachable(request, node.id)


# ---- wiring


@router.get("/api/v1/nodes/{node}/wiring")
async def show_wiring(request: Request, _: Reader, node: str) -> JsonObject:
    """The board of a node and what hangs on each of its pins."""
    board = _known_board(request, node)
    rows: list[Any] = [
        {"signal": wire.signal, "pin": wire.pin, "part": wire.part, "goes_to": wire.goes_to}
        for wire in wires(board)
    ]
    return {
        "board": board.name,
        "label_zh": board.label.zh,
        "label_en": board.label.en,
        "chip": board.chip,
        "module": board.module,
        "supply": board.power.supply,
        "wires": rows,
    }


@router.get("/api/v1/nodes/{node}/wiring.svg")
async def draw_wiring(request: Request, _: Reader, node: str) -> Response:
    """The pin-out of a node's board as a picture, drawn from its board file."""
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "default-src 'none'"}
    return Response(
        pin_out(_known_board(request, node)), headers=headers, media_type="image/svg+xml"
    )
