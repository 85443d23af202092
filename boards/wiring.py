"""The wiring of a board as a technician reads it: the table of its README, the part of each signal.

The README is written by people and checked against `board.toml` (tests/boards), so it is read
rather than said a second time.
"""

from dataclasses import dataclass

from boards.loader import FOLDER
from boards.schema import Board


@dataclass(frozen=True, slots=True)
class Wire:
    """`pin` is the number of the chip's pin, None where a plug is meant; `part` is a driver."""

    signal: str
    pin: int | None
    part: str
    goes_to: str


def wires(board: Board) -> tuple[Wire, ...]:
    """Every line of the table, in its order."""
    text = (FOLDER / board.name / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    found = []
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        signal, goes_to = cells[0], cells[-1]
        part = board.owner_of.get(signal, "")
        found.append(Wire(signal, board.wiring.get(signal), part, goes_to))
    return tuple(found)
