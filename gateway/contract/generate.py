"""All generated files: writing them, and finding those that are stale, missing or left over."""

from pathlib import Path

from boards.chips import ESP32
from boards.loader import board_names, load_board
from boards.picture import pin_out
from gateway.contract.asyncapi import as_json, document
from gateway.contract.pages import messages_page
from gateway.contract.samples import GOLDEN_WIRE, golden_files
from gateway.contract.stubs import stub_files
from gateway.contract.ticket_life import ticket_life_page

GENERATED_DOCS = Path("docs", "generated")
STUBS = Path("protocols", "messages")
BOARD_PICTURES = GENERATED_DOCS / "boards"


def generated_files() -> dict[Path, bytes]:
    """Path below the project's root -> the contents it must have."""
    return {
        **stub_files(),
        **golden_files(),
        GENERATED_DOCS / "asyncapi.json": as_json(document()),
        GENERATED_DOCS / "messages.md": messages_page(),
        GENERATED_DOCS / "ticket-life.md": ticket_life_page(),
        **board_pictures(),
    }


def board_pictures() -> dict[Path, bytes]:
    """The pin-out of every board whose pins are its own."""
    boards = (load_board(name) for name in board_names())
    return {
        BOARD_PICTURES / f"{board.name}.svg": pin_out(board)
        for board in boards
        if board.chip == ESP32
    }


def stale_files(root: Path) -> list[str]:
    """What is wrong below `root`, one line for each file; empty when all is fresh."""
    wanted = generated_files()
    problems = []
    for path in sorted(wanted):
        file = root / path
        if not file.exists():
            problems.append(f"{path.as_posix()}: missing")
        elif file.read_bytes() != wanted[path]:
            problems.append(f"{path.as_posix()}: stale")
    return problems + [f"{path.as_posix()}: left over" for path in left_over(root, set(wanted))]


def left_over(root: Path, wanted: set[Path]) -> list[Path]:
    """Generated files whose source is gone."""
    found = [*(root / GOLDEN_WIRE).glob("*.json"), *(root / STUBS).glob("*.pyi")]
    found += (root / BOARD_PICTURES).glob("*.svg")
    return sorted(path.relative_to(root) for path in found if path.relative_to(root) not in wanted)


def write_all(root: Path) -> list[str]:
    """Write what differs and delete what is left over; returns the files touched."""
    wanted = generated_files()
    touched = []
    for path in sorted(wanted):
        file = root / path
        if not file.exists() or file.read_bytes() != wanted[path]:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(wanted[path])
            touched.append(path.as_posix())
    for path in left_over(root, set(wanted)):
        (root / path).unlink()
        touched.append(path.as_posix())
    return touched
