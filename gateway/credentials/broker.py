"""What Mosquitto and the gateway read of the hall's credentials, in DATA/broker.

    mosquitto.conf, acl, ca.pem, crl.pem, broker.pem, gateway.pem; mosquitto.pid by Mosquitto

Rules:
- all follows from the book and the site, and is written anew whenever it differs: a cut before
  or between the files is mended by the next command that opens the store;
- a change reaches a running Mosquitto by SIGHUP, which reads acl, certificates and the list of the
  revoked anew; a changed mosquitto.conf needs a restart.
"""

import os
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.broker.access import Identity, TlsFiles, mosquitto_acl, mosquitto_tls_conf
from gateway.credentials.authority import broker_name
from gateway.credentials.registry import Registry
from gateway.credentials.site import Site
from gateway.credentials.store import Credential, CredentialError, CredentialStore
from gateway.durable import replace_file
from protocols.topics import GATEWAY

FOLDER = "broker"


@dataclass(frozen=True)
class Written:
    """What has changed, and so what Mosquitto must do."""

    reload: bool
    restart: bool


def tls_files(data: Path) -> TlsFiles:
    """Where Mosquitto finds its files."""
    folder = (data / FOLDER).absolute()
    return TlsFiles(
        ca=folder / "ca.pem",
        own=folder / "broker.pem",
        crl=folder / "crl.pem",
        acl=folder / "acl",
        pid=folder / "mosquitto.pid",
    )


def conf_file(data: Path) -> Path:
    """The file Mosquitto is started with."""
    return (data / FOLDER / "mosquitto.conf").absolute()


def gateway_file(data: Path) -> Path:
    """The gateway's own certificate and key, in one file."""
    return (data / FOLDER / "gateway.pem").absolute()


def ensure_credentials(store: CredentialStore, site: Site, now: datetime) -> None:
    """Give broker and gateway a certificate when they have none that fits.

    Raises CredentialError, HostError.
    """
    hosts = ("localhost", "127.0.0.1", "::1", site.broker_host)
    broker = store.active(broker_name(store.hall))
    if broker is None or not _names(broker, site.broker_host):
        store.issue(broker_name(store.hall), "broker", now, hosts)
    if store.active(GATEWAY) is None:
        store.issue(GATEWAY, "gateway", now)


def write_files(store: CredentialStore, data: Path, site: Site) -> Written:
    """Bring DATA/broker to what the book says. Raises CredentialError."""
    files = tls_files(data)
    changed = False
    for path, content in (
        # The list of the revoked first: a cut must not leave rights and take away refusals.
        (files.crl, store.crl_file.read_bytes()),
        (files.acl, acl_text(store.registry).encode()),
        (files.ca, store.ca_file.read_bytes()),
        (files.own, _both(store.active(broker_name(store.hall)))),
        (gateway_file(data), _both(store.active(GATEWAY))),
    ):
        changed |= _replace_if_other(path, content)
    conf = mosquitto_tls_conf(site.broker_port, site.listen, files, site.broker_user)
    return Written(changed, _replace_if_other(conf_file(data), conf.encode()))


def write_revocations(store: CredentialStore, data: Path) -> None:
    """The list of the revoked alone, before the rest. Raises CredentialError."""
    _replace_if_other(tls_files(data).crl, store.crl_file.read_bytes())


def acl_text(registry: Registry) -> str:
    """Who may do what: everybody whose certificate counts."""
    identities = [
        Identity(entry.identity, "gateway" if entry.role == "gateway" else "node")
        for entry in registry.all_active
        if entry.role != "broker"
    ]
    return mosquitto_acl(registry.hall, sorted(identities, key=lambda each: each.identity))


def listed_number(data: Path) -> int:
    """Which book the list of the revoked that Mosquitto reads was made from; 0: none."""
    try:
        listed = x509.load_pem_x509_crl(tls_files(data).crl.read_bytes())
    except (OSError, ValueError):
        return 0
    return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def reload_mosquitto(data: Path) -> bool:
    """Have a running Mosquitto read its files anew; False when none runs.

    Raises CredentialError with the command that somebody with more rights can give.
    """
    pid = running_mosquitto(data)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGHUP)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise CredentialError(
            f"Mosquitto must read its files anew, and it belongs to another user; "
            f"run: sudo kill -HUP {pid}"
        ) from error
    return True


def running_mosquitto(data: Path) -> int | None:
    """The process number of the Mosquitto that runs with these files."""
    try:
        pid = int(tls_files(data).pid.read_text("ascii"))
        name = Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except (OSError, ValueError):
        return None
    # A number that was left behind by a kill may be somebody else's by now.
    return pid if name == "mosquitto" else None


def _names(credential: Credential, host: str) -> bool:
    certificate = x509.load_pem_x509_certificate(credential.certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    listed = [str(name.value) for name in names]
    return host in listed


def _both(credential: Credential | None) -> bytes:
    if credential is None:
        raise CredentialError("broker and gateway have no certificate: hallkit credentials broker")
    return credential.certificate_file.read_bytes() + credential.key_file.read_bytes()


def _replace_if_other(path: Path, content: bytes) -> bool:
    try:
        if path.exists() and path.read_bytes() == content:
            return False
        replace_file(path, content)
    except OSError as error:
        raise CredentialError(f"{path} cannot be written: {error.strerror}") from error
    return True
