"""The hall's certificates on a real Mosquitto over TLS: who comes in, as whom, and until when."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

from gateway.credentials.broker import (
    conf_file,
    ensure_credentials,
    gateway_file,
    listed_number,
    tls_files,
    write_files,
)

DEADLINE_S = 20.0
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Client:
    """One attempt to come in, and what came of it; every wait has a deadline."""

    def __init__(self, hall: Any, cert: Path, key: Path, client_id: str = "any") -> None:
        self._outcome: queue.Queue[bool] = queue.Queue()
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.closed = threading.Event()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False
        )
        ca = str(tls_files(hall.data).ca)
        self._client.tls_set(ca_certs=ca, certfile=str(cert), keyfile=str(key))
        # The user name in CONNECT must not matter.
        self._client.username_pw_set("gw", "x")
        self._client.on_connect = lambda *got: self._outcome.put(not got[3].is_failure)
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = lambda *got: self.heard.put((got[2].topic, got[2].payload))
        self._subscribed: queue.Queue[bool] = queue.Queue()
        self._client.on_subscribe = lambda *got: self._subscribed.put(True)
        self._client.connect("127.0.0.1", hall.port)
        self._client.loop_start()
        self.accepted = self._outcome.get(timeout=DEADLINE_S)

    def _on_disconnect(self, *_: object) -> None:
        self.closed.set()
        self._outcome.put(False)

    def subscribe(self, topic_filter: str) -> None:
        self._client.subscribe(topic_filter, 1)
        self._subscribed.get(timeout=DEADLINE_S)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1).wait_for_publish(DEADLINE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    """Makes a client and closes it at the end."""
    made: list[Client] = []

    def make(hall: Any, pair: tuple[Path, Path], **options: Any) -> Client:
        made.append(Client(hall, *pair, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def gateway_pair(hall: Any) -> tuple[Path, Path]:
    path = gateway_file(hall.data)
    return path, path


def test_the_halls_certificate_comes_in_and_another_halls_does_not(
    secure_hall: Callable[..., Any], client: Callable[..., Client]
) -> None:
    hall = secure_hall()
    # A hall of the same name, so that only the key tells them apart.
    other = secure_hall()
    pair, foreign = hall.issue("w03-pad"), other.issue("w03-pad")
    hall.start()
    assert client(hall, pair).accepted
    assert not client(hall, foreign).accepted


def greet(port: int, authority: Path) -> None:
    """A handshake by somebody who believes this authority and has no certificate."""
    context = ssl.create_default_context(cafile=authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 says a refusal only later
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as raw:
        context.wrap_socket(raw, server_hostname="gateway.langfang").close()


def test_a_node_does_not_believe_another_halls_broker(secure_hall: Callable[..., Any]) -> None:
    hall, other = secure_hall().start(), secure_hall()
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(hall.port, tls_files(other.data).ca)


def test_no_certificate_no_connection(secure_hall: Callable[..., Any]) -> None:
    hall = secure_hall().start()
    with pytest.raises((ssl.SSLError, ConnectionError)) as caught:
        greet(hall.port, tls_files(hall.data).ca)
    assert not isinstance(caught.value, ssl.SSLCertVerificationError), "the broker is a good one"


def test_a_certificate_acts_as_its_own_node_only_whatever_connect_says(
    secure_hall: Callable[..., Any], client: Callable[..., Client]
) -> None:
    hall = secure_hall()
    pair = hall.issue("w03-pad")
    hall.issue("w04-pad")
    hall.start()
    gateway = client(hall, gateway_pair(hall))
    gateway.subscribe("hk1/langfang/+/up/#")
    pad = client(hall, pair, client_id="gw")
    assert pad.accepted
    assert gateway.closed.is_set() is False, "the client id `gw` of a pad evicted the gateway"
    pad.publish("hk1/langfang/w04-pad/up/ev", b"foreign")
    pad.publish("hk1/langfang/gw/state", b"foreign")
    pad.publish("hk1/langfang/w03-pad/up/ev", b"own")
    assert gateway.heard.get(timeout=DEADLINE_S) == ("hk1/langfang/w03-pad/up/ev", b"own")
    pad.subscribe("hk1/langfang/#")
    gateway.publish("hk1/langfang/w04-pad/down/want", b"foreign")
    gateway.publish("hk1/langfang/w03-pad/down/want", b"own")
    assert pad.heard.get(timeout=DEADLINE_S) == ("hk1/langfang/w03-pad/down/want", b"own")


def test_a_replaced_certificate_is_refused_at_the_next_connection(
    secure_hall: Callable[..., Any], client: Callable[..., Client]
) -> None:
    hall = secure_hall()
    old = hall.issue("w03-pad")
    hall.start()
    pad = client(hall, old)
    assert pad.accepted
    new = hall.issue("w03-pad")  # tells Mosquitto by SIGHUP
    until(lambda: not client(hall, old).accepted, "the old one still comes in")
    # The new board takes the place of the old one's connection, which cannot come back.
    assert client(hall, new).accepted
    assert pad.closed.wait(DEADLINE_S)


def test_a_revoked_node_loses_its_rights_even_while_it_is_connected(
    secure_hall: Callable[..., Any], client: Callable[..., Client]
) -> None:
    hall = secure_hall()
    pair, other = hall.issue("w03-pad"), hall.issue("w04-pad")
    hall.start()
    gateway, pad, witness = (client(hall, each) for each in (gateway_pair(hall), pair, other))
    gateway.subscribe("hk1/langfang/+/up/#")

    def is_heard() -> bool:
        pad.publish("hk1/langfang/w03-pad/up/ev", b"x")
        witness.publish("hk1/langfang/w04-pad/up/ev", b"after it")
        first = gateway.heard.get(timeout=DEADLINE_S)[1]
        return first == b"x" and gateway.heard.get(timeout=DEADLINE_S)[1] == b"after it"

    assert is_heard()
    hall.change(lambda store: store.revoke("w03-pad"))
    until(lambda: not is_heard(), "it can still speak")
    assert not client(hall, pair).accepted


def test_files_are_written_only_when_they_differ(secure_hall: Callable[..., Any]) -> None:
    hall = secure_hall()
    with hall.store() as store:
        before = conf_file(hall.data).stat().st_mtime_ns
        assert not write_files(store, hall.data, hall.site).reload
        store.issue("w03-pad", "node", NOW)
        written = write_files(store, hall.data, hall.site)
        assert (written.reload, written.restart) == (True, False)
        assert conf_file(hall.data).stat().st_mtime_ns == before
        assert listed_number(hall.data) == store.registry.number


def test_a_new_address_gives_the_broker_a_new_certificate_that_names_it(
    secure_hall: Callable[..., Any],
) -> None:
    hall = secure_hall()
    site = replace(hall.site, broker_host="192.168.20.5", listen="")
    with hall.store() as store:
        ensure_credentials(store, site, NOW)
        assert write_files(store, hall.data, site).restart
    own = x509.load_pem_x509_certificate(tls_files(hall.data).own.read_bytes())
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "192.168.20.5" in [str(name.value) for name in names]
