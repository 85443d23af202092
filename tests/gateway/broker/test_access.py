"""One matrix of role, topic and action, asked of the rules object and of a real Mosquitto."""

import base64
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.broker.access import (
    AccessError,
    Credential,
    HallAccess,
    checked,
    grants,
    mosquitto_acl,
    mosquitto_conf,
    mosquitto_passwords,
    new_credentials,
)
from protocols.topics import CHANNELS, gateway_topic, node_topic

HALL = "lf"
DEADLINE_S = 20.0
CREDENTIALS = new_credentials(["w01-pad", "w02-pad"], ["watch"])
TOPICS = [
    *[node_topic(HALL, node, channel) for node in ("w01-pad", "w02-pad") for channel in CHANNELS],
    gateway_topic(HALL),
    node_topic("other", "w01-pad", CHANNELS[0]),
    "hk1/lf/watch/up/ev",
    "hk1/lf/gw/up/ev",
    "elsewhere",
]


def expected(identity: str, access: str, topic: str) -> bool:
    """The same rules in other words than the code's, by hand."""
    if not topic.startswith("hk1/lf/"):
        return False
    owner, _, rest = topic.removeprefix("hk1/lf/").partition("/")
    if identity == "watch":
        return access == "read"
    if identity == "gw":
        if access == "read":
            return rest.startswith("up/")
        return rest.startswith("down/") or (owner, rest) == ("gw", "state")
    if access == "write":
        return owner == identity and rest.startswith("up/")
    return (owner == identity and rest.startswith("down/")) or (owner, rest) == ("gw", "state")


@pytest.mark.parametrize("identity", ["gw", "w01-pad", "w02-pad", "watch"])
@pytest.mark.parametrize("access", ["read", "write"])
def test_rules_object_grants_exactly_the_matrix(identity: str, access: str) -> None:
    rules = HallAccess(HALL, CREDENTIALS)
    granted = {topic: rules.may(identity, access, topic) for topic in TOPICS}
    assert granted == {topic: expected(identity, access, topic) for topic in TOPICS}


def test_unknown_identity_may_nothing() -> None:
    rules = HallAccess(HALL, CREDENTIALS)
    assert not any(rules.may("w09-pad", "read", topic) for topic in TOPICS)
    assert not any(rules.may("w09-pad", "write", topic) for topic in TOPICS)


def test_identity_is_the_user_name_whatever_the_client_id() -> None:
    rules = HallAccess(HALL, CREDENTIALS)
    password = CREDENTIALS[1].password.encode()
    assert rules.authenticate("gw", "w01-pad", password) == "w01-pad"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        (None, None),
        ("w01-pad", None),
        ("w01-pad", b""),
        ("w01-pad", b"wrong"),
        ("nobody", b"x"),
        ("", b""),
    ],
)
def test_missing_or_wrong_password_is_refused(username: str | None, password: bytes | None) -> None:
    assert HallAccess(HALL, CREDENTIALS).authenticate("x", username, password) is None


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        ([Credential("a/b", "node", "x")], "identity"),
        ([Credential("+", "node", "x")], "identity"),
        ([Credential("a\nuser gw", "node", "x")], "identity"),
        ([Credential("a", "node", "x"), Credential("a", "monitor", "y")], "two credentials"),
        ([Credential("gw", "node", "x")], "the gateway's name"),
        ([Credential("w01-pad", "gateway", "x")], "the gateway's name"),
        ([Credential("w01-pad", "node", "")], "no password"),
    ],
)
def test_contradicting_credentials_are_refused_by_name(
    credentials: list[Credential], words: str
) -> None:
    with pytest.raises(AccessError, match=words):
        checked(credentials)


def test_hall_name_that_would_widen_a_filter_is_refused() -> None:
    with pytest.raises(AccessError, match="hall"):
        grants("+", "monitor", "watch")


def test_password_never_shows_in_a_representation() -> None:
    assert CREDENTIALS[0].password not in repr(CREDENTIALS[0])
    assert len({credential.password for credential in CREDENTIALS}) == len(CREDENTIALS)


