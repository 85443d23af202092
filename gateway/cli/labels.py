"""The label of a board: printed by a ticket printer, or saved as the picture of it."""

import importlib
import socket
from pathlib import Path
from urllib.parse import urlsplit

from boards.loader import load_board
from gateway.cli.output import OperatorError
from gateway.cli.place import Place, now
from gateway.config import Node
from gateway.credentials.site import Site
from gateway.durable import replace_file
from gateway.technician.label import Label, label_bytes
from gateway.technician.rest import Gateway

PRINTER_PORT = 9100
PRINTER_TIMEOUT_S = 5.0
# Longer than the slowest printer needs for a label, in its own virtual time.
_PRINT_MS = 60_000


def give_label(
    place: Place,
    node: Node,
    site: Site,
    mac: str,
    gateway: Gateway | None,
    file: Path | None,
    printer: str | None,
) -> str:
    """Print it or save it; where it is. Raises OperatorError."""
    window = place.config.windows.get(node.window) if node.window else None
    label = Label(
        node=node.id,
        window=window.label if window else "",
        board=node.board,
        board_zh=load_board(node.board).label.zh,
        mac=mac,
        made=now().date(),
        url=_url(place, node, site, gateway),
    )
    data = label_bytes(label)
    if printer is not None:
        _print(printer, data)
        return printer
    path = file or place.data / "labels" / f"{node.id}.png"
    try:
        replace_file(path, picture_of(data), 0o644)
    except OSError as error:
        raise OperatorError(f"--label {path}: cannot be written: {error.strerror}") from error
    return str(path)


def picture_of(data: bytes) -> bytes:
    """What a printer makes of these bytes, as PNG. Raises OperatorError."""
    try:
        printers = importlib.import_module("simulator.devices.printer")
        pictures = importlib.import_module("simulator.devices.printer_picture")
    except ImportError as error:
        raise OperatorError(
            f"a picture of the label needs {error.name}: run `make setup`, or give --printer"
        ) from error
    printer = printers.Printer()
    printer.write(data, 0)
    printer.advance(_PRINT_MS)
    png: bytes = pictures.render_png(printer.tickets[-1])
    return png


def _url(place: Place, node: Node, site: Site, gateway: Gateway | None) -> str:
    """The node's page as a phone in the hall reaches it, "" when that is not known."""
    address = place.config.hall.public_url or (gateway.address if gateway else "")
    if not address:
        return ""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        address = f"{parts.scheme}://{site.broker_host}:{parts.port or 80}"
    return f"{address.rstrip('/')}/console#{node.id}"


def _print(printer: str, data: bytes) -> None:
    try:
        if printer.startswith("/"):
            Path(printer).write_bytes(data)
            return
        host, _, port = printer.partition(":")
        where = (host, int(port) if port else PRINTER_PORT)
        with socket.create_connection(where, PRINTER_TIMEOUT_S) as line:
            line.sendall(data)
    except (OSError, ValueError) as error:
        raise OperatorError(
            f"--printer {printer}: {error}: give HOST:PORT or a device, or leave it out"
        ) from error
