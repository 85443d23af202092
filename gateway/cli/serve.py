"""`hallkit gateway`: the hall's process, from the command line to a clean stop."""

import asyncio
import contextlib
import signal
import socket
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from gateway.broker.session import BrokerAddress
from gateway.cli.output import OperatorError, say, say_json, set_up_log, told_plainly
from gateway.hallfile import load_hall_file
from gateway.process import Process, Settings
from gateway.web.app import make_app
from gateway.web.server import HttpServer, bind


def parse_address(text: str, option: str) -> tuple[str, int]:
    """HOST:PORT, [::1]:PORT. Raises OperatorError naming the option."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise OperatorError(f"{option} {text!r}: give HOST:PORT, for example 127.0.0.1:1883")
    return host.strip("[]"), int(port)


def read_password(path: Path | None) -> str | None:
    """The first line of the file. Raises OperatorError."""
    if path is None:
        return None
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"--password-file {path}: cannot be read: {error}") from error
    if not lines or not lines[0]:
        raise OperatorError(f"--password-file {path}: its first line must hold the password")
    return lines[0]


async def run_gateway(settings: Settings, sock: socket.socket, as_json: bool) -> None:
    """Run until SIGTERM or SIGINT. Raises JournalError, TokenFileError before it serves."""
    process = await Process.open(settings)
    server = HttpServer(make_app(process), sock)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    hall = asyncio.create_task(process.run(), name="hall")
    if as_json:
        say_json({"ok": True, "address": server.address, "epoch": process.engine.epoch})
    else:
        say(f"{settings.config.hall.name_zh}: {server.address}  (Ctrl-C stops it)")
    try:
        await server.run()
    finally:
        process.stop()
        await hall


def gateway_command(
    hall: Annotated[Path, typer.Option(help="The hall file (TOML).")],
    data: Annotated[Path, typer.Option(help="The folder of the journal; made when missing.")],
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker.")] = "127.0.0.1:1883",
    user: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="A file whose first line is the broker password.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificates to trust; switches TLS on.")
    ] = None,
    http: Annotated[str, typer.Option(help="HOST:PORT to serve on.")] = "127.0.0.1:8080",
    demo: Annotated[bool, typer.Option(help="Allow hall time to run faster.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Run the gateway of one hall until SIGTERM or Ctrl-C."""
    set_up_log(json_output)
    with told_plainly(json_output):
        config = load_hall_file(hall)
        host, port = parse_address(broker, "--broker")
        if ca_file is not None and not ca_file.is_file():
            raise OperatorError(f"--ca-file {ca_file}: there is no such file")
        if password_file is not None and user is None:
            raise OperatorError("--password-file needs --user")
        address = BrokerAddress(host, port, user, read_password(password_file), ca_file)
        # Closed even when the start is refused after it.
        with contextlib.closing(bind(*parse_address(http, "--http"))) as sock:
            settings = Settings(config, data, address, demo=demo)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run_gateway(settings, sock, json_output))
