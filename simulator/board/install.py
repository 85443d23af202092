"""The files of a board as a technician leaves them there: application, configuration, glyphs."""

import json
from typing import Any

from boards.device import board_json
from boards.loader import load_board
from gateway.releases import contents
from gateway.releases.compile import compiled
from simulator import assets
from simulator.board.air import PASSWORD, SSID
from simulator.vm.disk import Disk

HALL = "langfang"
# Without boot code and slots: the program alone.
_MAIN = b"from firmware.shell.run_esp32 import main\nmain()\n"


def application(form: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """(files on the file system, files in ROM) of the program; `form` as in size_board.FORMS."""
    files = contents.application()
    main = {"main.py": _MAIN}
    if form == "py":
        return main | files, {}
    return (main | compiled(files), {}) if form == "mpy" else (main, compiled(files))


def configuration(
    board: str, node: str, broker: tuple[str, int], **changes: Any
) -> dict[str, bytes]:
    """The folder `config`; `changes` replace fields of node.json."""
    file = load_board(board)
    fields = {
        "hall": HALL,
        "node": node,
        "kind": file.kinds[0],
        "boot_floor": 1,
        "date": [2026, 11, 23],
        "password": None,
        "broker": {"host": broker[0], "port": broker[1], "name": "gateway"},
        "wifi": {"ssid": SSID, "password": PASSWORD} if file.network.type == "wifi" else None,
        "tls": None,
    }
    found = {
        "config/node.json": json.dumps(fields | changes).encode(),
        "config/board.json": board_json(file),
    }
    if any(part.driver == "max7219" for part in file.part):
        glyphs = assets.ensure(only=("unifont", "sign")).sign_glyphs
        found["config/glyphs.bin"] = glyphs.read_bytes()
    return found


def lay_down(disk: Disk, files: dict[str, bytes]) -> None:
    """Put files there, beside those that are."""
    for path, content in files.items():
        disk.put(path, content)
