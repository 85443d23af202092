"""The technician's side of the gateway's REST API: a few calls, each with a deadline.

No proxy is ever asked: the gateway is in the same building. Problems (RFC 9457) become RestError
with both languages; a gateway that does not answer becomes one too, so that a caller handles one
kind.
"""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

TIMEOUT_S = 10.0
# A stream says something at least every 15 s.
STREAM_TIMEOUT_S = 45.0
_KEY_BYTES = 12


class RestError(Exception):
    """The call did not succeed; `reason` is the problem's, or "unreachable"."""

    def __init__(self, reason: str, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.reason = reason
        self.status = status


@dataclass(frozen=True)
class Gateway:
    """One gateway and who asks it."""

    address: str
    token: str = field(default="", repr=False)

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at a path. Raises RestError."""
        with self._open("GET", path) as answer:
            return _read(answer.read())

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Ask for something, once. Raises RestError."""
        with self._open("POST", path, json.dumps(body).encode()) as answer:
            return _read(answer.read())

    def is_ready(self) -> bool:
        """Whether it serves."""
        try:
            self._open("GET", "/readyz").close()
        except RestError:
            return False
        return True

    def nodes(self) -> list[dict[str, Any]]:
        """Every node of the hall."""
        found: list[dict[str, Any]] = self.get("/api/v1/nodes")["nodes"]
        return found

    def node(self, name: str) -> dict[str, Any]:
        """One node. Raises RestError when the gateway's hall has none of this name."""
        for node in self.nodes():
            if node["id"] == name:
                return node
        raise RestError(
            "unknown_node", f"the gateway knows no node {name!r}: is its hall file old?"
        )

    def events(self, path: str) -> Iterator[tuple[str, Any]]:
        """(event, data) of a stream, until it ends. Raises RestError."""
        with self._open("GET", path, timeout_s=STREAM_TIMEOUT_S) as answer:
            event, data = "message", ""
            try:
                for raw in answer:
                    line = raw.decode("utf-8").rstrip("\r\n")
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if name == "event":
                        event = value
                    elif name == "data":
                        data += value
                    elif not line and data:
                        yield event, json.loads(data)
                        event, data = "message", ""
            except OSError as error:
                raise RestError("unreachable", f"{self.address}: {error}") from error

    def _open(
        self, method: str, path: str, body: bytes | None = None, timeout_s: float = TIMEOUT_S
    ) -> Any:
        request = urllib.request.Request(self.address + path, body, method=method)  # noqa: S310  # checked at the login
        request.add_header("Accept-Language", "zh, en")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.add_header("Idempotency-Key", secrets.token_urlsafe(_KEY_BYTES))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            return opener.open(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(error.code, error.read()) from error
        except OSError as error:  # URLError is one, and so is a time-out
            why = getattr(error, "reason", error)
            raise RestError(
                "unreachable", f"{self.address} 没有应答 · does not answer: {why}"
            ) from error


def _read(data: bytes) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", json.loads(data))
    except ValueError as error:
        raise RestError(
            "unreadable", "the answer is no JSON: is this address a gateway?"
        ) from error


def _problem(status: int, data: bytes) -> RestError:
    try:
        body: dict[str, Any] = json.loads(data)
        text = f"{body['detail_zh']} · {body['detail_en']}"
        return RestError(str(body["reason"]), text, status)
    except (ValueError, KeyError, TypeError):
        return RestError("http", f"HTTP {status}: is this address a gateway?", status)
