"""The screen of a node over HTTP on the loopback: what is shown, and whose touches count."""

import http.client
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from firmware.drivers.pi import screen_port
from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.screen_page import FOLDER
from firmware.drivers.pi.screen_port import STREAMS_MAX, ScreenPort

DEADLINE_S = 20.0
TITLE = ("测试厅", "Test hall")
READY = ("screen", "ready", (("filing", "申报", "Filing", 3),), "ok")


class Screen:
    """The port, its loop in a thread of its own, and a browser."""

    def __init__(self, kind: str) -> None:
        self.loop = Loop()
        self.events: list[tuple[object, ...]] = []
        self.port = ScreenPort(self.loop, self.events.append, kind, 0, TITLE)
        self.port.start()
        self.own = f"http://127.0.0.1:{self.port.port}"
        self.browser = httpx.Client(
            base_url=self.own, timeout=DEADLINE_S, trust_env=False, verify=False
        )
        self._running = True
        self.hangs = threading.Lock()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while self._running:
            with self.hangs:
                self.loop.run_once(10)

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, "not in time"
            time.sleep(0.01)

    def stop(self) -> None:
        self._running = False
        self._thread.join()
        self.browser.close()
        self.port.stop()
        self.loop.close()


@pytest.fixture
def screen() -> Iterator[Callable[[str], Screen]]:
    made: list[Screen] = []

    def make(kind: str) -> Screen:
        made.append(Screen(kind))
        return made[-1]

    yield make
    for each in made:
        each.stop()


@pytest.fixture
def kiosk(screen: Callable[[str], Screen]) -> Screen:
    return screen("ticket")


def picture(lines: Iterator[str]) -> object:
    line = next(line for line in lines if line.startswith("data: "))
    return json.loads(line[6:])["screen"]


def test_the_kiosk_is_shown_at_once_and_at_every_change(kiosk: Screen) -> None:
    with kiosk.browser.stream("GET", "/screen") as answer:
        lines = answer.iter_lines()
        whole = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
        assert whole["title"] == {"zh": "测试厅", "en": "Test hall"}
        assert whole["screen"] == {"mode": "offline", "detail": [], "paper": "unknown"}
        kiosk.loop.call(lambda: kiosk.port.apply(READY))
        services = [["filing", "申报", "Filing", 3]]
        assert picture(lines) == {"mode": "ready", "detail": services, "paper": "ok"}


def test_the_wall_is_shown_without_the_phases_of_its_flashing(
    screen: Callable[[str], Screen],
) -> None:
    wall = screen("wall")
    rows = (("A001", "3", False, True), ("B002", "综合", True, False))
    with wall.browser.stream("GET", "/screen") as answer:
        lines = answer.iter_lines()
        assert picture(lines) == {"mode": "stale", "rows": [], "waiting": 0, "notice": ""}
        wall.loop.call(lambda: wall.port.apply(("rows", "live", rows, "请", 4, "请稍候")))
        shown = picture(lines)
        assert shown == {
            "mode": "live",
            "rows": [["A001", "3", True], ["B002", "综合", False]],
            "waiting": 4,
            "notice": "请稍候",
        }
        lit = (("A001", "3", True, True), rows[1])
        wall.loop.call(lambda: wall.port.apply(("rows", "live", lit, "稍候", 4, "请稍候")))
        wall.loop.call(lambda: wall.port.apply(("rows", "live", lit, "稍候", 5, "请稍候")))
        assert picture(lines) == {**shown, "waiting": 5}, "a phase is no change"


@pytest.mark.slow
def test_a_loop_that_hangs_is_silent_so_that_the_page_can_say_so(
    kiosk: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_port, "BEAT_MS", 20)
    with kiosk.browser.stream("GET", "/screen", timeout=1.8) as answer:
        lines = answer.iter_lines()
        assert [next(line for line in lines if line == "event: beat") for _ in range(3)]
        with kiosk.hangs, pytest.raises(httpx.ReadTimeout):
            for _ in lines:
                pass


def test_a_touch_comes_to_the_loop_as_an_event(kiosk: Screen) -> None:
    answer = kiosk.browser.post("/touch", json={"service": "filing"}, headers={"Origin": kiosk.own})
    assert answer.status_code == 204
    kiosk.until(lambda: kiosk.events)
    assert kiosk.events == [("touch", "filing")]


