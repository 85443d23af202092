"""Reads `boards/<name>/board.toml`; every mistake names the file and the field."""

import functools
import tomllib
from pathlib import Path

from pydantic import ValidationError

from boards.schema import Board

FOLDER = Path(__file__).resolve().parent
FILE = "board.toml"


class BoardError(Exception):
    """A board cannot be used; the text names file and field, one line for each mistake."""


def parse_board(text: str, name: str) -> Board:
    """The checked board called `name` (its folder) from the text of its file."""
    file = f"boards/{name}/{FILE}"
    try:
        board = Board.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{file}: is not TOML: {error}") from error
    except ValidationError as error:
        lines = []
        for detail in error.errors(include_url=False):
            place = ".".join(str(part) for part in detail["loc"])
            problem = detail["msg"].removeprefix("Value error, ")
            lines.append(f"{file}: {place}: {problem}" if place else f"{file}: {problem}")
        raise BoardError("\n".join(lines)) from error
    if board.name != name:
        raise BoardError(f"{file}: name: is {board.name!r}; it must be the folder's, {name!r}")
    return board


@functools.cache
def board_names() -> tuple[str, ...]:
    """Every board there is, sorted."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE}")))


@functools.cache
def load_board(name: str) -> Board:
    """The board of this name. Raises BoardError, with the list of boards when it is unknown."""
    if name not in board_names():
        raise BoardError(f"board {name!r} is not known; there are {', '.join(board_names())}")
    return parse_board((FOLDER / name / FILE).read_text(encoding="utf-8"), name)
