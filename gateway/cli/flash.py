"""`hallkit flash` and `hallkit replace`: a board on the cable becomes a node of the hall."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from boards.chips import ESP32
from boards.loader import load_board
from gateway.cli.glyphs import glyphs_of
from gateway.cli.labels import give_label
from gateway.cli.output import Exit, OperatorError, note, say, say_json
from gateway.cli.place import (
    DataOption,
    GatewayOption,
    HallOption,
    JsonOption,
    NodeArgument,
    Place,
    TokenOption,
    maybe_gateway,
    now,
    the_place,
    told,
)
from gateway.cli.progress import make_reporter
from gateway.cli.provision import WifiOption, WifiPasswordOption, said_wifi
from gateway.cli.questions import ensure_site
from gateway.config import Node
from gateway.credentials.registry import RegistryError
from gateway.credentials.site import Site
from gateway.releases.release import ReleaseError
from gateway.technician.chip import ChipError
from gateway.technician.contents import load_software, remember_public_key
from gateway.technician.flash import FlashError, Flashing, Order, Outcome
from gateway.technician.interpreter import (
    Image,
    ImageError,
    image_from_file,
    recall_image,
    remember_image,
)
from gateway.technician.node_files import needs_glyphs
from gateway.technician.ports import PortError
from gateway.technician.remote import RemoteError
from gateway.technician.rest import Gateway
from gateway.technician.selftest import SelfTestError

PortOption = Annotated[
    str | None,
    typer.Option("--port", help="/dev/ttyUSB0, or rfc2217://HOST:PORT of another computer."),
]
ImageOption = Annotated[
    Path | None, typer.Option("--image", help="The interpreter, MicroPython's .bin; once per chip.")
]
HashOption = Annotated[
    str | None, typer.Option("--sha256", help="Its SHA-256, from where you got it.")
]
PublicOption = Annotated[
    Path | None,
    typer.Option("--public", help="release.pub, which updates are checked with; once."),
]
SelfTestOption = Annotated[
    bool, typer.Option("--self-test/--no-self-test", help="Try lights, keys and network.")
]


def flash_command(
    node: NodeArgument,
    port: PortOption = None,
    image: ImageOption = None,
    sha256: HashOption = None,
    public: PublicOption = None,
    self_test: SelfTestOption = True,
    hall: HallOption = None,
    data: DataOption = None,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    wifi: WifiOption = None,
    wifi_password_file: WifiPasswordOption = None,
    json_output: JsonOption = False,
) -> None:
    """Make the board on the cable this node. Cut off, the same command goes on where it was."""
    with told(json_output, code_of):
        place = the_place(hall, data)
        asked = maybe_gateway(gateway, token_file)
        site = _site(place, node, said_wifi(wifi, wifi_password_file))
        order = _order(place, node, site, port, (image, sha256), public, self_test, asked)
        outcome, seconds = _run(order, json_output)
    _tell(outcome, seconds, json_output, "")


def replace_command(
    node: NodeArgument,
    port: PortOption = None,
    image: ImageOption = None,
    sha256: HashOption = None,
    public: PublicOption = None,
    self_test: SelfTestOption = True,
    label: Annotated[
        Path | None, typer.Option(help="Where to save the label; else DATA/labels/NODE.png.")
    ] = None,
    printer: Annotated[
        str | None, typer.Option(help="Print it: HOST:PORT or /dev/usb/lp0 of a ticket printer.")
    ] = None,
    hall: HallOption = None,
    data: DataOption = None,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    json_output: JsonOption = False,
) -> None:
    """Put a new board in the place of a broken one: the same name, the old one shut out at once."""
    with told(json_output, code_of):
        place = the_place(hall, data)
        asked = maybe_gateway(gateway, token_file)
        site = _site(place, node, None)
        order = _order(place, node, site, port, (image, sha256), public, self_test, asked, True)
        outcome, seconds = _run(order, json_output)
        told_where = give_label(place, order.node, site, outcome.mac, asked, label, printer)
    _tell(outcome, seconds, json_output, told_where)


def _site(place: Place, node: str, wifi: object) -> Site:
    board = load_board(place.node(node).board)
    if board.chip != ESP32:
        raise OperatorError(
            f"{node} is a {board.name}: hallkit provision {node}, then install.sh on the Pi"
        )
    return ensure_site(
        place.data,
        place.config.hall.id,
        wifi=board.network.type == "wifi",
        new_wifi=wifi,  # type: ignore[arg-type]  # a Wifi or None
    )


def _order(
    place: Place,
    name: str,
    site: Site,
    port: str | None,
    image: tuple[Path | None, str | None],
    public: Path | None,
    self_test: bool,
    gateway: Gateway | None,
    replace: bool = False,
) -> Order:
    node: Node = place.node(name)
    board = load_board(node.board)
    if public is not None:
        remember_public_key(place.data, public)
    if gateway is not None:
        gateway.node(name)  # it must answer, let us in and know the node, before a board is touched
    return Order(
        config=place.config,
        node=node,
        board=board,
        data=place.data,
        site=site,
        software=load_software(place.data),
        image=_image(place.data, board.chip, *image),
        port=port,
        replace=replace,
        selftest=self_test,
        gateway=gateway,
        glyphs=glyphs_of if needs_glyphs(board) else None,
    )


def _image(data: Path, chip: str, path: Path | None, sha256: str | None) -> Image:
    if path is None:
        return recall_image(data, chip)
    if sha256 is None:
        raise OperatorError("--image needs --sha256, from where you got the file")
    image = image_from_file(chip, path, sha256)
    remember_image(data, image)
    return image


def _run(order: Order, as_json: bool) -> tuple[Outcome, float]:
    began = time.monotonic()
    report = make_reporter(as_json)
    note(order.data, "replace" if order.replace else "flash", order.node.id, "ordered")
    try:
        return Flashing(order, report, now()).run(), time.monotonic() - began
    finally:
        report.close()


def _tell(outcome: Outcome, seconds: float, as_json: bool, label: str) -> None:
    if as_json:
        say_json(
            {"ok": True, **asdict(outcome), "total_seconds": round(seconds, 1), "label": label}
        )
        return
    renewed = "；旧板已吊销 · the old board is shut out" if outcome.renewed else ""
    say(f"{outcome.node}: 完成 · done in {seconds:.0f} s, release {outcome.release}{renewed}")
    if label:
        say(f"标签 · label: {label}")


def code_of(error: Exception) -> Exit | None:
    """The exit code of what can go wrong with a board."""
    match error:
        case PortError() | ChipError(kind="no_port"):
            return Exit.NO_BOARD
        case RegistryError():
            return Exit.WRONG_BOARD  # its certificate is on another board
        case ChipError(kind="wrong_chip"):
            return Exit.WRONG_BOARD
        case FlashError(kind="offline"):
            return Exit.GATEWAY
        case ChipError() | RemoteError() | FlashError():
            return Exit.NOT_WRITTEN
        case SelfTestError():
            return Exit.SELF_TEST
        case ImageError() | ReleaseError():
            return Exit.CONFIG
        case _:
            return None
