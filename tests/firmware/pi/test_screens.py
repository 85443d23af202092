"""The screens of a kiosk and a wall as they are installed: the real process, the real gateway, a
virtual printer, and a real browser on the page that the node itself serves.
"""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from simulator.devices.printer import Printer
from simulator.ports.tcp_port import TcpPort

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

KIOSK = """
[printer]
hall_zh = "测试厅"
hall_en = "Test hall"
host = "127.0.0.1"
port = {printer}
[screen]
port = {port}
"""
WALL = """
[screen]
port = {port}
hall_zh = "测试厅"
"""
MODE_MS = 30_000


def free_port() -> int:
    """One that a node can have again when it starts anew."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Kiosk:
    """The node, its printer and its page."""

    def __init__(self, hall: Any, start_node: Callable[..., Any], page: Page) -> None:
        self.name = hall.new_kiosk()
        self.page = page
        self.printer = Printer()
        self.port = TcpPort(self.printer)
        self.port.start()
        self._tables = KIOSK.format(printer=self.port.port, port=free_port())
        self._start = lambda: start_node(self._tables, self.name, "ticket", hall.port)
        self.start()
        page.goto(self.node.screen)
        self.shows("ready")

    def start(self) -> None:
        self.node = self._start()

    def shows(self, mode: str) -> None:
        self.page.wait_for_selector(f"body[data-mode={mode}]", timeout=MODE_MS)

    def touch(self, service: str) -> None:
        self.page.locator(f"[data-service={service}]").click()

    def papers(self) -> list[str]:
        """The text of every piece of paper that says anything."""
        texts = self.port.change(lambda _: [each.text for each in self.printer.tickets])
        return [text for text in texts if text.strip()]

    def turn(self, **knobs: object) -> None:
        """Turn fault knobs of the printer."""
        self.port.change(lambda _: [setattr(self.printer, *knob) for knob in knobs.items()])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose scripts make no mistake."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    made = context.new_page()
    told: list[str] = []
    made.on("pageerror", lambda error: told.append(str(error)))
    yield made
    context.close()
    assert told == []


@pytest.fixture
def kiosk(hall: Any, start_node: Callable[..., Any], page: Page) -> Iterator[Kiosk]:
    made = Kiosk(hall, start_node, page)
    yield made
    made.port.stop()


@pytest.fixture
def wall(hall: Any, start_node: Callable[..., Any], page: Page) -> Any:
    """A wall node that is a browser and nothing else."""
    node = start_node(WALL.format(port=free_port()), "wall-1", "wall", hall.port)
    page.goto(node.screen)
    page.wait_for_selector("body:is([data-mode=live], [data-mode=welcome])", timeout=MODE_MS)
    return node


def call_next(hall: Any, window: str, officer: str) -> str:
    """Sign in at a window, give out a ticket, call whoever is first; the number."""
    hall.post("officer", f"/api/v1/windows/{window}/sign-in", {"staff_number": officer})
    hall.post("kiosk", "/api/v1/tickets", {"service": "filing"})
    hall.post("officer", f"/api/v1/windows/{window}/commands", {"command": "next"})
    return str(next(one["number"] for one in hall.view()["windows"] if one["id"] == window))


def test_a_touch_on_the_page_is_a_ticket_in_the_slot(kiosk: Kiosk, hall: Any) -> None:
    kiosk.touch("filing")
    kiosk.shows("printed")
    shown = kiosk.page.locator("#number").inner_text()
    [paper] = kiosk.papers()
    assert shown in paper
    assert shown in [ticket["number"] for ticket in hall.view()["waiting"]]
    assert kiosk.page.locator("#below").inner_text() == "请在下方取票"
    kiosk.shows("ready")
    assert kiosk.page.locator("#hall").inner_text() == "测试厅"
    assert kiosk.node.end() == 0


def test_a_nervous_finger_gets_one_ticket(kiosk: Kiosk, until: Callable[..., Any]) -> None:
    kiosk.page.locator("[data-service=social]").click(click_count=4, delay=20)
    kiosk.shows("printed")
    kiosk.shows("ready")
    assert len(kiosk.papers()) == 1


def test_the_end_of_the_paper_is_shown_and_the_number_is_kept(kiosk: Kiosk) -> None:
    kiosk.turn(near_end_mm=100_000)
    kiosk.page.wait_for_selector("#low:visible", timeout=MODE_MS)
    kiosk.turn(paper_left_mm=60)
    kiosk.touch("invoice")
    kiosk.shows("paper_out")
    assert kiosk.page.locator("#headline").inner_text() == "打印纸用完了"
    number = kiosk.page.locator("#safe b").inner_text()
    kiosk.page.locator("#language").click()
    assert kiosk.page.locator("#headline").inner_text() == "Out of paper"
    kiosk.port.change(lambda now_ms: kiosk.printer.reload_paper(50_000, now_ms))
    kiosk.shows("printed")
    assert kiosk.page.locator("#number").inner_text() == number
    assert [number in paper for paper in kiosk.papers()] == [True]


@pytest.mark.parametrize(
    ("knob", "headline"),
    [("cover_open", "打印机盖没有合上"), ("cutter_jam", "打印机卡住了")],
)
def test_a_fault_of_the_printer_is_called_by_its_name(
    kiosk: Kiosk, knob: str, headline: str
) -> None:
    if knob == "cutter_jam":
        kiosk.turn(cutter_jam=True)
        kiosk.touch("filing")
    else:
        kiosk.turn(cover_open=True)
    kiosk.shows("paper_out")
    assert kiosk.page.locator("#headline").inner_text() == headline


def test_a_node_that_died_is_told_by_its_page_until_it_is_back(kiosk: Kiosk) -> None:
    kiosk.node.end(signal.SIGKILL)
    kiosk.shows("gone")
    assert kiosk.page.locator(".service:visible").count() == 0
    kiosk.start()
    kiosk.shows("ready")
    kiosk.touch("filing")
    kiosk.shows("printed")


def test_a_page_that_hangs_is_noticed_by_its_node(kiosk: Kiosk, until: Callable[..., Any]) -> None:
    def silent_ms() -> int:
        answer = httpx.get(f"{kiosk.node.screen}/alive", trust_env=False, verify=False)
        silent = answer.json()["silent_ms"]
        return 1_000_000 if silent is None else int(silent)

    until(lambda: silent_ms() < 1000, "the page does not say that it lives")
    kiosk.page.evaluate(
        "() => { setTimeout(() => {"
        " const end = performance.now() + 12_000; while (performance.now() < end); }) }"
    )
    until(lambda: 8000 < silent_ms() < 1_000_000, "a hanging page still says that it lives")
    until(lambda: silent_ms() < 1000, "the page does not come back")


def test_a_call_is_on_the_wall_with_its_window(wall: Any, hall: Any, page: Page) -> None:
    number = call_next(hall, "w01", "1111")
    page.wait_for_selector(f"#hero.is-new >> text={number}", timeout=MODE_MS)
    assert page.locator("#hero-window").inner_text().split() == ["1", "号窗口", "Window"]
    waiting = hall.view()["totals"]["waiting"]
    assert page.locator("#count").inner_text() == str(waiting)
    assert page.locator("#notice-text").inner_text() == hall.view()["hall"]["notice_zh"]
    second = call_next(hall, "w02", "1122")
    page.wait_for_selector(f"#hero >> text={second}", timeout=MODE_MS)
    assert number in page.locator("#rows").inner_text()
    # The flash ends by itself, the call stays.
    page.wait_for_selector("#hero:not(.is-new)", timeout=MODE_MS)
    assert page.locator("#hero-number").inner_text() == second
    assert wall.end() == 0


def test_without_the_gateway_wall_and_kiosk_say_so_and_come_back(
    kiosk: Kiosk, wall: Any, hall: Any, browser: Browser, page: Page
) -> None:
    number = call_next(hall, "w03", "1133")
    page.wait_for_selector(f"#hero >> text={number}", timeout=MODE_MS)
    context = browser.new_context()
    kiosk.page = context.new_page()
    kiosk.page.goto(kiosk.node.screen)
    kiosk.shows("ready")
    hall.kill_gateway()
    page.wait_for_selector("body[data-mode=stale]", timeout=MODE_MS)
    assert not re.search(r"[A-Z]\d{3}", page.locator("body").inner_text()), "an old number"
    kiosk.shows("reserve")  # it goes on with its own numbers
    assert "断开" in kiosk.page.locator("#choose-more").inner_text()
    hall.start_gateway()
    page.wait_for_selector(f"#hero >> text={number}", timeout=MODE_MS)
    kiosk.shows("ready")
    context.close()
