"""What the live hall asks of the gateway and hears from it: its own REST interface, as anybody's.

The newest picture of the hall comes over the gateway's event stream and is kept with the moment it
came, so that an old one can be told from a new one. Every mutating call carries an idempotency key.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

import httpx

from simulator.live.clock import steady_ms

RETRY_S = 0.25
SILENCE_S = 5.0


class GatewayError(Exception):
    """The gateway refused or did not answer; the text is for people."""


class GatewayLink:
    """One gateway at `base_url`; `on_change` is called with every new picture."""

    def __init__(self, base_url: str, token: str, on_change: Callable[[], None]) -> None:
        self.view: dict[str, Any] | None = None
        self.view_at_ms = 0
        self.heard_ms = 0
        self.connected = False
        self.problem = "not asked yet"
        self._on_change = on_change
        timeout = httpx.Timeout(SILENCE_S, connect=1.0)
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            trust_env=False,
        )

    async def run(self) -> None:
        """Follow the stream, and begin again whenever it breaks."""
        while True:
            try:
                async with self._client.stream("GET", "/api/v1/stream") as answer:
                    if answer.status_code == httpx.codes.OK:
                        await self._follow(answer)
                    else:
                        self.problem = f"the gateway answered {answer.status_code}"
            except httpx.HTTPError as error:
                self.problem = str(error) or type(error).__name__
            if self.connected:
                self.connected = False
                self._on_change()
            await asyncio.sleep(RETRY_S)

    async def _follow(self, answer: httpx.Response) -> None:
        event, data = "message", ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                event = value
            elif name == "data":
                data += value
            elif not line:
                self._take(event, data)
                event, data = "message", ""

    def _take(self, event: str, data: str) -> None:
        self.heard_ms = steady_ms()
        if event == "hall" and data:
            self.view = json.loads(data)
            self.view_at_ms = self.heard_ms
            self._on_change()
        if not self.connected:
            self.connected = True
            self._on_change()

    def hall_ms(self, rate: int) -> int | None:
        """Hall time now, reckoned from the newest picture."""
        if self.view is None:
            return None
        since_ms = (steady_ms() if self.connected else self.heard_ms) - self.view_at_ms
        at_ms: int = self.view["at_ms"]
        return at_ms + since_ms * rate

    async def set_clock(self, rate: int, at_ms: int | None = None) -> None:
        """Let hall time run `rate` times as fast, from `at_ms` on if that is given."""
        body: dict[str, object] = {"rate": rate}
        if at_ms is not None:
            body["at_ms"] = at_ms
        await self.ask("/api/v1/demo/clock", body)

    async def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """POST once. Raises GatewayError."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(12)}
        try:
            answer = await self._client.post(path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise GatewayError(f"the gateway does not answer: {error}") from error
        content = answer.json() if answer.content else {}
        if answer.is_error:
            raise GatewayError(str(content.get("detail_zh") or content.get("detail") or answer))
        found: dict[str, Any] = content
        return found

    async def get(self, path: str) -> dict[str, Any]:
        """GET. Raises GatewayError."""
        try:
            answer = await self._client.get(path)
        except httpx.HTTPError as error:
            raise GatewayError(f"the gateway does not answer: {error}") from error
        if answer.is_error:
            raise GatewayError(f"{path}: {answer.status_code}")
        found: dict[str, Any] = answer.json()
        return found

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
