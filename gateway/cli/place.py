"""What the technician's commands share: where the hall is, and how their errors are told.

Rules: what `hallkit login` wrote is taken unless an option says otherwise; an error that comes out
of a part of the work ends with its own exit code.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, told_plainly
from gateway.config import HallConfig, Node
from gateway.credentials.authority import HostError
from gateway.credentials.registry import RegistryError
from gateway.credentials.store import CredentialError
from gateway.hallfile import load_hall_file
from gateway.technician.login import LoginError, load_login
from gateway.technician.node_files import NodeFileError
from gateway.technician.rest import Gateway, RestError

HallOption = Annotated[Path | None, typer.Option("--hall", help="The hall file (TOML).")]
DataOption = Annotated[Path | None, typer.Option("--data", help="The gateway's data folder.")]
GatewayOption = Annotated[
    str | None, typer.Option("--gateway", help="Where the gateway is, http://HOST:PORT.")
]
TokenOption = Annotated[
    Path | None, typer.Option("--token-file", help="A file whose first line is a token.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
NodeArgument = Annotated[str, typer.Argument(help="A node of the hall file, such as w03-pad.")]


@dataclass(frozen=True)
class Place:
    """A hall whose data folder is on this computer."""

    config: HallConfig
    data: Path

    def node(self, name: str) -> Node:
        """One of its nodes. Raises OperatorError naming those that are near."""
        found = self.config.node_by_id.get(name)
        if found is None:
            near = [each for each in self.config.node_by_id if each.startswith(name[:3])]
            listed = ", ".join(near or list(self.config.node_by_id))
            raise OperatorError(f"there is no node {name!r} in the hall file; there are: {listed}")
        return found


def now() -> datetime:
    """The time of this computer."""
    return datetime.now(UTC)


def the_place(hall: Path | None, data: Path | None) -> Place:
    """The hall on this computer. Raises OperatorError, HallFileError."""
    login = load_login()
    hall_file, folder = _said(hall, login.hall), _said(data, login.data)
    if hall_file is None or folder is None:
        raise OperatorError(
            "where is the hall? On the hall's computer run once: "
            "hallkit login --hall FILE --data FOLDER"
        )
    return Place(load_hall_file(hall_file), folder)


def the_gateway(address: str | None, token_file: Path | None) -> Gateway:
    """The gateway to ask. Raises OperatorError when nobody said where it is."""
    found = maybe_gateway(address, token_file)
    if found is None:
        raise OperatorError(
            "where is the gateway? Run once: hallkit login --gateway http://HOST:8080 "
            "--token-file FILE"
        )
    return found


def maybe_gateway(address: str | None, token_file: Path | None) -> Gateway | None:
    """The same, or None."""
    login = load_login()
    where = address or login.gateway
    if not where:
        return None
    return Gateway(checked_address(where), _token(token_file) or login.token)


def checked_address(text: str) -> str:
    """http://HOST:PORT without a slash at its end. Raises OperatorError."""
    address = text.rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise OperatorError(f"--gateway {text!r}: give http://HOST:PORT")
    return address


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        lines = path.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"--token-file {path}: cannot be read: {error}") from error
    if not lines:
        raise OperatorError(f"--token-file {path}: is empty; its first line must hold the token")
    return lines[0]


def _said(option: Path | None, kept: str) -> Path | None:
    if option is not None:
        return option
    return Path(kept) if kept else None


@contextlib.contextmanager
def told(as_json: bool, codes: Callable[[Exception], Exit | None] | None = None) -> Iterator[None]:
    """Turn what goes wrong into its sentence and exit code; `codes` knows more kinds of it."""
    with told_plainly(as_json):
        try:
            yield
        except KeyboardInterrupt as error:
            raise OperatorError(
                "中断了，再运行同一条命令即可继续 · interrupted: the same command goes on",
                Exit.INTERRUPTED,
            ) from error
        except (OperatorError, typer.Exit):
            raise
        except Exception as error:
            code = (codes(error) if codes is not None else None) or _code_of(error)
            if code is None:
                raise
            raise OperatorError(str(error), code) from error


def _code_of(error: Exception) -> Exit | None:
    match error:
        case RestError():
            return Exit.GATEWAY
        case CredentialError() | RegistryError() | HostError() | LoginError() | NodeFileError():
            return Exit.CONFIG
        case _:
            return None
