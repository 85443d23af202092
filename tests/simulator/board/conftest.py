"""Virtual boards, the technician's real tools, and a deadline for everything."""

from __future__ import annotations

import datetime as dt
import json
import os
import pwd
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.broker.access import Credential, mosquitto_acl
from gateway.web.tokens import TokenStore
from simulator.board.board import Board
from simulator.board.install import HALL
from simulator.live.brokers import find_mosquitto, free_port

LANGFANG = Path(__file__).parents[3] / "gateway" / "halls" / "langfang.toml"
DEADLINE_S = 30.0
TOOL_S = 120.0
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def until() -> Callable[..., Any]:
    """until(holds, what) -> what `holds` returns as soon as it is true."""

    def wait(holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        deadline = time.monotonic() + deadline_s
        while not (found := holds()):
            assert time.monotonic() < deadline, what
            time.sleep(0.01)
        return found

    return wait


@pytest.fixture
def make_board() -> Iterator[Callable[..., Board]]:
    """make_board(name, **arguments of Board) -> a board, not started; put away at the end."""
    boards: list[Board] = []

    def make(name: str = "esp32-pad", **arguments: Any) -> Board:
        boards.append(Board(name, **arguments))
        return boards[-1]

    yield make
    for board in boards:
        board.stop()


class Tool:
    """A command that has ended: its code and all it said."""

    def __init__(self, *command: str, **environment: str) -> None:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            timeout=TOOL_S,
            env=os.environ | environment,
            check=False,
        )
        self.code = done.returncode
        self.said = _COLOURS.sub("", done.stdout + done.stderr)
        self.seconds = time.monotonic() - began


@pytest.fixture
def esptool(tmp_path: Path) -> Callable[..., Tool]:
    """esptool(board, *arguments) over RFC 2217; plain=True takes the door without DTR and RTS."""
    # A machine so busy that a process stands still for ten seconds is not what is tested.
    patience = tmp_path / "esptool.cfg"
    patience.write_text("[esptool]\nserial_write_timeout = 60\n")

    def run(board: Board, *arguments: str, plain: bool = False) -> Tool:
        if plain:
            options = ["--port", board.plain_address, "--before", "no-reset", "--after", "no-reset"]
        else:
            options = ["--port", board.address]
        return Tool("esptool", *options, *arguments, ESPTOOL_CFGFILE=str(patience))

    return run


@pytest.fixture
def mpremote() -> Callable[..., Tool]:
    """mpremote(board, *arguments), connected to the board."""

    def run(board: Board, *arguments: str) -> Tool:
        return Tool("mpremote", "connect", board.address, *arguments)

    return run


class Hall:
    """A real gateway beside a broker that runs; what it says goes to `told` by topic."""

    def __init__(self, data: Path, port: int, stop_broker: Callable[[], None]) -> None:
        self.port = port
        self._stop_broker = stop_broker
        self._gateway = subprocess.Popen(
            [
                *(sys.executable, "-m", "gateway.cli.main", "gateway", "--json"),
                *("--hall", str(LANGFANG), "--data", str(data / "gateway")),
                *("--broker", f"127.0.0.1:{port}", "--http", "127.0.0.1:0"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._gateway.stdout is not None
        address = json.loads(self._gateway.stdout.readline())["address"]
        tokens = TokenStore(data / "gateway").first_texts()
        self._clients = {
            role: httpx.Client(
                base_url=address,
                headers={"Authorization": f"Bearer {tokens[f'{role}-1']}"},
                timeout=DEADLINE_S,
                trust_env=False,
                verify=False,
            )
            for role in ("kiosk", "officer")
        }
        self.told: dict[str, bytes] = {}
        self._listener = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._listener.on_message = self._heard
        self._listener.on_connect = lambda client, *_: client.subscribe(f"hk1/{HALL}/#", 1)
        self._listener.connect("127.0.0.1", port)
        self._listener.loop_start()

    def _heard(self, _: Any, __: Any, message: Any) -> None:
        self.told[message.topic] = message.payload

    def issue(self) -> str:
        """A ticket is taken; its number."""
        answer = self._clients["kiosk"].post(
            "/api/v1/tickets",
            json={"service": "filing"},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        return str(answer.raise_for_status().json()["number"])

    def window(self) -> Any:
        """What the gateway knows of window w01."""
        view = self._clients["officer"].get("/api/v1/hall").raise_for_status().json()
        return next(window for window in view["windows"] if window["id"] == "w01")

    def stop(self) -> None:
        self._listener.loop_stop()
        self._listener.disconnect()
        for client in self._clients.values():
            client.close()
        self._gateway.terminate()
        assert self._gateway.wait(DEADLINE_S) == 0
        assert self._gateway.stdout is not None
        self._gateway.stdout.close()
        self._stop_broker()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    """A real gateway, and the embedded broker as a process."""
    broker = subprocess.Popen(
        [sys.executable, "-m", "simulator.broker_server", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert broker.stdout is not None
    port = int(re.findall(r"port (\d+)", broker.stdout.readline())[0])

    def stop() -> None:
        broker.terminate()
        assert broker.wait(DEADLINE_S) == 0
        assert broker.stdout is not None
        broker.stdout.close()

    made = Hall(tmp_path, port, stop)
    yield made
    made.stop()


class Authority:
    """A certificate authority of the test's own, and what it has signed."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("authority", self._key, self._key, is_authority=True)

    def issue(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """A certificate for a host or a node of this name, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._sign(name, key, self._key), key

    def _sign(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        by: ec.EllipticCurvePrivateKey,
        is_authority: bool = False,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - dt.timedelta(days=30))
            .not_valid_after(self.now + dt.timedelta(days=300))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(by, hashes.SHA256())
        )


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls_hall(tmp_path: Path, authority: Authority) -> Iterator[tuple[Hall, int]]:
    """A real gateway and Mosquitto with TLS; the port where nodes must show a certificate."""
    plain, secure = free_port(), free_port()
    certificate, key = authority.issue("gateway")
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "broker.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "broker.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "acl").write_text(mosquitto_acl(HALL, [Credential("w01-pad", "node", "unused")]))
    (tmp_path / "mosquitto.conf").write_text(
        f"user {pwd.getpwuid(os.getuid()).pw_name}\nper_listener_settings true\n"
        f"listener {plain} 127.0.0.1\nallow_anonymous true\n"
        f"listener {secure} 127.0.0.1\nallow_anonymous false\nrequire_certificate true\n"
        f"use_identity_as_username true\nacl_file {tmp_path}/acl\n"
        f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.key\n"
    )
    with (tmp_path / "mosquitto.log").open("wb") as log:
        broker = subprocess.Popen(
            [find_mosquitto(), "-v", "-c", str(tmp_path / "mosquitto.conf")],
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + DEADLINE_S
    while b"running" not in (tmp_path / "mosquitto.log").read_bytes():
        assert time.monotonic() < deadline, (tmp_path / "mosquitto.log").read_text()
        time.sleep(0.01)

    def stop() -> None:
        broker.terminate()
        broker.wait(DEADLINE_S)

    made = Hall(tmp_path, plain, stop)
    yield made, secure
    made.stop()
