"""The authority of a hall on disk: its key, the book of certificates, the certificates.

    DATA/credentials/ca.key        the authority's private key (0600); with it one is any node
                     ca.pem        its certificate
                     registry.json the book (registry.py)
                     crl.pem       the list of the revoked, made from the book
                     issued/SERIAL.key, SERIAL.pem   of every certificate that counts

Rules:
- the book is written before the files that follow from it, each file whole and durably; opening
  the store brings files that a cut left behind to what the book says;
- so at no moment do two certificates of one identity count without the book showing it;
- what is made, given to a board or ended stands in the audit log before it is done;
- one process at a time: a lock on the folder.
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.audit import AuditLog, at_the_keyboard
from gateway.credentials.authority import (
    Authority,
    CertificateRole,
    authority_certificate,
    check_host,
    key_der,
    key_pem,
    load_key,
    new_key,
    revocation_list,
    sign,
)
from gateway.credentials.registry import Entry, Registry, RegistryError, from_json, to_json
from gateway.durable import replace_file, sync_folder

FOLDER = "credentials"
_PAIR = (".key", ".pem")


class CredentialError(Exception):
    """The credentials cannot be read, written or given; the text names the file and the fix."""


@dataclass(frozen=True)
class Credential:
    """One certificate that counts, and where its files are."""

    entry: Entry
    certificate_file: Path
    key_file: Path

    def certificate_der(self) -> bytes:
        """For an ESP32."""
        return _certificate(self.certificate_file).public_bytes(Encoding.DER)

    def key_der(self) -> bytes:
        """For an ESP32."""
        return key_der(load_key(self.key_file.read_bytes()))


class CredentialStore:
    """See the module; made by `open_store`, good within its block."""

    def __init__(self, folder: Path, hall: str) -> None:
        self.folder = folder
        self._audit = AuditLog(folder.parent)
        self.hall = hall
        self.ca_file = folder / "ca.pem"
        self.crl_file = folder / "crl.pem"
        self._ca_key_file = folder / "ca.key"
        self._issued = folder / "issued"
        self._registry_file = folder / "registry.json"
        self._registry = Registry(hall)
        self._authority: Authority | None = None

    @property
    def registry(self) -> Registry:
        """The book as it is on the disk."""
        return self._registry

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's."""
        return self._opened().certificate

    def ca_der(self) -> bytes:
        """The authority's certificate for an ESP32."""
        return self.certificate.public_bytes(Encoding.DER)

    def active(self, identity: str) -> Credential | None:
        """The credential of an identity that counts."""
        entry = self._registry.active(identity)
        return None if entry is None else self._credential(entry)

    def issue(
        self, identity: str, role: CertificateRole, now: datetime, hosts: Sequence[str] = ()
    ) -> Credential:
        """A new credential for an identity; the one it had stops counting with that.

        Raises CredentialError, HostError, RegistryError, AuditError.
        """
        for host in hosts:
            check_host(self.hall, host)
        key, serial = new_key(), x509.random_serial_number()
        self._note("certificate issued", identity, f"{serial:x}")
        self._save(self._registry.reserve(serial, identity, role, int(now.timestamp())))
        certificate = sign(self._opened(), key.public_key(), identity, role, serial, hosts)
        made = self._credential(self._registry.entries[-1])
        self._write(made.key_file, key_pem(key))
        self._write(made.certificate_file, certificate.public_bytes(Encoding.PEM))
        self._save(self._registry.activate(serial))
        self._follow()
        return self._credential(self._registry.entries[-1])

    @contextmanager
    def for_a_moment(self, identity: str, now: datetime) -> Iterator[Credential]:
        """A certificate that the book never lets count, for as long as the list does not name it.

        Raises CredentialError, RegistryError.
        """
        key, serial = new_key(), x509.random_serial_number()
        self._save(self._registry.reserve(serial, identity, "node", int(now.timestamp())))
        certificate = sign(self._opened(), key.public_key(), identity, "node", serial)
        made = self._credential(self._registry.entries[-1])
        try:
            self._write(made.key_file, key_pem(key))
            self._write(made.certificate_file, certificate.public_bytes(Encoding.PEM))
            yield made
        finally:
            self._save(self._registry.settle())
            self._follow()

    def revoke(self, identity: str) -> bool:
        """End what an identity has; False: nothing. Raises CredentialError, AuditError."""
        had = self._registry.active(identity) is not None
        if had:
            self._note("certificate revoked", identity, "ordered")
        self._save(self._registry.revoke(identity))
        self._follow()
        return had

    def bind(self, credential: Credential, board: str) -> None:
        """Write down which board is about to get it. Raises RegistryError, CredentialError."""
        bound = self._registry.bind(credential.entry.serial, board)
        if bound is not self._registry:
            self._note("certificate given to board", credential.entry.identity, board)
        self._save(bound)

    # ---- opening ----

    def load(self, now: datetime) -> None:
        """Read what is there; make the authority the first time; bring files to the book."""
        if self.ca_file.exists():
            self._read()
        else:
            self._make(now)
        self._save(self._registry.settle())
        self._follow()

    def _make(self, now: datetime) -> None:
        # ca.pem comes last: before it is there, nothing was ever signed.
        self._note("authority made", self.hall, "ordered")
        if not self._ca_key_file.exists():
            self._write(self._ca_key_file, key_pem(new_key()))
        self._write(self._registry_file, to_json(self._registry))
        key = load_key(self._ca_key_file.read_bytes())
        certificate = authority_certificate(self.hall, key, now)
        self._write(self.ca_file, certificate.public_bytes(Encoding.PEM))
        self._authority = Authority(certificate, key)

    def _read(self) -> None:
        for path in (self._ca_key_file, self._registry_file):
            if not path.exists():
                raise CredentialError(
                    f"{path} is lost: bring it back from the backup; without it no node can be "
                    f"provisioned, and none can be shut out"
                )
        if stat.S_IMODE(self._ca_key_file.stat().st_mode) & 0o077:
            raise CredentialError(
                f"{self._ca_key_file} can be read by others: run `chmod 600 {self._ca_key_file}`; "
                f"if somebody may have read it, make the hall a new authority"
            )
        try:
            key = load_key(self._ca_key_file.read_bytes())
            self._registry = from_json(self._registry_file.read_bytes())
        except ValueError as error:
            raise CredentialError(f"{self._ca_key_file}: {error}") from error
        except RegistryError as error:
            raise CredentialError(f"{self._registry_file} {error}") from error
        self._authority = Authority(_certificate(self.ca_file), key)
        if self._registry.hall != self.hall:
            raise CredentialError(
                f"{self.folder} belongs to hall {self._registry.hall!r}, not {self.hall!r}: "
                f"every hall has a data folder of its own"
            )
        if self._authority.certificate.public_key() != key.public_key():
            raise CredentialError(f"{self.ca_file} does not belong to {self._ca_key_file}")

    # ---- files that follow from the book ----

    def _follow(self) -> None:
        if self._listed_number() != self._registry.number:
            revoked = self._registry.revoked_serials
            made = revocation_list(self._opened(), self._registry.number, revoked)
            self._write(self.crl_file, made.public_bytes(Encoding.PEM))
        counting = {f"{entry.serial:x}" for entry in self._registry.all_active}
        old = [path for path in sorted(self._issued.glob("*")) if path.stem not in counting]
        for path in old:
            path.unlink()
        if old:
            sync_folder(self._issued)

    def _listed_number(self) -> int:
        if not self.crl_file.exists():
            return 0
        try:
            listed = x509.load_pem_x509_crl(self.crl_file.read_bytes())
            return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (ValueError, x509.ExtensionNotFound):
            return 0  # made anew

    def _credential(self, entry: Entry) -> Credential:
        key, certificate = (self._issued / f"{entry.serial:x}{ending}" for ending in _PAIR)
        return Credential(entry, certificate, key)

    def _note(self, action: str, target: str, result: str) -> None:
        self._audit.note(at_the_keyboard(), action, target, result)

    def _save(self, registry: Registry) -> None:
        if registry is not self._registry:
            self._write(self._registry_file, to_json(registry))
            self._registry = registry

    def _write(self, path: Path, data: bytes) -> None:
        try:
            replace_file(path, data)
        except OSError as error:
            raise CredentialError(f"{path} cannot be written: {error.strerror}") from error

    def _opened(self) -> Authority:
        assert self._authority is not None, "load() comes first"
        return self._authority


@contextmanager
def open_store(data: Path, hall: str, now: datetime) -> Iterator[CredentialStore]:
    """The credentials in a gateway's data folder, for this process alone.

    Raises CredentialError.
    """
    folder = data / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CredentialError(f"{folder} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CredentialError(
                f"{folder} is in use by another hallkit command: wait until it is done"
            ) from error
        store = CredentialStore(folder, hall)
        store.load(now)
        yield store
    finally:
        os.close(descriptor)


def read_registry(data: Path) -> Registry | None:
    """The book, only to look at; None when the hall has no authority. Raises CredentialError."""
    path = data / FOLDER / "registry.json"
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, RegistryError) as error:
        raise CredentialError(f"{path}: {error}") from error


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CredentialError(f"{path} cannot be read: {error}") from error
