"""What is asked once for a hall, and kept: the broker's address, the Wi-Fi."""

import getpass
import socket
import sys
from dataclasses import replace
from pathlib import Path

import typer

from gateway.cli.output import OperatorError
from gateway.credentials.authority import check_host
from gateway.credentials.site import Site, Wifi, load_site, save_site


def ensure_site(
    data: Path,
    hall: str,
    *,
    wifi: bool,
    host: str | None = None,
    port: int | None = None,
    listen: str | None = None,
    user: str | None = None,
    new_wifi: Wifi | None = None,
) -> Site:
    """What is known, with what was said now, and what is missing asked for.

    Raises OperatorError when nobody can be asked, HostError, CredentialError.
    """
    before = load_site(data)
    site = before
    if host is not None or not site.broker_host:
        site = replace(site, broker_host=host or _ask_host())
        check_host(hall, site.broker_host)
    if port is not None:
        site = replace(site, broker_port=port)
    if listen is not None:
        site = replace(site, listen=listen)
    if user is not None or not site.broker_user:
        site = replace(site, broker_user=user or getpass.getuser())
    if new_wifi is not None or (wifi and site.wifi is None):
        site = replace(site, wifi=new_wifi or _ask_wifi())
    if site != before:
        save_site(data, site)
    return site


def _ask_host() -> str:
    _somebody_must_be_there("the broker's address", "--host ADDRESS with `credentials broker`")
    return str(
        typer.prompt(
            "消息代理的地址（节点用它来连接） · the broker's address", _own_address(), err=True
        )
    ).strip()


def _ask_wifi() -> Wifi:
    _somebody_must_be_there("the Wi-Fi", "--wifi NAME --wifi-password-file FILE")
    ssid = str(typer.prompt("Wi-Fi 名称 · name", err=True)).strip()
    password = str(typer.prompt("Wi-Fi 密码 · password", hide_input=True, err=True))
    return Wifi(ssid, password)


def _somebody_must_be_there(what: str, option: str) -> None:
    if not sys.stdin.isatty():
        raise OperatorError(f"{what} is not known yet: give {option}")


def _own_address() -> str:
    """The address of this computer towards others; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])
