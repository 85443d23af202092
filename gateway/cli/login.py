"""`hallkit login`: say once where the hall is; the technician's other commands know it then."""

import getpass
import socket
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import OperatorError, say, say_json
from gateway.cli.place import JsonOption, checked_address, told
from gateway.cli.token import make_token
from gateway.hallfile import load_hall_file
from gateway.technician.login import Login, load_login, save_login
from gateway.technician.rest import Gateway, RestError
from gateway.web.tokens import TokenStore

LOCAL = "http://127.0.0.1:8080"


def login_command(
    hall: Annotated[Path | None, typer.Option(help="The hall file (TOML).")] = None,
    data: Annotated[Path | None, typer.Option(help="The gateway's data folder.")] = None,
    gateway: Annotated[str | None, typer.Option(help="http://HOST:PORT of the gateway.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="A file whose first line is a technician's token.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Say where the hall is.

    At the hall's computer: --hall FILE --data FOLDER; a token is made. From elsewhere:
    --gateway http://HOST:PORT --token-file FILE; then boards cannot be flashed, all else works.
    """
    with told(json_output):
        before = load_login()
        if hall is None and data is None and gateway is None and token_file is None:
            raise OperatorError(
                "say where the hall is: --hall FILE --data FOLDER, or --gateway URL --token-file F"
            )
        made = Login(
            hall=str(_checked_hall(hall)) if hall else before.hall,
            data=str(data.absolute()) if data else before.data,
            gateway=checked_address(gateway or before.gateway or LOCAL),
            token=_token(token_file, data, before),
        )
        path = save_login(made)
        role = _role(Gateway(made.gateway, made.token))
    if json_output:
        say_json({"ok": True, "file": str(path), "gateway": made.gateway, "role": role})
        return
    say(f"{path}: 已记住 · remembered")
    say(f"{made.gateway}: {role or '现在没有应答 · does not answer now'}")


def _checked_hall(path: Path) -> Path:
    load_hall_file(path)
    return path.absolute()


def _token(token_file: Path | None, data: Path | None, before: Login) -> str:
    if token_file is not None:
        try:
            words = token_file.read_text("utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise OperatorError(f"--token-file {token_file}: cannot be read: {error}") from error
        if not words:
            raise OperatorError(f"--token-file {token_file}: is empty")
        return words[0]
    if data is None or (before.token and str(data.absolute()) == before.data):
        return before.token
    # Whoever may write the data folder may make tokens: then do it for them.
    TokenStore(data).ensure()
    _, text = make_token(data, "technician", f"{getpass.getuser()}@{socket.gethostname()}")
    return text


def _role(gateway: Gateway) -> str:
    try:
        return str(gateway.get("/api/v1/session").get("role", ""))
    except RestError as error:
        if error.reason == "unreachable":
            return ""
        raise
