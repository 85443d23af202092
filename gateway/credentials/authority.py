"""The certificates of a hall, as X.509: keys and numbers in, certificates out. No files, no clock.

Rules:
- EC P-256 with SHA-256, which an ESP32 verifies in a second and every library knows;
- everything counts from the year 2000, because a board without a clock believes it is then, and
  ends with the authority: what ends earlier is ended by the list of the revoked;
- that list never expires either: OpenSSL refuses every client when it has;
- a node's certificate can only be a client, the broker's only a server, so that a stolen pad can
  not play the broker;
- the authority can sign names of its own hall and of no other place. The constraint is not marked
  critical, against RFC 5280 4.2.1.10: mbedTLS does not know it and would refuse the whole chain.

Sources: RFC 5280; what mbedTLS reads: x509parse of mbed TLS 2.28 and 3.6 (DER, SEC1 keys).
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CertificateRole = Literal["broker", "gateway", "node"]

NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
YEARS = 20
# Names a broker may have besides those of its hall; its addresses are not constrained.
LOCAL_NAMES = ("localhost", "local", "lan", "internal")


class HostError(ValueError):
    """A name the broker cannot have; the text says what it can."""


@dataclass(frozen=True)
class Authority:
    """Who signs in one hall."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def end_of(made: datetime) -> datetime:
    """When an authority made then ends, and everything it signs with it."""
    return datetime(made.year + YEARS, made.month, 1, tzinfo=UTC)


def broker_name(hall: str) -> str:
    """The name in the broker's certificate that nodes look for, whatever its address is."""
    return f"gateway.{hall}"


def check_host(hall: str, host: str) -> None:
    """Raise HostError when no certificate of this hall can name `host`."""
    if _address(host) is not None:
        return
    ends = (hall, *LOCAL_NAMES)
    if not any(host == end or host.endswith(f".{end}") for end in ends):
        fitting = ", ".join(f".{end}" for end in ends if end != "localhost")
        raise HostError(f"host {host!r}: give an address, or a name that ends in {fitting}")


def authority_certificate(
    hall: str, key: ec.EllipticCurvePrivateKey, made: datetime
) -> x509.Certificate:
    """The certificate of a new authority, signed by itself."""
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # A second authority of a hall must not be taken for the first.
    name = _common_name(f"hallkit {hall} {key_id.digest[:4].hex()}")
    allowed = [x509.DNSName(end) for end in (hall, *LOCAL_NAMES)]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(end_of(made))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(key_id, critical=False)
        .add_extension(x509.NameConstraints(allowed, None), critical=False)
        .sign(key, hashes.SHA256())
    )


def sign(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    identity: str,
    role: CertificateRole,
    serial: int,
    hosts: Sequence[str] = (),
) -> x509.Certificate:
    """A certificate for `identity`, which becomes its user name at the broker.

    `hosts`: names and addresses of a broker, checked with `check_host`.
    """
    server = role == "broker"
    usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    issuer = authority.certificate
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateBuilder()
        .subject_name(_common_name(identity))
        .issuer_name(issuer.subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id),
            critical=False,
        )
    )
    if server:
        names = [_general_name(host) for host in dict.fromkeys((identity, *hosts))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def revocation_list(
    authority: Authority, number: int, serials: Iterable[int]
) -> x509.CertificateRevocationList:
    """The list of those that do not count any more; `number` rises with every new list."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        # Not the day it was made: a broker whose clock is behind would refuse everybody.
        .last_update(NOT_BEFORE)
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(NOT_BEFORE)
            .build()
        )
    return builder.sign(authority.key, hashes.SHA256())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """For OpenSSL: the broker, the gateway, a Pi."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def key_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """For mbedTLS on an ESP32: SEC1."""
    return key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The private key in a PEM file. Raises ValueError."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("is not a key of an elliptic curve")
    return key


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _general_name(host: str) -> x509.GeneralName:
    address = _address(host)
    return x509.DNSName(host) if address is None else x509.IPAddress(address)


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
