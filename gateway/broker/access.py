"""Who may say and hear what on the broker, generated from `protocols.topics` for both brokers.

Rules:
- what is not granted is forbidden; a role's grants are in `grants` and nowhere else;
- one credential is one identity, and the user name is the client id, so nobody can evict another;
- Mosquitto gets plain lines for each user, no `pattern` line: a pattern holds for every user, and
  would let a monitor write under its own name. It also means that a node taken out of the file
  loses its rights at the next reload (SIGHUP), even while it is connected.

`HallAccess` answers for the embedded broker; `mosquitto_*` are the texts of the files of a
Mosquitto 2. Source of the password format: mosquitto_passwd(1) of 2.0, `$7$` = PBKDF2-HMAC-SHA512.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Literal

from protocols.fields import FieldError, Name
from protocols.mqtt_topics import topic_matches
from protocols.topics import GATEWAY, ROOT, down_filter, gateway_topic, up_filter

Role = Literal["gateway", "node", "monitor"]
Access = Literal["read", "write"]

# Passwords are random, never chosen by people, so the count of mosquitto_passwd is enough.
PBKDF2_ROUNDS = 101
SALT_BYTES = 12
PACKET_BYTES_MAX = 65536
QUEUED_MESSAGES_MAX = 1_000_000
QUEUED_BYTES_MAX = 64 * 1024 * 1024


class AccessError(ValueError):
    """Credentials that contradict each other or the topics; the text names the identity."""


@dataclass(frozen=True)
class Identity:
    """Who somebody is on the broker: a node's name, `gw`, or a monitor's name."""

    identity: str
    role: Role


@dataclass(frozen=True)
class Credential(Identity):
    """An identity that a password proves."""

    password: str = field(repr=False)


@dataclass(frozen=True)
class Grant:
    """One topic filter that may be read or written."""

    access: Access
    topic_filter: str


def grants(hall: str, role: Role, identity: str) -> tuple[Grant, ...]:
    """All that an identity may do."""
    try:
        Name().check("hall", hall)
    except FieldError as error:
        raise AccessError(str(error)) from error
    if role == "gateway":
        return (
            Grant("read", up_filter(hall)),
            Grant("write", down_filter(hall, "+")),
            Grant("write", gateway_topic(hall)),
        )
    if role == "node":
        return (
            Grant("write", f"{ROOT}/{hall}/{identity}/up/#"),
            Grant("read", down_filter(hall, identity)),
            Grant("read", gateway_topic(hall)),
        )
    return (Grant("read", f"{ROOT}/{hall}/#"),)


def new_credentials(
    nodes: Iterable[str],
    monitors: Iterable[str] = (),
    new_password: Callable[[], str] = lambda: secrets.token_urlsafe(24),
) -> tuple[Credential, ...]:
    """Fresh credentials for the gateway, the nodes and the monitors of one hall."""
    named: list[tuple[str, Role]] = [(GATEWAY, "gateway")]
    named += [(node, "node") for node in nodes]
    named += [(monitor, "monitor") for monitor in monitors]
    return checked(Credential(identity, role, new_password()) for identity, role in named)


def checked(credentials: Iterable[Credential]) -> tuple[Credential, ...]:
    """The credentials, if their identities are fit for use and every one has a password."""
    kept = tuple(credentials)
    _check_identities(kept)
    for credential in kept:
        if not credential.password:
            raise AccessError(
                f"{credential.identity}: has no password; make one with new_credentials()"
            )
    return kept


def _check_identities(identities: Sequence[Identity]) -> None:
    """Raise AccessError unless each is safe in a topic and in a file, and has one owner."""
    seen: set[str] = set()
    for each in identities:
        identity = each.identity
        try:
            Name().check("identity", identity)
        except FieldError as error:
            raise AccessError(str(error)) from error
        if identity in seen:
            raise AccessError(f"{identity}: has two credentials; remove one")
        if (identity == GATEWAY) != (each.role == "gateway"):
            raise AccessError(
                f"{identity}: {GATEWAY!r} is the gateway's name, and only the gateway's"
            )
        seen.add(identity)


class HallAccess:
    """The rules for the embedded broker: the identity is the user name, as on Mosquitto."""

    def __init__(self, hall: str, credentials: Iterable[Credential]) -> None:
        kept = checked(credentials)
        self._passwords = {each.identity: each.password.encode() for each in kept}
        self._filters: dict[tuple[str, Access], list[str]] = {}
        for each in kept:
            for grant in grants(hall, each.role, each.identity):
                key = (each.identity, grant.access)
                self._filters.setdefault(key, []).append(grant.topic_filter)

    def authenticate(
        self,
        client_id: str,  # noqa: ARG002  # replaced by the user name, as Mosquitto does
        username: str | None,
        password: bytes | None,
    ) -> str | None:
        """The identity behind a CONNECT, or None to refuse it."""
        expected = self._passwords.get(username or "")
        if expected is None or password is None or not compare_digest(expected, password):
            return None
        return username

    def may(self, identity: str, access: Access, topic: str) -> bool:
        """Whether a message on `topic` (no wildcard in it) may come from or go to `identity`."""
        filters = self._filters.get((identity, access), ())
        return any(topic_matches(each, topic) for each in filters)


def mosquitto_acl(hall: str, identities: Sequence[Identity]) -> str:
    """The text of `acl_file`."""
    _check_identities(identities)
    lines = [f"# Who may do what in hall {hall}. Generated: changes here are overwritten."]
    for each in identities:
        lines += ["", f"user {each.identity}"]
        lines += [
            f"topic {grant.access} {grant.topic_filter}"
            for grant in grants(hall, each.role, each.identity)
        ]
    return "\n".join(lines) + "\n"


def mosquitto_passwords(
    credentials: Iterable[Credential],
    new_salt: Callable[[], bytes] = lambda: secrets.token_bytes(SALT_BYTES),
) -> str:
    """The text of `password_file`, as mosquitto_passwd writes it."""
    lines = []
    for each in checked(credentials):
        salt = new_salt()
        digest = hashlib.pbkdf2_hmac("sha512", each.password.encode(), salt, PBKDF2_ROUNDS)
        salt_text, digest_text = (base64.b64encode(part).decode() for part in (salt, digest))
        lines.append(f"{each.identity}:$7${PBKDF2_ROUNDS}${salt_text}${digest_text}")
    return "\n".join(lines) + "\n"


def mosquitto_conf(port: int, acl_file: Path, password_file: Path, user: str) -> str:
    """The text of `mosquitto.conf` for one hall on loopback, without TLS: demo, development, CI.

    `user` is whom Mosquitto becomes when root starts it: it must be able to read both files.
    """
    return f"""\
