"""The ESP32's link over real sockets: it never waits, and tells apart what became of a dial."""

import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 20.0


def ticks() -> int:
    return time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF


def sleep_ms(_: int) -> None:
    """Nothing to wait on."""


class Watched:
    """A link and what it told."""

    def __init__(self, link: Any) -> None:
        self.link = link
        self.told: list[tuple[Any, ...]] = []

    def until(self, kind: str) -> tuple[Any, ...]:
        """Step until it tells this."""
        deadline = time.monotonic() + DEADLINE_S
        while not any(event[0] == kind for event in self.told):
            assert time.monotonic() < deadline, f"never {kind}: {self.told}"
            self.link.wait(5, sleep_ms)
            self.told += self.link.step(ticks())
        return next(event for event in self.told if event[0] == kind)

    def received(self, size: int) -> bytes:
        """Step until so many bytes have come."""
        deadline = time.monotonic() + DEADLINE_S
        while len(found := b"".join(e[1] for e in self.told if e[0] == "data")) < size:
            assert time.monotonic() < deadline, f"only {len(found)} bytes"
            self.link.wait(5, sleep_ms)
            self.told += self.link.step(ticks())
        return found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(DEADLINE_S)
        yield server


def make_link(module: Any, listener: socket.socket, tls: Any = None) -> Watched:
    return Watched(module.Link("127.0.0.1", listener.getsockname()[1], "gateway.test", tls))


def test_bytes_go_both_ways_and_the_end_is_told(micro_link: Any, listener: socket.socket) -> None:
    client = make_link(micro_link, listener)
    client.link.dial(ticks())
    assert client.link.dialling
    client.until("made")
    assert client.link.connected
    server, _ = listener.accept()
    client.link.send(b"hello ")
    client.link.send(b"there")
    client.told += client.link.step(ticks())
    assert server.recv(100) == b"hello there"
    server.sendall(b"x" * 5000)
    assert client.received(5000) == b"x" * 5000
    server.close()
    client.until("lost")
    assert not client.link.connected


def test_a_refused_dial_was_answered(micro_link: Any, listener: socket.socket) -> None:
    client = make_link(micro_link, listener)
    listener.close()
    client.link.dial(ticks())
    assert client.until("refused") == ("refused", True)


def test_a_dial_into_silence_ends_by_time_and_was_not_answered(
    micro_link: Any, monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    # A full queue of a listener that never accepts answers nothing on Linux.
    listener.listen(0)
    address = listener.getsockname()
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(address)
        fillers.append(filler)
    monkeypatch.setattr(micro_link, "DIAL_MS", 100)
    client = make_link(micro_link, listener)
    client.link.dial(ticks())
    assert client.until("refused") == ("refused", False)
    for filler in fillers:
        filler.close()


def test_a_name_that_nobody_knows_is_a_silent_dial(
    micro_link: Any, monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(-2, "unknown name")

    monkeypatch.setattr(micro_link.socket, "getaddrinfo", unknown)
    client = make_link(micro_link, listener)
    client.link.dial(ticks())
    assert client.until("refused") == ("refused", False)


def test_what_the_socket_does_not_take_waits_in_order(
    micro_link: Any, listener: socket.socket
) -> None:
    client = make_link(micro_link, listener)
    client.link.dial(ticks())
    client.until("made")
    server, _ = listener.accept()
    data = bytes(range(256)) * 40_000
    client.link.send(data)
    got = bytearray()
    deadline = time.monotonic() + DEADLINE_S
    while len(got) < len(data):
        assert time.monotonic() < deadline
        client.link.wait(5, sleep_ms)
        client.told += client.link.step(ticks())
        if select.select([server], [], [], 0)[0]:
            got += server.recv(1 << 16)
    assert bytes(got) == data
    client.link.close()
    server.close()


def test_closing_drops_what_was_not_sent_and_tells_nothing(
    micro_link: Any, listener: socket.socket
) -> None:
    client = make_link(micro_link, listener)
    client.link.dial(ticks())
    client.until("made")
    client.link.send(b"late")
    client.link.close()
    server, _ = listener.accept()
    assert server.recv(10) == b""
    server.close()
    assert client.link.step(ticks()) == []


# ---- TLS ----


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hall's authority, a broker's and a node's certificate, and a stranger's authority."""
    folder = tmp_path_factory.mktemp("papers")
    if shutil.which("openssl") is None:
        pytest.fail("no openssl on this machine: apt-get install openssl", pytrace=False)

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "stranger"):
        openssl(
            *("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            *("-subj", f"/CN={name}", "-days", "30"),
        )
    for name in ("gateway.test", "w03-pad"):
        openssl(
            "req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        (folder / "names").write_text(f"subjectAltName=DNS:{name}\n")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", f"{name}.pem", "-days", "30", "-extfile", "names"),
        )
    return folder


def serve_once(listener: socket.socket, papers: Path, seen: list[Any]) -> threading.Thread:
    """A TLS server that asks for a certificate of the hall and sends back what it gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers / "gateway.test.pem", papers / "gateway.test.key")
    context.load_verify_locations(papers / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    def serve() -> None:
        raw, _ = listener.accept()
        raw.settimeout(DEADLINE_S)
        try:
            with context.wrap_socket(raw, server_side=True) as stream:
                seen.append(stream.getpeercert())
                stream.sendall(stream.recv(100))
                stream.recv(100)
        except OSError as error:
            seen.append(error)
        finally:
            raw.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def tls_of(papers: Path, authority: str = "ca") -> tuple[bytes, bytes, bytes]:
    names = (f"{authority}.pem", "w03-pad.pem", "w03-pad.key")
    first, second, third = ((papers / name).read_bytes() for name in names)
    return first, second, third


def test_tls_shows_the_nodes_certificate_and_carries_bytes(
    micro_link: Any, listener: socket.socket, papers: Path
) -> None:
    seen: list[Any] = []
    thread = serve_once(listener, papers, seen)
    client = make_link(micro_link, listener, tls_of(papers))
    client.link.dial(ticks())
    client.until("made")
    client.link.send(b"ping")
    assert client.received(4) == b"ping"
    client.link.close()
    thread.join(DEADLINE_S)
    assert seen[0]["subject"] == ((("commonName", "w03-pad"),),)


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_broker_that_is_not_ours_gets_no_byte(
    micro_link: Any, listener: socket.socket, papers: Path, wrong: str
) -> None:
    seen: list[Any] = []
    thread = serve_once(listener, papers, seen)
    tls = tls_of(papers, "stranger" if wrong == "authority" else "ca")
    port = listener.getsockname()[1]
    name = "gateway.test" if wrong == "authority" else "other.test"
    client = Watched(micro_link.Link("127.0.0.1", port, name, tls))
    client.link.dial(ticks())
    client.until("made")
    client.link.send(b"secret")
    client.until("lost")
    thread.join(DEADLINE_S)
    assert isinstance(seen[-1], OSError)
