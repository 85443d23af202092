"""`python -m boards` lists the boards; `python -m boards NAME` prints the board.json of one."""

import sys

from boards.chips import ESP32
from boards.device import board_json
from boards.loader import BoardError, board_names, load_board


def main(arguments: list[str]) -> int:
    """0, or 2 with what is wrong on stderr."""
    if not arguments:
        for name in board_names():
            board = load_board(name)
            kinds = ", ".join(board.kinds)
            sys.stdout.write(f"{name:20} {kinds:8} {board.label.zh} · {board.label.en}\n")
        return 0
    try:
        board = load_board(arguments[0])
        if board.chip != ESP32:
            raise BoardError(f"board {board.name!r} is no ESP32: it reads no board.json")
    except BoardError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(board_json(board).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
