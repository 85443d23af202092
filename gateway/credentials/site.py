"""What every node of a hall is told of its surroundings: the broker's address, the Wi-Fi.

Asked once, kept in DATA/credentials/site.json, readable by its owner only.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.credentials.store import FOLDER, CredentialError
from gateway.durable import replace_file

BROKER_PORT = 8883
_VERSION = 1


@dataclass(frozen=True)
class Wifi:
    """The network of the hall's boards; WPA2 takes 8 to 63 characters."""

    ssid: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.ssid.encode()) <= 32:
            raise CredentialError("Wi-Fi name: give 1 to 32 bytes")
        if not 8 <= len(self.password.encode()) <= 63:
            raise CredentialError("Wi-Fi password: WPA2 takes 8 to 63 characters")


@dataclass(frozen=True)
class Site:
    """`broker_host`: as nodes reach it; `listen`: what the broker listens on, "" for all."""

    broker_host: str = ""
    broker_port: int = BROKER_PORT
    listen: str = ""
    broker_user: str = ""
    wifi: Wifi | None = None


def load_site(data: Path) -> Site:
    """What was said so far. Raises CredentialError."""
    path = _path(data)
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Site()
    except (OSError, ValueError) as error:
        raise CredentialError(f"{path} cannot be read: {error}") from error
    if values.pop("version", None) != _VERSION:
        raise CredentialError(f"{path} is of another version: delete it and answer once more")
    wifi = values.pop("wifi", None)
    try:
        return Site(**values, wifi=None if wifi is None else Wifi(**wifi))
    except TypeError as error:
        raise CredentialError(f"{path} is damaged: delete it and answer once more") from error


def save_site(data: Path, site: Site) -> None:
    """Keep it. Raises CredentialError."""
    path = _path(data)
    body = json.dumps({"version": _VERSION, **asdict(site)}, indent=1, ensure_ascii=False)
    try:
        replace_file(path, body.encode() + b"\n")
    except OSError as error:
        raise CredentialError(f"{path} cannot be written: {error.strerror}") from error


def _path(data: Path) -> Path:
    return data / FOLDER / "site.json"
