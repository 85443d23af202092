"""A laptop on a pad's cable, on a real Mosquitto over TLS as a hall runs it: it can do nothing.

The client is paho, which knows nothing of our rules. What a role may do is written down here by
hand a second time; every topic is tried by every identity, to write and to read.
"""

import datetime as dt
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.credentials.broker import gateway_file, tls_files
from protocols.mqtt import encode_connect
from protocols.topics import CHANNELS, gateway_topic, node_topic

HALL = "langfang"
DEADLINE_S = 20.0
CUT_S = 5.0  # the promise
TOPICS = [
    *[node_topic(HALL, node, channel) for node in ("w03-pad", "w04-pad") for channel in CHANNELS],
    gateway_topic(HALL),
    node_topic("other", "w03-pad", CHANNELS[0]),
    f"hk1/{HALL}/gw/up/ev",
    "elsewhere",
    "$SYS/broker/version",
]


def allowed(identity: str, access: str, topic: str) -> bool:
    """By hand."""
    own = f"hk1/{HALL}/{identity}/"
    if identity == "gw":
        if access == "read":
            return topic.startswith(f"hk1/{HALL}/") and "/up/" in topic
        return topic.startswith(f"hk1/{HALL}/") and (
            "/down/" in topic or topic == f"hk1/{HALL}/gw/state"
        )
    if access == "write":
        return topic.startswith(own + "up/")
    return topic.startswith(own + "down/") or topic == f"hk1/{HALL}/gw/state"


class Visitor:
    """A client with whatever it was given; every wait has a deadline."""

    def __init__(
        self, hall: Any, pair: tuple[Path, Path] | None, again: bool = False, will: str = ""
    ) -> None:
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.closed_at = 0.0
        self.entered = 0
        self._came: queue.Queue[bool] = queue.Queue()
        self._granted: queue.Queue[bool] = queue.Queue()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="gw", reconnect_on_failure=again
        )
        self._client.reconnect_delay_set(1, 1)
        own = {} if pair is None else {"certfile": str(pair[0]), "keyfile": str(pair[1])}
        self._client.tls_set(ca_certs=str(tls_files(hall.data).ca), **own)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = lambda *_: self._granted.put(True)
        self._client.on_message = lambda *got: self.heard.put((got[2].topic, got[2].payload))
        if will:
            self._client.will_set(will, b"lost", 1, True)
        try:
            self._client.connect("127.0.0.1", hall.port)
            self._client.loop_start()
            self.accepted = self._came.get(timeout=DEADLINE_S)
        except (OSError, ssl.SSLError):
            self.accepted = False

    def _on_connect(self, *got: Any) -> None:
        self.entered += not got[3].is_failure
        self._came.put(not got[3].is_failure)

    def _on_disconnect(self, *_: object) -> None:
        self.closed_at = self.closed_at or time.monotonic()
        self._came.put(False)

    def subscribe(self, topic_filter: str) -> None:
        self._client.subscribe(topic_filter, 1)
        self._granted.get(timeout=DEADLINE_S)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1).wait_for_publish(DEADLINE_S)

    def topics_until(self, end: bytes) -> set[str]:
        found = set()
        while (said := self.heard.get(timeout=DEADLINE_S))[1] != end:
            found.add(said[0])
        return found

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def visit() -> Iterator[Callable[..., Visitor]]:
    made: list[Visitor] = []

    def come(*arguments: Any, **options: Any) -> Visitor:
        made.append(Visitor(*arguments, **options))
        return made[-1]

    yield come
    for each in made:
        each.leave()


def gateway_pair(hall: Any) -> tuple[Path, Path]:
    return gateway_file(hall.data), gateway_file(hall.data)


