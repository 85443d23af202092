"""A live hall in a process of its own and a real browser looking at it.

`hall` is shared by a module, so every test leaves it whole: nobody signed in is assumed, faults are
mended. Screenshots go to build/artifacts, which git ignores.
"""

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from firmware.drivers.pi.glyphs import LedFont
from firmware.drivers.pi.wall_picture import CALL_LINES, call_text, sign_frame, wall_frame
from protocols.peripherals import tm1637
from simulator.assets import DEFAULT_FOLDER, Assets

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "build" / "artifacts"
READY_S = 60.0
STOP_S = 30.0
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/")
LINE_BYTES = 128 // 8 * 16
State = dict[str, Any]


def eventually(seen: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Poll until `seen()` is true and return it; fail with `what` when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not (found := seen()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.05)
    return found


class LiveProcess:
    """`hallkit up` as a child, and what it says over HTTP."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.output = data / "up.log"
        data.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gateway.cli.main",
                    "up",
                    "--data",
                    str(data),
                    "--http",
                    "127.0.0.1:0",
                    *arguments,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        eventually(self._is_ready, READY_S, "the word ready")
        self.url = ADDRESS.findall(self.output.read_text("utf-8"))[-1]
        self.client = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        assets = Assets(DEFAULT_FOLDER)
        self.font = LedFont(assets.unifont)

    def _is_ready(self) -> bool:
        text = self.output.read_text("utf-8")
        if self.process.poll() is not None:
            pytest.fail(f"hallkit up ended with {self.process.returncode}:\n{text}")
        return "ready in" in text

    def state(self) -> State:
        """One frame."""
        answer: State = self.client.get("/live/state").json()
        return answer

    def do(self, what: str, **body: Any) -> None:
        """One POST of the page's."""
        answer = self.client.post(f"/live/{what}", json=body)
        assert answer.is_success, answer.text

    def window(self, window: str) -> State:
        """One window of a frame."""
        found: State = next(one for one in self.state()["windows"] if one["id"] == window)
        return found

    def account(self, window: str) -> State:
        """What the gateway says of a window."""
        view = self.state()["view"]
        found: State = next(one for one in view["windows"] if one["id"] == window)
        return found

    def tap(self, window: str, key: int) -> None:
        """Press a key of a pad without the browser."""
        self.do("press", node=f"{window}-pad", key=key, down=True)
        self.do("press", node=f"{window}-pad", key=key, down=False)

    def take_ticket(self, service: str) -> str:
        """Touch a service and wait for the paper; its number."""
        eventually(lambda: self.state()["kiosk"]["mode"] in ("ready", "printed"), 10, "a kiosk")
        before = (self.state()["kiosk"]["ticket"] or {}).get("place", 0)
        self.do("touch", node="kiosk-1", service=service)
        paper = eventually(
            lambda: (
                (ticket := self.state()["kiosk"]["ticket"]) and ticket["place"] > before and ticket
            ),
            10,
            f"paper for {service}",
        )
        number: str = paper["number"]
        return number

    def sign_in(self, window: str) -> None:
        """Have somebody sit at a window, unless somebody does."""
        if self.account(window)["mode"] == "closed":
            self.do("sign_in", window=window)
        eventually(lambda: self.account(window)["mode"] != "closed", 10, f"{window} open")

    def wall_lines(self, state: State) -> list[bytes]:
        """The decoded LEDs of the wall, line by line of 16 dots."""
        pixels = base64.b64decode(state["wall"]["bits"])
        return [pixels[at : at + LINE_BYTES] for at in range(0, len(pixels), LINE_BYTES)]

    def wall_calls(self, number: str, window: str) -> bool:
        """Whether one line of the wall's LEDs reads as this call."""
        row = ((number, window, True, False),)
        expected = wall_frame(self.font, "live", row, "", 0)[:LINE_BYTES]
        assert call_text(number, window)
        return expected in self.wall_lines(self.state())

    def wrong_displays(self) -> list[str]:
        """Every display that does not show what the gateway's account says, in words."""
        state = self.state()
        view = state["view"]
        wrong = []
        if state["gateway"] != "up" or state["broker"] != "up":
            wrong.append(f"gateway {state['gateway']}, broker {state['broker']}")
        for booth, account in zip(state["windows"], view["windows"], strict=True):
            wrong += self._wrong_at_window(booth, account)
        rows = [(one["number"], one["window"], True, False) for one in view["calls"][:CALL_LINES]]
        expected = wall_frame(self.font, "live", tuple(rows), "", view["totals"]["waiting"])
        lines = self.wall_lines(state)
        if b"".join(lines[:-1]) != expected[: LINE_BYTES * (len(lines) - 1)]:
            wrong.append(f"wall: not {rows}")
        offered = {one["code"]: one["waiting"] for one in state["kiosk"]["services"]}
        if offered != {one["code"]: one["waiting"] for one in view["services"]}:
            wrong.append(f"kiosk: {offered}")
        if state["kiosk"]["mode"] != "ready":
            wrong.append(f"kiosk: {state['kiosk']['mode']}")
        return wrong

    def _wrong_at_window(self, booth: State, account: State) -> list[str]:
        wrong = []
        mode, number = account["mode"], account["number"] or ""
        where = f"window {booth['label']} ({mode} {number})"
        digits = {"open": f"{account['waiting']:4d}", "paused": "PAUS"}.get(mode, number)
        if bytes(booth["pad"]["segments"]) != tm1637.segments(digits):
            wrong.append(f"{where}: pad shows {booth['pad']['text']!r}")
        sign = base64.b64encode(sign_frame(self.font, mode, number)).decode()
        if booth["sign"]["bits"] != sign:
            wrong.append(f"{where}: sign differs")
        level = {"none": "off", "blink": "red"}.get(account["overtime"], account["overtime"])
        if booth["lamp"]["colour"] != level:
            wrong.append(f"{where}: lamp is {booth['lamp']['colour']}, not {level}")
        if (booth["rating"]["mode"] == "open") != (account["rating"] is not None):
            wrong.append(f"{where}: rating pad is {booth['rating']['mode']}")
        wrong += [
            f"{where}: {part} is cut off"
            for part in ("pad", "sign", "lamp", "rating")
            if not (booth[part]["online"] and booth[part]["fresh"])
        ]
        return wrong

    def wait_until_whole(self, timeout_s: float = 20.0) -> None:
        """Until every display shows the truth."""
        deadline = time.monotonic() + timeout_s
        while wrong := self.wrong_displays():
            if time.monotonic() > deadline:
                pytest.fail(f"after {timeout_s:g} s still wrong: {wrong}")
            time.sleep(0.1)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveProcess]:
    live = LiveProcess(tmp_path_factory.mktemp("live"))
    yield live
    assert live.stop() == 0, live.output.read_text("utf-8")


@pytest.fixture(scope="session")
def start_hall() -> type[LiveProcess]:
    """For tests that start and stop halls themselves."""
    return LiveProcess


@pytest.fixture(scope="session")
def poll() -> Callable[[Callable[[], Any], float, str], Any]:
    return eventually


@pytest.fixture
def page(browser: Browser, hall: LiveProcess, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The hall's page; errors it tells to the console fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
    page.goto(hall.url)
    page.wait_for_selector(".booth")
    yield page
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
    context.close()
    assert not told
