"""Where the hall is, said once: hall file, data folder, gateway, token. `hallkit login` writes it.

The file lies in the user's own configuration folder and is closed to others, for it holds a token.
"""

import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gateway.durable import replace_file


class LoginError(Exception):
    """What was said at the login is not there, or is not whole; the text says the command."""


@dataclass(frozen=True)
class Login:
    """Paths are absolute; "" is what was not said. A token without its text: not allowed in."""

    hall: str = ""
    data: str = ""
    gateway: str = ""
    token: str = field(default="", repr=False)


def login_file() -> Path:
    """Where it is kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "hallkit" / "login.json"


def load_login() -> Login:
    """What was said; all empty when nothing was. Raises LoginError."""
    path = login_file()
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        names = {each.name for each in fields(Login)}
        return Login(**{name: str(value) for name, value in values.items() if name in names})
    except FileNotFoundError:
        return Login()
    except (OSError, ValueError, AttributeError) as error:
        raise LoginError(
            f"{path} cannot be read: {error}: say it again with `hallkit login`"
        ) from error


def save_login(login: Login) -> Path:
    """Keep it. Raises LoginError."""
    path = login_file()
    try:
        replace_file(path, json.dumps(asdict(login), indent=1).encode() + b"\n")
    except OSError as error:
        raise LoginError(f"{path} cannot be written: {error.strerror}") from error
    return path