# One hall on loopback. Generated: changes here are overwritten.
listener {port} 127.0.0.1
user {user}
allow_anonymous false
password_file {password_file}
acl_file {acl_file}
{_CONF_ALWAYS}"""


@dataclass(frozen=True)
class TlsFiles:
    """What a Mosquitto with TLS reads, and the file it writes its process number into.

    `own`: its certificate and its key in one file, so that both are replaced at once.
    """

    ca: Path
    own: Path
    crl: Path
    acl: Path
    pid: Path


def mosquitto_tls_conf(port: int, address: str, files: TlsFiles, user: str) -> str:
    """The text of `mosquitto.conf` for a hall: TLS, and a certificate of the hall from everybody.

    `address`: the one it listens on, "" for all. `user` as in `mosquitto_conf`.
    """
    return f"""\
# One hall. Generated: changes here are overwritten.
listener {port}{" " + address if address else ""}
user {user}
pid_file {files.pid}
cafile {files.ca}
certfile {files.own}
keyfile {files.own}
crlfile {files.crl}
tls_version tlsv1.2
require_certificate true

# Who somebody is says the certificate, whatever the client writes into CONNECT.
use_identity_as_username true
allow_anonymous false
acl_file {files.acl}
{_CONF_ALWAYS}"""


_CONF_ALWAYS = f"""
# The client id is the credential, so that nobody can evict another client or take its session.
use_username_as_clientid true

# Answers are small and wanted at once.
set_tcp_nodelay true

# By default Mosquitto drops what it has acknowledged once 1000 messages wait; bound bytes instead.
# Not 0 ("no limit"): 2.0.11 then breaks the connection of a client whose publish it forbids.
max_inflight_messages 0
max_queued_messages {QUEUED_MESSAGES_MAX}
max_queued_bytes {QUEUED_BYTES_MAX}
max_packet_size {PACKET_BYTES_MAX}

# The broker holds no truth: nodes keep their reports until the gateway acknowledges them, and the
# gateway sends every wanted state again. A file of the broker's own could only bring back old news.
persistence false

log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""
