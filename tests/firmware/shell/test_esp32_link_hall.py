"""The files a board gets (DER) open its hall's Mosquitto: to the real link, to a real mbedTLS."""

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from mbedtls import pk, tls
from mbedtls import x509 as mbedtls_x509
from mbedtls.exceptions import TLSError

from protocols.mqtt import Decoder, encode_connect
from protocols.mqtt_packets import Connack

DEADLINE_S = 20.0
NAME = "gateway.langfang"
Papers = tuple[bytes, bytes, bytes]


def papers_of(hall: Any, node: str) -> Papers:
    """ca.der, node.der, key.der."""
    hall.issue(node)
    with hall.store() as store:
        credential = store.active(node)
        return store.ca_der(), credential.certificate_der(), credential.key_der()


def ticks() -> int:
    return time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF


def answer_to_connect(link_module: Any, port: int, papers: Papers) -> Any:
    """What the broker says to a CONNECT over the link; None when it broke the connection."""
    link = link_module.Link("127.0.0.1", port, NAME, papers)
    link.dial(ticks())
    decoder = Decoder(1 << 16)
    deadline = time.monotonic() + DEADLINE_S
    try:
        while True:
            assert time.monotonic() < deadline, "the broker neither answered nor hung up"
            link.wait(5, lambda _: None)
            for event in link.step(ticks()):
                if event[0] == "made":
                    link.send(encode_connect("w03-pad", 15))
                elif event[0] == "data":
                    return decoder.feed(event[1])[0]
                else:
                    return None
    finally:
        link.close()


def test_the_firmwares_link_comes_in_with_the_files_of_its_board(
    micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall = secure_hall()
    papers = papers_of(hall, "w03-pad")
    hall.start()
    answer = answer_to_connect(micro_link, hall.port, papers)
    assert isinstance(answer, Connack)
    assert answer.code == 0


def test_the_files_of_another_hall_do_not_come_in(
    micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall, other = secure_hall(), secure_hall()
    ca, _, _ = papers_of(hall, "w03-pad")
    theirs = papers_of(other, "w03-pad")
    hall.start()
    assert answer_to_connect(micro_link, hall.port, theirs) is None, "it believes its own broker"
    assert answer_to_connect(micro_link, hall.port, (ca, *theirs[1:])) is None


def shake_hands(port: int, papers: Papers) -> str:
    """A handshake by mbed TLS, which is what an ESP32 has; the cipher. Raises TLSError."""
    ca, certificate, key = papers
    configuration = tls.TLSConfiguration(
        trust_store=tls.TrustStore([mbedtls_x509.CRT.from_DER(ca)]),
        certificate_chain=([mbedtls_x509.CRT.from_DER(certificate)], pk.ECC.from_DER(key)),
        validate_certificates=True,
    )
    context = tls.ClientContext(configuration)
    deadline = time.monotonic() + DEADLINE_S
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as raw:
        stream = context.wrap_socket(raw, server_hostname=NAME)
        while True:
            assert time.monotonic() < deadline
            try:
                stream.do_handshake()
            except (tls.WantReadError, tls.WantWriteError):
                continue
            return str(stream.cipher())


def test_mbedtls_takes_the_files_and_the_brokers_certificate(
    secure_hall: Callable[..., Any],
) -> None:
    hall, other = secure_hall(), secure_hall()
    papers, theirs = papers_of(hall, "w03-pad"), papers_of(other, "w03-pad")
    hall.start()
    assert "ECDSA" in shake_hands(hall.port, papers)
    with pytest.raises(TLSError):
        shake_hands(hall.port, theirs)
