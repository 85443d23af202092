"""`hallkit gateway`: the hall's process, from the command line to a clean stop."""

import asyncio
import contextlib
import hashlib
import signal
import socket
import ssl
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from gateway.audit import AuditError
from gateway.backups import MINUTES, BackupPlan
from gateway.broker.session import BrokerAddress
from gateway.cli.output import OperatorError, note, say, say_json, set_up_log, told_plainly
from gateway.hallfile import load_hall_file
from gateway.journal.backup import KEEP
from gateway.process import Process, Settings
from gateway.web.app import make_app
from gateway.web.public_app import make_public_app
from gateway.web.server import HttpServer, bind

_log = structlog.get_logger("hallkit.serve")


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


def _check_tls_files(ca: Path | None, certificate: Path | None, key: Path | None) -> None:
    """Raise OperatorError for a file that is missing or no PEM, now and not at every dial."""
    for option, path in (("--ca-file", ca), ("--cert-file", certificate), ("--key-file", key)):
        if path is not None and not path.is_file():
            raise OperatorError(f"{option} {path}: there is no such file")
    if (certificate is None) != (key is None):
        raise OperatorError("give both --cert-file and --key-file, or neither")
    if certificate is not None and ca is None:
        raise OperatorError("--cert-file needs --ca-file, the certificate of the hall's authority")
    try:
        if ca is not None:
            ssl.create_default_context(cafile=ca)
        if certificate is not None:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise OperatorError(
            f"--ca-file, --cert-file or --key-file cannot be used: {error}: "
            f"give those that `hallkit credentials broker` wrote"
        ) from error


def note_start(data: Path, hall: Path, demo: bool) -> None:
    """Keep in the audit log who started the gateway, with which hall file.

    Two starts with another hash: somebody changed the hall file in between. A log that cannot be
    written does not keep the hall closed; nobody signs in then.
    """
    digest = hashlib.sha256(hall.read_bytes()).hexdigest()
    how = "started for a demonstration" if demo else "started"
    try:
        note(data, "gateway", how, f"hall file {hall.name} {digest}")
    except AuditError as error:
        _log.error("audit_failed", problem=str(error))


async def run_gateway(
    settings: Settings,
    hall_file: Path,
    sock: socket.socket,
    public: socket.socket | None,
    as_json: bool,
) -> None:
    """Run until SIGTERM or SIGINT. Raises JournalError, SecretFileError before it serves."""
    process = await Process.open(settings)
    await asyncio.to_thread(note_start, settings.data, hall_file, settings.demo)
    app = make_app(process)
    server = HttpServer(app, sock)
    servers = [server]
    if public is not None:
        servers.append(HttpServer(make_public_app(app), public))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for each in servers:
            each.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    hall = asyncio.create_task(process.run(), name="hall")
    if as_json:
        say_json({"ok": True, "address": server.address, "epoch": process.engine.epoch})
    else:
        say(f"{settings.config.hall.name_zh}: {server.address}  (Ctrl-C stops it)")
    try:
        async with asyncio.TaskGroup() as group:
            for each in servers:
                group.create_task(each.run())
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
    cert_file: Annotated[
        Path | None, typer.Option(help="The gateway's own certificate, for the broker.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="The key of that certificate.")] = None,
    http: Annotated[str, typer.Option(help="HOST:PORT to serve on.")] = "127.0.0.1:8080",
    public_http: Annotated[
        str | None, typer.Option(help="HOST:PORT for guests: ticket pages and numbers, read only.")
    ] = None,
    backup: Annotated[
        Path | None, typer.Option(help="A folder on a second medium for copies of the journal.")
    ] = None,
    backup_minutes: Annotated[int, typer.Option(help="How often.", min=1, max=1440)] = MINUTES,
    backup_keep: Annotated[int, typer.Option(help="How many copies.", min=1, max=99)] = KEEP,
    backup_same_disk: Annotated[
        bool, typer.Option(help="The folder may be on the journal's own disk.")
    ] = False,
    demo: Annotated[bool, typer.Option(help="Allow hall time to run faster.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Run the gateway of one hall until SIGTERM or Ctrl-C."""
    set_up_log(json_output)
    with told_plainly(json_output):
        config = load_hall_file(hall)
        host, port = parse_address(broker, "--broker")
        _check_tls_files(ca_file, cert_file, key_file)
        if password_file is not None and user is None:
            raise OperatorError("--password-file needs --user")
        password = read_password(password_file)
        address = BrokerAddress(host, port, user, password, ca_file, cert_file, key_file)
        # Closed even when the start is refused after it.
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(contextlib.closing(bind(*parse_address(http, "--http"))))
            public = None
            if public_http is not None:
                address_of_guests = parse_address(public_http, "--public-http")
                public = stack.enter_context(contextlib.closing(bind(*address_of_guests)))
            plan = (
                None
                if backup is None
                else BackupPlan(backup, backup_minutes, backup_keep, backup_same_disk)
            )
            settings = Settings(config, data, address, demo=demo, backup=plan)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run_gateway(settings, hall, sock, public, json_output))