def self_made(folder: Path, identity: str) -> tuple[Path, Path]:
    """A certificate that its owner signed for himself, with somebody else's name in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity)])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    closed = serialization.NoEncryption()
    (folder / "self.pem").write_bytes(made.public_bytes(pem))
    (folder / "self.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, closed)
    )
    return folder / "self.pem", folder / "self.key"


def test_what_a_laptop_brings_along_opens_nothing(
    secure_hall: Callable[..., Any], visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    hall, other = secure_hall(), secure_hall()
    foreign, revoked = other.issue("w03-pad"), hall.issue("w04-pad")
    mine = hall.issue("w03-pad")
    hall.change(lambda store: store.revoke("w04-pad"))
    hall.start()
    broker = tls_files(hall.data).own
    assert not visit(hall, None).accepted, "no certificate"
    assert not visit(hall, self_made(tmp_path, "w03-pad")).accepted, "a self-made one"
    assert not visit(hall, foreign).accepted, "another hall's"
    assert not visit(hall, revoked).accepted, "a revoked one"
    assert not visit(hall, (broker, broker)).accepted, "the broker's own, which is for serving"
    assert visit(hall, mine).accepted, "else the test proves nothing"


def test_without_tls_there_is_no_answer(secure_hall: Callable[..., Any]) -> None:
    hall = secure_hall().start()
    with socket.create_connection(("127.0.0.1", hall.port), DEADLINE_S) as line:
        line.sendall(encode_connect("w03-pad", 15, username="w03-pad"))
        try:
            said = line.recv(64)
        except ConnectionError:
            said = b""
    assert said[:1] != b"\x20", "a CONNACK"


@pytest.mark.slow
@pytest.mark.parametrize("identity", ["gw", "w03-pad", "w04-pad"])
def test_every_identity_writes_and_reads_exactly_the_matrix(
    secure_hall: Callable[..., Any], visit: Callable[..., Visitor], identity: str
) -> None:
    hall = secure_hall()
    pairs = {node: hall.issue(node) for node in ("w03-pad", "w04-pad")} | {"gw": gateway_pair(hall)}
    # A witness that may do everything: the rules of the hall, and one line more.
    with hall.store() as store:
        store.issue("witness", "node", dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
        credential = store.active("witness")
        witness_pair = (credential.certificate_file, credential.key_file)
    acl = tls_files(hall.data).acl
    acl.write_text(acl.read_text() + "\nuser witness\ntopic readwrite #\ntopic read $SYS/#\n")
    hall.start()
    witness, client = visit(hall, witness_pair), visit(hall, pairs[identity])
    assert witness.accepted
    assert client.accepted
    witness.subscribe("#")
    for topic in TOPICS:
        client.publish(topic, b"x")
    witness.publish("end", b"end")
    written = witness.topics_until(b"end")
    assert written == {topic for topic in TOPICS if allowed(identity, "write", topic)}
    client.subscribe("#")
    client.subscribe("$SYS/#")
    for topic in TOPICS:
        witness.publish(topic, b"y")
    end = next(topic for topic in TOPICS if allowed(identity, "read", topic))
    witness.publish(end, b"end")
    read = client.topics_until(b"end")
    assert read == {topic for topic in TOPICS if allowed(identity, "read", topic)}


@pytest.mark.slow
def test_a_revoked_pad_is_put_out_within_five_seconds_and_stays_out(
    secure_hall: Callable[..., Any],
    visit: Callable[..., Visitor],
    hall_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    hall = secure_hall()
    stolen, other = hall.issue("w03-pad"), hall.issue("w04-pad")
    hall.start()
    gateway = visit(hall, gateway_pair(hall))
    gateway.subscribe(f"hk1/{HALL}/+/up/#")
    state = f"hk1/{HALL}/w03-pad/up/state"
    pad, neighbour = visit(hall, stolen, again=True, will=state), visit(hall, other)
    pad.subscribe(f"hk1/{HALL}/#")
    began = time.monotonic()
    place = ("--hall", str(hall_file), "--data", str(hall.data))
    said = CliRunner().invoke(app, ["credentials", "revoke", "w03-pad", *place])
    assert said.exit_code == 0, said.output
    assert "may still be connected" not in said.output
    while not pad.closed_at:
        assert time.monotonic() - began < CUT_S, "it is still connected"
        threading.Event().wait(0.02)
    threading.Event().wait(2.5)  # it tries to come back every second
    assert pad.entered == 1
    assert not visit(hall, stolen).accepted
    gateway.publish(f"hk1/{HALL}/w03-pad/down/want", b"secret")
    neighbour.publish(f"hk1/{HALL}/w04-pad/up/ev", b"end")
    # Its will is the last that is heard of it, so that the console shows it as gone.
    assert gateway.topics_until(b"end") == {state}
    assert pad.heard.empty()
    assert neighbour.closed_at == 0, "nobody else was put out"
    with hall.store() as store:
        assert store.active("w03-pad") is None
        assert not list((hall.data / "credentials" / "issued").glob("*.part"))
        assert len(store.registry.revoked_serials) == 2, "the pad's, and the one of the moment"
