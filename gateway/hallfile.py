"""Reads a hall file (TOML) and names file, line, field and fix of every mistake in it.

Rules: all mistakes that can be seen at once are reported at once; a hall file with any mistake is
refused whole. What a correct file may say is `gateway.config`; which boards there are, `boards`.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from boards.loader import board_names, load_board
from gateway.config import HallConfig, HallName, Node, Officer, Rules, Service, Window

Place: TypeAlias = tuple[str | int, ...]

_TABLES: dict[str, type[BaseModel]] = {
    "hall": HallName,
    "rules": Rules,
    "service": Service,
    "window": Window,
    "node": Node,
    "officer": Officer,
}
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_-]+)\"?\s*=")
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE = re.compile(r"^(\w+)\.(\w+) '([^']*)' stands more than once$")
_REFERENCE = re.compile(r"^(window|officer|node) (\S+) names (service|window) '([^']*)'")


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1; 0 when the mistake is of the file as a whole."""

    file: str
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return (
            f"{place}: {self.field}: {self.problem}" if self.field else f"{place}: {self.problem}"
        )


class HallFileError(Exception):
    """The hall file cannot be used; `mistakes` has at least one entry."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


def load_hall_file(path: Path) -> HallConfig:
    """The checked hall of the file at `path`. Raises HallFileError with every mistake found."""
    name = str(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}: give the path of a hall file with --hall"
        raise HallFileError([Mistake(name, 0, "", problem)]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise HallFileError([Mistake(name, line, "", "is not UTF-8: save it as UTF-8")]) from error
    return parse_hall(text, name)


def parse_hall(text: str, name: str) -> HallConfig:
    """As `load_hall_file`, for a text; `name` stands in the messages."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HallFileError([_syntax_mistake(text, name, str(error))]) from error
    lines = _lines_of(text)
    try:
        config = HallConfig.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        mistakes = [_mistake(detail, values, lines, name) for detail in found]
        raise HallFileError(sorted(mistakes, key=lambda mistake: mistake.line)) from error
    mistakes = list(_board_mistakes(config, lines, name))
    if mistakes:
        raise HallFileError(mistakes)
    return config


def _board_mistakes(config: HallConfig, lines: dict[Place, int], name: str) -> Iterator[Mistake]:
    """Nodes on a board that is not known, or that is not made for their kind."""
    for window_index, window in enumerate(config.window):
        for kind in window.devices:
            problem = _board_problem(f"esp32-{kind}", kind)
            if problem:
                place: Place = ("window", window_index, "devices")
                yield Mistake(name, _line(place, lines), _field(place), problem)
    for index, node in enumerate(config.node):
        problem = _board_problem(node.board, node.kind)
        if problem:
            place = ("node", index, "board")
            yield Mistake(name, _line(place, lines), _field(place), problem)


def _board_problem(board: str, kind: str) -> str:
    known = board_names()
    if board not in known:
        near = difflib.get_close_matches(board, known, n=1)
        meant = f"did you mean `{near[0]}`? " if near else ""
        return f"board {board!r} is not known: {meant}there are: {', '.join(known)}"
    kinds = load_board(board).kinds
    return "" if kind in kinds else f"board {board!r} is made for {', '.join(kinds)}, not {kind}"


def _syntax_mistake(text: str, name: str, message: str) -> Mistake:
    match = _TOML_PLACE.search(message)
    if match is None or match[1] is None:
        line = len(text.rstrip("\n").split("\n"))
    else:
        line = int(match[1])
    problem = message[: match.start()] if match else message
    return Mistake(name, line, "", f"is not TOML: {problem[:1].lower()}{problem[1:]}")


def _lines_of(text: str) -> dict[Place, int]:
    """The line of each table and key, by its path: ("service", 2, "code") -> 41."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quote:
            quote = "" if line.count(quote) % 2 else quote
            continue
        header = _HEADER.match(line)
        if header is not None:
            table = tuple(part.strip('"') for part in header[2].split("."))
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines[table] = number
            continue
        key = _KEY.match(line)
        if key is not None:
            lines[(*table, key[1])] = number
        for mark in ('"""', "'''"):
            if line.count(mark) % 2:
                quote = mark
    return lines


def _mistake(
    detail: ErrorDetails, values: dict[str, Any], lines: dict[Place, int], name: str
) -> Mistake:
    place = detail["loc"]
    problem = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "value_error":
        place = _place_named_by(problem, values) or place
        return Mistake(name, _line(place, lines), _field(place), problem)
    key = str(place[-1]) if place else ""
    match detail["type"]:
        case "missing":
            problem = f"is missing: add a line `{key} = ...`"
        case "extra_forbidden":
            problem = f"is not an option here{_suggestion(place)}"
        case "string_pattern_mismatch":
            pattern = detail.get("ctx", {}).get("pattern", "")
            problem = f"{detail['input']!r} does not have the form {pattern}"
        case _:
            shown = "" if isinstance(detail["input"], dict) else f", not {detail['input']!r}"
            problem = f"{problem[:1].lower()}{problem[1:]}{shown}"
    return Mistake(name, _line(place, lines), _field(place), problem)


def _place_named_by(problem: str, values: dict[str, Any]) -> Place | None:
    """Where a check across tables found its mistake, told from the sentence it gives."""
    twice = _TWICE.match(problem)
    if twice is not None:
        table, key, value = twice.groups()
        places = [index for index, row in _rows(values, table) if row.get(key) == value]
        return (table, places[-1], key) if places else None
    reference = _REFERENCE.match(problem)
    if reference is not None:
        table, owner, target, _ = reference.groups()
        identity = "staff_number" if table == "officer" else "id"
        key = "services" if target == "service" else "window"
        for index, row in _rows(values, table):
            if row.get(identity) == owner:
                return (table, index, key)
    return ("node",) if problem.startswith("node") else None


def _rows(values: dict[str, Any], table: str) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = values.get(table, [])
    return ((index, row) for index, row in enumerate(rows) if isinstance(row, dict))


def _line(place: Place, lines: dict[Place, int]) -> int:
    """The line of the place, or of the nearest thing around it."""
    for length in range(len(place), 0, -1):
        part = place[:length]
        found = lines.get(part) or lines.get((*part, 0))
        if found:
            return found
    return 0


def _field(place: Place) -> str:
    """service[2].code, counted from 1 as people do."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _suggestion(place: Place) -> str:
    model = _TABLES.get(str(place[0]), HallConfig) if len(place) > 1 else HallConfig
    options = list(model.model_fields)
    near = difflib.get_close_matches(str(place[-1]), options, n=1)
    return f": did you mean `{near[0]}`?" if near else f"; there are: {', '.join(options)}"
