"""The link of a Pi (TLS, names checked, a certificate of its own) and its watchdog."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.drivers.pi.loop import Loop
from firmware.shell.link_pi import BrokerAddress, BrokerLink
from firmware.shell.systemd_pi import Systemd

DEADLINE_S = 20.0


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def run_until(loop: Loop, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        loop.run_once(10)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a broker named localhost, a node."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl is missing; run: sudo apt-get install -y openssl"
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    authority = ("-CA", "authority.pem", "-CAkey", "authority.key", "-days", "2")
    for name, subject, more in (
        ("authority", "/CN=test authority", ("-days", "2")),
        ("broker", "/CN=localhost", ("-addext", "subjectAltName=DNS:localhost", *authority)),
        ("node", "/CN=kiosk-1", authority),
    ):
        subprocess.run(
            [
                *(openssl, "req", "-x509", *key, "-subj", subject, *more),
                *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder


class EchoBroker:
    """Sends back what it gets, over TLS, to clients with a certificate of the authority."""

    def __init__(self, folder: Path) -> None:
        self.names: list[object] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
        context.load_verify_locations(folder / "authority.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(context,), daemon=True)
        self._thread.start()

    def _serve(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line:
                try:
                    with context.wrap_socket(line, server_side=True) as secure:
                        self.names.append(secure.getpeercert())
                        while data := secure.recv(65536):
                            secure.sendall(data)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def broker(certificates: Path) -> Iterator[EchoBroker]:
    made = EchoBroker(certificates)
    yield made
    made.close()


class Ends:
    """What a link said."""

    def __init__(self, loop: Loop, address: BrokerAddress) -> None:
        self.made = self.lost = 0
        self.refused: list[str] = []
        self.data = b""
        self.link = BrokerLink(
            loop, address, self._made, self.refused.append, self._received, self._lost
        )

    def _made(self) -> None:
        self.made += 1

    def _received(self, data: bytes) -> None:
        self.data += data

    def _lost(self) -> None:
        self.lost += 1


def test_a_link_with_a_certificate_carries_all_bytes_both_ways(
    loop: Loop, broker: EchoBroker, certificates: Path
) -> None:
    files = {name: certificates / name for name in ("authority.pem", "node.pem", "node.key")}
    ends = Ends(loop, BrokerAddress("localhost", broker.port, *files.values()))
    ends.link.dial()
    run_until(loop, lambda: ends.made)
    said = bytes(range(256)) * 4000
    ends.link.send(said)
    run_until(loop, lambda: len(ends.data) == len(said))
    assert ends.data == said
    assert "kiosk-1" in str(broker.names)
    ends.link.finish()
    assert ends.link.idle


def test_a_broker_of_another_name_or_authority_is_refused(
    loop: Loop, broker: EchoBroker, certificates: Path
) -> None:
    for host, authority in (("127.0.0.1", "authority.pem"), ("localhost", "node.pem")):
        ends = Ends(loop, BrokerAddress(host, broker.port, certificates / authority))
        ends.link.dial()
        run_until(loop, lambda ends=ends: ends.refused)
        assert "certificate verify failed" in ends.refused[0]
        assert ends.link.idle


def test_a_missing_certificate_is_named_at_the_start(loop: Loop, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Ends(loop, BrokerAddress("localhost", 1, tmp_path / "authority.pem"))


def test_a_broker_that_is_not_there_is_refused_and_may_be_dialled_again(loop: Loop) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ends = Ends(loop, BrokerAddress("127.0.0.1", port))
    ends.link.dial()
    run_until(loop, lambda: ends.refused)
    with socket.create_server(("127.0.0.1", port)) as listener:
        ends.link.dial()
        run_until(loop, lambda: ends.made)
        peer, _ = listener.accept()
        peer.close()
        run_until(loop, lambda: ends.lost)


def test_systemd_hears_ready_and_is_fed_at_a_third_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        systemd = Systemd()
        systemd.tell("READY=1")
        for now_ms in range(0, 25_000, 1000):
            systemd.feed(now_ms)
        heard = []
        while True:
            try:
                heard.append(manager.recv(100))
            except BlockingIOError:
                break
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    systemd = Systemd()
    systemd.tell("READY=1")
    systemd.feed(5)
    assert systemd.feed_every_ms == 0
