"""The kiosk's screen over HTTP on the loopback: what is shown, and whose touches count."""

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.screen_port import STREAMS_MAX, ScreenPort

ORIGIN = "http://gateway.hall:8080"
DEADLINE_S = 5.0


class Kiosk:
    """The port and a browser."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.events: list[tuple[object, ...]] = []
        self.port = ScreenPort(self.loop, self.events.append, 0, ORIGIN)
        self.port.start()
        self.browser = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port.port}",
            timeout=DEADLINE_S,
            trust_env=False,
            verify=False,
        )

    def run_until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, "not in time"
            self.loop.run_once(10)

    def stop(self) -> None:
        self.browser.close()
        self.port.stop()
        self.loop.close()


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    made = Kiosk()
    yield made
    made.stop()


def data(lines: Iterator[str]) -> object:
    line = next(line for line in lines if line.startswith("data: "))
    return json.loads(line[6:])


def test_the_screen_is_told_at_once_and_at_every_change(kiosk: Kiosk) -> None:
    with kiosk.browser.stream("GET", "/screen") as answer:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        lines = answer.iter_lines()
        assert data(lines) == {"mode": "offline", "detail": []}
        kiosk.port.apply(("screen", "ready", (("filing", "申报", "Filing", 3),)))
        assert data(lines) == {"mode": "ready", "detail": [["filing", "申报", "Filing", 3]]}


def test_a_touch_comes_to_the_loop_as_an_event(kiosk: Kiosk) -> None:
    answer = kiosk.browser.post("/touch", json={"service": "filing"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 204
    kiosk.run_until(lambda: kiosk.events)
    assert kiosk.events == [("touch", "filing")]


@pytest.mark.parametrize(
    ("path", "body", "headers", "code"),
    [
        ("/touch", b'{"service": "a"}', {"Content-Type": "text/plain"}, 404),
        ("/touch", b'{"service": "a"}', {"Origin": "http://elsewhere"}, 403),
        ("/touch", b'{"service": 5}', {}, 400),
        ("/touch", b"[]", {}, 400),
        ("/touch", b"{" * 500, {}, 400),
        ("/screen", b"{}", {}, 404),
    ],
)
def test_what_is_no_touch_of_our_page_is_refused(
    kiosk: Kiosk, path: str, body: bytes, headers: dict[str, str], code: int
) -> None:
    whole = {"Content-Type": "application/json"} | headers
    assert kiosk.browser.post(path, content=body, headers=whole).status_code == code
    kiosk.loop.run_once(20)
    assert kiosk.events == []


def test_a_page_of_another_address_is_told_who_may(kiosk: Kiosk) -> None:
    answer = kiosk.browser.options("/touch", headers={"Origin": "http://elsewhere"})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert kiosk.browser.get("/").status_code == 404


def test_a_browser_reloaded_again_and_again_is_always_served(kiosk: Kiosk) -> None:
    for _ in range(3 * STREAMS_MAX):
        with kiosk.browser.stream("GET", "/screen") as answer:
            assert data(answer.iter_lines()) == {"mode": "offline", "detail": []}
