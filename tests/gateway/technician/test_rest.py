"""Whatever answers at the gateway's address, or nothing, becomes one error with a reason."""

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from gateway.technician.rest import Gateway, RestError


class Answers(http.server.BaseHTTPRequestHandler):
    """Says what the test wants."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b"{}"
    seen: ClassVar[list[tuple[str, str, dict[str, str]]]] = []

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.rfile.read(size)
        self.seen.append((self.command, self.path, dict(self.headers)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = _answer  # noqa: N815  # the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    # A proxy of the office must not be asked for a gateway in the next room.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    Answers.seen.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Gateway(f"http://127.0.0.1:{server.server_port}", "hk_secret")
        server.shutdown()
        thread.join()


def answering(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes) -> None:
    monkeypatch.setattr(Answers, "status", status)
    monkeypatch.setattr(Answers, "body", body)


def test_a_call_carries_its_token_and_a_mutation_its_own_key(gateway: Gateway) -> None:
    gateway.get("/api/v1/nodes")
    gateway.post("/api/v1/nodes/x/identify", {"seconds": 10})
    gateway.post("/api/v1/nodes/x/identify", {"seconds": 10})
    headers = [each[2] for each in Answers.seen]
    assert [each["Authorization"] for each in headers] == ["Bearer hk_secret"] * 3
    keys = [each.get("Idempotency-Key") for each in headers]
    assert keys[0] is None
    assert keys[1] != keys[2]
    assert "hk_secret" not in repr(gateway)


def test_a_problem_is_told_in_both_languages_with_its_reason(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = '{"reason": "node_away", "detail_zh": "不在线", "detail_en": "It is away."}'
    answering(monkeypatch, 409, body.encode())
    with pytest.raises(RestError, match=r"不在线 · It is away\.") as caught:
        gateway.get("/x")
    assert (caught.value.reason, caught.value.status) == ("node_away", 409)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(200, b"<html>", "unreadable"), (502, b"<html>", "http"), (404, b"[]", "http")],
)
def test_something_else_at_the_address_is_asked_about(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, reason: str
) -> None:
    answering(monkeypatch, status, body)
    with pytest.raises(RestError, match="is this address a gateway") as caught:
        gateway.get("/x")
    assert caught.value.reason == reason


def test_nobody_at_the_address_is_unreachable() -> None:
    nobody = Gateway("http://127.0.0.1:9")
    with pytest.raises(RestError) as caught:
        nobody.nodes()
    assert caught.value.reason == "unreachable"
    assert not nobody.is_ready()


def test_a_node_the_gateway_does_not_know_is_named(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, 200, b'{"nodes": [{"id": "w01-pad"}]}')
    assert gateway.node("w01-pad") == {"id": "w01-pad"}
    with pytest.raises(RestError, match="knows no node 'w09-pad'"):
        gateway.node("w09-pad")


def test_events_of_a_stream_are_read_whole(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = b'retry: 1000\n\nevent: line\nid: 1\ndata: {"n": 1}\n\n: beat\n\ndata: 2\n\n'
    answering(monkeypatch, 200, stream)
    assert list(gateway.events("/stream")) == [("line", {"n": 1}), ("message", 2)]