def test_a_touch_that_waited_for_a_hanging_loop_is_dropped(
    kiosk: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(screen_port, "TOUCH_AGE_MS_MAX", 50)
    with kiosk.hangs:
        assert kiosk.browser.post("/touch", json={"service": "filing"}).status_code == 204
        late = time.monotonic() + 0.1
        while time.monotonic() < late:
            time.sleep(0.01)
    kiosk.until(lambda: "is dropped" in caplog.text)
    assert kiosk.browser.post("/touch", json={"service": "social"}).status_code == 204
    kiosk.until(lambda: kiosk.events)
    assert kiosk.events == [("touch", "social")]


@pytest.mark.parametrize(
    ("path", "body", "headers", "code"),
    [
        ("/touch", b'{"service": "a"}', {"Content-Type": "text/plain"}, 415),
        ("/touch", b'{"service": "a"}', {"Origin": "http://elsewhere"}, 403),
        ("/touch", b'{"service": "a"}', {"Host": "elsewhere:80"}, 421),
        ("/touch", b'{"service": 5}', {}, 400),
        ("/touch", b"[]", {}, 400),
        ("/touch", b"{" * 500, {}, 400),
        ("/alive", b"{}", {"Origin": "http://elsewhere"}, 403),
        ("/screen", b"{}", {}, 404),
    ],
)
def test_what_is_no_touch_of_our_page_is_refused(
    kiosk: Screen, path: str, body: bytes, headers: dict[str, str], code: int
) -> None:
    whole = {"Content-Type": "application/json"} | headers
    assert kiosk.browser.post(path, content=body, headers=whole).status_code == code
    assert kiosk.browser.get("/alive").json() == {"silent_ms": None}
    assert kiosk.events == []


@pytest.mark.parametrize("length", ["-1", "many", None, "1000000"])
def test_a_body_without_an_honest_length_is_not_waited_for(
    kiosk: Screen, length: str | None
) -> None:
    line = http.client.HTTPConnection("127.0.0.1", kiosk.port.port, timeout=DEADLINE_S)
    line.putrequest("POST", "/touch")
    line.putheader("Content-Type", "application/json")
    if length is not None:
        line.putheader("Content-Length", length)
    line.endheaders()
    assert line.getresponse().status == 400
    line.close()


def test_a_name_that_leads_here_by_somebody_elses_dns_is_no_page_of_ours(kiosk: Screen) -> None:
    assert kiosk.browser.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_every_file_of_a_page_comes_from_the_node_with_the_strict_policy(
    kiosk: Screen, screen: Callable[[str], Screen]
) -> None:
    assert "取号机" in kiosk.browser.get("/").text
    assert "叫号大屏" in screen("wall").browser.get("/").text
    for path in FOLDER.iterdir():
        answer = kiosk.browser.get(f"/{path.name}")
        assert answer.content == path.read_bytes()
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
    for outside in ("/../screen_port.py", "/%2e%2e/screen_port.py", "/page/kiosk.js", "/nothing"):
        assert kiosk.browser.get(outside).status_code == 404


def test_a_browser_reloaded_again_and_again_is_always_served(kiosk: Screen) -> None:
    for _ in range(3 * STREAMS_MAX):
        with kiosk.browser.stream("GET", "/screen") as answer:
            assert picture(answer.iter_lines())


def test_a_page_that_falls_silent_is_told_once_and_so_is_its_return(
    kiosk: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(screen_port, "BEAT_MS", 20)
    caplog.set_level(logging.INFO)
    assert kiosk.browser.get("/alive").json() == {"silent_ms": None}
    assert kiosk.browser.post("/alive", json={"build": "x"}).status_code == 204
    assert 0 <= kiosk.browser.get("/alive").json()["silent_ms"] < 20_000
    monkeypatch.setattr(screen_port, "PAGE_SILENT_MS", 100)
    kiosk.until(lambda: "has not been heard" in caplog.text)
    monkeypatch.setattr(screen_port, "PAGE_SILENT_MS", 100_000)
    kiosk.browser.post("/alive", json={"build": "x"})
    kiosk.until(lambda: "the page is back" in caplog.text)
    assert caplog.text.count("has not been heard") == 1


# ---- the files of the pages ----

SCRIPTS = sorted(FOLDER.glob("*.js"))


def test_pages_have_no_script_and_no_style_inside_and_load_nothing_from_outside() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8")
        addresses = re.findall(r"https?://[^\s\"'`]+", text)
        assert [one for one in addresses if not one.startswith("http://www.w3.org/")] == []
        assert len(text.splitlines()) <= 500, path.name
        if path.suffix == ".html":
            assert re.findall(r"<script[^>]*>([^<]+)</script>", text) == []
            assert re.findall(r"\s(?:on\w+|style)=", text) == []
            for name in re.findall(r'(?:src|href)="([^"]+)"', text):
                assert (FOLDER / name).is_file(), name


def test_every_word_asked_for_has_both_languages_and_every_icon_is_drawn() -> None:
    words = (FOLDER / "words.js").read_text("utf-8")
    known = set(re.findall(r"^  (\w+): \[", words, re.MULTILINE))
    pairs = re.findall(r'^  \w+: \[\s*"([^"]+)",\s*"([^"]+)",?\s*\]', words, re.MULTILINE)
    assert len(pairs) == len(known)
    icons = set(re.findall(r"^  (\w+):", (FOLDER / "icon_paths.js").read_text("utf-8"), re.M))
    asked, drawn = set(), set()
    for path in FOLDER.iterdir():
        text = path.read_text("utf-8")
        asked |= set(re.findall(r"\bt\(\"(\w+)\"\)|data-word=\"(\w+)\"", text))
        drawn |= set(re.findall(r"makeIcon\(\"(\w+)\"\)|data-icon=\"(\w+)\"", text))
        drawn |= set(re.findall(r"return \[\"(\w+)\", \"(\w+)\", \"(\w*)\"\]", text))
    flat = {name for group in asked for name in group if name}
    assert flat
    assert flat <= known
    messages = [group for group in drawn if len(group) == 3]
    assert messages
    assert {word for _, *pair in messages for word in pair if word} <= known
    assert {name for group in drawn for name in group[: 1 if len(group) == 3 else 2] if name} <= (
        icons
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_imports_lead_to_files_and_files_say_what_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("/**")
    for name in re.findall(r'from "([^"]+)"', text):
        assert name.startswith("./")
        assert (FOLDER / name).is_file()
