"""The files that make a board this node and no other: configuration and credential. Pure.

For an ESP32 what `firmware/shell/settings.py` reads, for a Pi what `firmware/drivers/pi/install.sh`
takes with --config.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from boards.chips import ESP32, RASPBERRY_PI
from boards.device import board_json
from boards.schema import Board
from gateway.config import Node
from gateway.credentials.authority import broker_name
from gateway.credentials.site import Site

PI_ROLES = {"ticket": "kiosk", "wall": "wall", "sign": "wall", "voice": "voice", "lamp": "lamp"}
CA, CERTIFICATE, KEY = "ca.der", "node.der", "key.der"


class NodeFileError(Exception):
    """The files cannot be made; the text says what is missing."""


@dataclass(frozen=True)
class Papers:
    """Certificates and key of a node: DER for an ESP32, PEM for a Pi."""

    authority: bytes
    certificate: bytes
    key: bytes


@dataclass(frozen=True)
class Flashed:
    """When a board was given its identity; kept while it stays the same, see plan.py."""

    boot_floor: int
    date: tuple[int, int, int]

    @classmethod
    def at(cls, now: datetime) -> "Flashed":
        """Now; the day is that of UTC, as the board's clock is."""
        day = now.astimezone(UTC)
        return cls(int(now.timestamp()), (day.year, day.month, day.day))


def node_json(hall: str, node: Node, board: Board, site: Site, flashed: Flashed) -> bytes:
    """config/node.json of an ESP32. Raises NodeFileError."""
    if not site.broker_host:
        raise NodeFileError("the broker's address is not known: hallkit credentials broker")
    if board.network.type == "wifi" and site.wifi is None:
        raise NodeFileError(f"{board.name} needs the hall's Wi-Fi: hallkit provision {node.id}")
    wifi = site.wifi if board.network.type == "wifi" else None
    document = {
        "hall": hall,
        "node": node.id,
        "kind": node.kind,
        "boot_floor": flashed.boot_floor,
        "date": list(flashed.date),
        "password": None,
        "broker": {
            "host": site.broker_host,
            "port": site.broker_port,
            "name": broker_name(hall),
        },
        "wifi": None if wifi is None else {"ssid": wifi.ssid, "password": wifi.password},
        "tls": {"ca": CA, "certificate": CERTIFICATE, "key": KEY},
    }
    return json.dumps(document, sort_keys=True).encode() + b"\n"


def esp32_files(
    hall: str,
    node: Node,
    board: Board,
    site: Site,
    flashed: Flashed,
    papers: Papers,
    glyphs: bytes | None,
) -> dict[str, bytes]:
    """Name -> contents of the folder /config of an ESP32. Raises NodeFileError."""
    if board.chip != ESP32:
        raise NodeFileError(f"{node.id} is a {board.name}, not an ESP32")
    files = {
        CA: papers.authority,
        CERTIFICATE: papers.certificate,
        KEY: papers.key,
        "board.json": board_json(board),
        "node.json": node_json(hall, node, board, site, flashed),
    }
    if needs_glyphs(board):
        if glyphs is None:
            raise NodeFileError(f"{board.name} needs glyphs.bin: run `make setup` once")
        files["glyphs.bin"] = glyphs
    return files


def needs_glyphs(board: Board) -> bool:
    """Whether it shows text."""
    return any("sign" in board.drivers[part.driver].effects for part in board.part)


def pi_role(node: Node, board: Board) -> str:
    """What `install.sh` calls it. Raises NodeFileError."""
    if board.chip != RASPBERRY_PI:
        raise NodeFileError(f"{node.id} is a {board.name}: flash it with `hallkit flash {node.id}`")
    return PI_ROLES[node.kind]


def pi_files(
    hall: str, node: Node, board: Board, site: Site, papers: Papers, example: str
) -> dict[str, bytes]:
    """Name -> contents of a folder for `install.sh ROLE --config FOLDER`. Raises NodeFileError.

    `example`: the text of firmware/drivers/pi/examples/ROLE.toml; what hangs on the Pi (the table
    of its parts) stays as it is there, to be looked over.
    """
    role = pi_role(node, board)
    if not site.broker_host:
        raise NodeFileError("the broker's address is not known: hallkit credentials broker")
    values = {
        "hall": f'"{hall}"',
        "id": f'"{node.id}"',
        "kind": f'"{node.kind}"',
        "board": f'"{node.board}"',
        "host": f'"{site.broker_host}"',
        "port": str(site.broker_port),
        "authority": '"authority.pem"',
        "certificate": f'"{role}.pem"',
        "key": f'"{role}.key"',
    }
    return {
        f"{role}.toml": _filled(example, values).encode(),
        "authority.pem": papers.authority,
        f"{role}.pem": papers.certificate,
        f"{role}.key": papers.key,
    }


def _filled(example: str, values: dict[str, str]) -> str:
    """The example with these values in its first two tables; no password beside a certificate."""
    head, parts = _split_after_broker(example)
    lines = []
    for line in head.splitlines():
        found = re.match(r"^(?:# )?([a-z_]+) = ", line)
        if found is not None and found[1] == "password_file":
            continue
        if found is not None and found[1] in values:
            lines.append(f"{found[1]} = {values[found[1]]}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n" + parts


def _split_after_broker(example: str) -> tuple[str, str]:
    at = example.index("[broker]")
    end = re.search(r"^\[", example[at + 1 :], re.MULTILINE)
    if end is None:
        return example, ""
    cut = at + 1 + end.start()
    return example[:cut].rstrip("\n") + "\n", example[cut:]