def test_password_entry_is_what_mosquitto_passwd_wrote() -> None:
    """The entry `mosquitto_passwd -b` 2.0.11 wrote for gw / correct horse, salt taken from it."""
    salt = base64.b64decode("IFFbE+tCdLfH6/WT")
    text = mosquitto_passwords([Credential("gw", "gateway", "correct horse")], lambda: salt)
    assert text == (
        "gw:$7$101$IFFbE+tCdLfH6/WT$Qy4JVumba61fUdpju0u7/C0TR2drZkZq6NbMy7go"
        "J9ATSGVHUpZZQxWPkFVC7I4cf1HtzTM2lkNxrn8L9l0sAw==\n"
    )


# --- the same matrix on a real Mosquitto ---------------------------------------------------


class Client:
    """A connected client that collects what it hears; every wait has a deadline."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()
        self._connected: bool | None = None
        self._subscribed = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="any")
        self._client.username_pw_set(username, password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait(lambda: self._connected is not None)
        self.accepted = bool(self._connected)

    def subscribe(self, topic_filter: str) -> None:
        already = self._subscribed
        self._client.subscribe(topic_filter, 1)
        self._wait(lambda: self._subscribed > already)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1).wait_for_publish(DEADLINE_S)

    def topics_until(self, marker: bytes) -> set[str]:
        """Topics of all that came before the marker; the broker keeps the order."""
        self._wait(lambda: any(payload == marker for _, payload in self.heard))
        return {topic for topic, payload in self.heard if payload != marker}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _wait(self, ready) -> None:
        with self._changed:
            assert self._changed.wait_for(ready, DEADLINE_S), "the broker did not answer in time"

    def _on_connect(self, client, data, flags, reason, properties) -> None:
        with self._changed:
            self._connected = not reason.is_failure
            self._changed.notify_all()

    def _on_subscribe(self, client, data, packet_id, reasons, properties) -> None:
        with self._changed:
            self._subscribed += 1
            self._changed.notify_all()

    def _on_message(self, client, data, message) -> None:
        with self._changed:
            self.heard.append((message.topic, message.payload))
            self._changed.notify_all()


PROBE = Credential("probe", "monitor", "probe-password")


@pytest.fixture(scope="module")
def mosquitto_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real Mosquitto with the generated files, and a probe that may do everything."""
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    assert program, "mosquitto is missing; `make test` installs it"
    folder = tmp_path_factory.mktemp("mosquitto")
    (folder / "acl").write_text(
        mosquitto_acl(HALL, CREDENTIALS) + "\nuser probe\ntopic readwrite #\n"
    )
    (folder / "passwords").write_text(mosquitto_passwords([*CREDENTIALS, PROBE]))
    for name in ("acl", "passwords"):
        (folder / name).chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = folder / "mosquitto.conf"
    conf.write_text(mosquitto_conf(port, folder / "acl", folder / "passwords", getpass.getuser()))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(conf)], stderr=log)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "mosquitto does not listen"
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


@pytest.fixture
def connect(mosquitto_port: int) -> Iterator:
    """Connects a client by identity; closes all of them at the end."""
    passwords = {each.identity: each.password for each in (*CREDENTIALS, PROBE)}
    clients: list[Client] = []

    def _connect(identity: str, password: str | None = None) -> Client:
        clients.append(Client(mosquitto_port, identity, password or passwords[identity]))
        return clients[-1]

    yield _connect
    for client in clients:
        client.close()


def test_mosquitto_takes_the_right_password_only(connect) -> None:
    assert connect("w01-pad").accepted
    assert not connect("w02-pad", "wrong").accepted
    assert not connect("nobody", "wrong").accepted


@pytest.mark.parametrize("identity", ["gw", "w01-pad", "watch"])
def test_mosquitto_lets_write_exactly_the_matrix(connect, identity: str) -> None:
    probe, client = connect("probe"), connect(identity)
    probe.subscribe("#")
    for topic in TOPICS:
        client.publish(topic, b"x")
    probe.publish("end", b"end")
    assert probe.topics_until(b"end") == {
        topic for topic in TOPICS if expected(identity, "write", topic)
    }


@pytest.mark.parametrize("identity", ["gw", "w01-pad", "watch"])
def test_mosquitto_lets_read_exactly_the_matrix(connect, identity: str) -> None:
    probe, client = connect("probe"), connect(identity)
    client.subscribe("#")
    for topic in TOPICS:
        probe.publish(topic, b"x")
    readable = next(topic for topic in TOPICS if expected(identity, "read", topic))
    probe.publish(readable, b"end")
    assert client.topics_until(b"end") == {
        topic for topic in TOPICS if expected(identity, "read", topic)
    }
