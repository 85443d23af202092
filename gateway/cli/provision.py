"""`hallkit provision`: the credential and the configuration of one node, as files."""

from pathlib import Path
from typing import Annotated

import typer

from boards.chips import ESP32
from boards.loader import load_board
from gateway.cli.glyphs import glyphs_of
from gateway.cli.output import OperatorError, note, say, say_json
from gateway.cli.place import (
    DataOption,
    HallOption,
    JsonOption,
    NodeArgument,
    Place,
    now,
    the_place,
    told,
)
from gateway.cli.questions import ensure_site
from gateway.config import Node
from gateway.credentials.broker import (
    conf_file,
    ensure_credentials,
    reload_mosquitto,
    running_mosquitto,
    write_files,
)
from gateway.credentials.site import Site, Wifi
from gateway.credentials.store import CredentialStore, open_store
from gateway.durable import replace_file
from gateway.technician.node_files import (
    Flashed,
    Papers,
    esp32_files,
    needs_glyphs,
    pi_files,
    pi_role,
)

FOLDER = "provisioned"
EXAMPLES = Path(__file__).parents[2] / "firmware" / "drivers" / "pi" / "examples"

WifiOption = Annotated[str | None, typer.Option("--wifi", help="The name of the hall's Wi-Fi.")]
WifiPasswordOption = Annotated[
    Path | None,
    typer.Option("--wifi-password-file", help="A file whose first line is its password."),
]


def provision_command(
    node: NodeArgument,
    hall: HallOption = None,
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option(help="Where to; else DATA/provisioned/NODE.")] = None,
    host: Annotated[
        str | None, typer.Option(help="The address that nodes know the broker by.")
    ] = None,
    wifi: WifiOption = None,
    wifi_password_file: WifiPasswordOption = None,
    json_output: JsonOption = False,
) -> None:
    """Write the files of a node: for a Pi what install.sh takes; an ESP32 gets them by `flash`.

    The first time it makes the hall's authority and asks for what it must know.
    """
    with told(json_output):
        place = the_place(hall, data)
        target = place.node(node)
        board = load_board(target.board)
        site = ensure_site(
            place.data,
            place.config.hall.id,
            wifi=board.network.type == "wifi",
            host=host,
            new_wifi=said_wifi(wifi, wifi_password_file),
        )
        folder = out or place.data / FOLDER / node
        with open_store(place.data, place.config.hall.id, now()) as store:
            note(place.data, "node provisioned", node, "ordered")
            ensure_credentials(store, site, now())
            if board.chip == ESP32:
                files = _esp32(store, place, target, site)
            else:
                files = _pi(store, place, target, site)
            write_files(store, place.data, site)
        _write(folder, files)
        reload_mosquitto(place.data)
    if json_output:
        say_json({"ok": True, "node": node, "folder": str(folder), "files": sorted(files)})
        return
    say(f"{node}: {folder}")
    if board.chip == ESP32:
        say(f"接着 · next: hallkit flash {node}")
    else:
        role = pi_role(target, board)
        say(f"接着在树莓派上 · next, on the Pi, after a look at {role}.toml:")
        say(f"  sudo firmware/drivers/pi/install.sh {role} --config {folder.name}")
    if running_mosquitto(place.data) is None:
        say(f"Mosquitto 没有在这里运行 · is not running here: mosquitto -c {conf_file(place.data)}")


def said_wifi(name: str | None, password_file: Path | None) -> Wifi | None:
    """The Wi-Fi of the options. Raises OperatorError."""
    if name is None and password_file is None:
        return None
    if name is None or password_file is None:
        raise OperatorError("give both --wifi and --wifi-password-file, or neither")
    try:
        lines = password_file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"--wifi-password-file {password_file}: {error}") from error
    return Wifi(name, lines[0] if lines else "")


def _esp32(store: CredentialStore, place: Place, node: Node, site: Site) -> dict[str, bytes]:
    board = load_board(node.board)
    own = store.active(node.id) or store.issue(node.id, "node", now())
    papers = Papers(store.ca_der(), own.certificate_der(), own.key_der())
    glyphs = glyphs_of() if needs_glyphs(board) else None
    hall = place.config.hall.id
    return esp32_files(hall, node, board, site, Flashed.at(now()), papers, glyphs)


def _pi(store: CredentialStore, place: Place, node: Node, site: Site) -> dict[str, bytes]:
    board = load_board(node.board)
    own = store.active(node.id) or store.issue(node.id, "node", now())
    papers = Papers(
        store.ca_file.read_bytes(), own.certificate_file.read_bytes(), own.key_file.read_bytes()
    )
    example = (EXAMPLES / f"{pi_role(node, board)}.toml").read_text("utf-8")
    return pi_files(place.config.hall.id, node, board, site, papers, example)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(folder / name, content)
    except OSError as error:
        raise OperatorError(f"{folder}: cannot be written: {error.strerror}") from error
