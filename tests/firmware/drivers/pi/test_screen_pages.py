"""The pages of a node in a real browser: every state, both languages, three sizes of screen.

What a machine can judge: nothing is cut off, lies over another or leaves the screen, and what is to
be touched or read from afar is large enough.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.screen_port import ScreenPort

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("screens")]

SIZES = ((1920, 1080), (1080, 1920), (1280, 800))
TITLE = ("廊坊开发区智能办税服务厅", "Langfang Development Zone Smart Tax Hall")
SIX = (
    ("filing", "申报纳税", "Tax filing", 3),
    ("invoice", "发票代开", "Invoices", 0),
    ("registration", "税务登记", "Registration", 12),
    ("property", "房产交易", "Property deals", 1),
    ("social", "社保缴费", "Social insurance", 0),
    ("other", "综合咨询", "General enquiries", 5),
)
EIGHT = (
    *SIX,
    ("vehicle", "车辆购置税", "Vehicle purchase tax", 9999),
    ("paper", "完税证明打印", "Tax payment certificates", 0),
)
KIOSK = {
    "ready": ("screen", "ready", SIX, "ok"),
    "full": ("screen", "ready", EIGHT, "low"),
    "one": ("screen", "ready", SIX[:1], "ok"),
    "reserve": ("screen", "reserve", SIX, "ok"),
    "identify": ("screen", "identify", ("kiosk-1",), "ok"),
    "asking": ("screen", "asking", ("other",), "ok"),
    "printing": ("screen", "printing", ("A023",), "ok"),
    "printed": ("screen", "printed", ("A023",), "ok"),
    "paper-out": ("screen", "paper_out", ("out", "closed", "none", "A023"), "out"),
    "cover": ("screen", "paper_out", ("ok", "open", "none", ""), "ok"),
    "cutter": ("screen", "paper_out", ("ok", "closed", "cutter", ""), "ok"),
    "no-printer": ("screen", "paper_out", ("unknown", "unknown", "offline", ""), "unknown"),
    "offline": ("screen", "offline", (), "ok"),
    "closed": ("screen", "closed", (), "ok"),
    "refused": ("screen", "refused", ("numbers_exhausted",), "ok"),
}
ROWS = (
    ("A023", "3", True, True),
    ("C011", "8", True, True),
    ("A022", "1", True, False),
    ("E107", "12", True, False),
    ("B045", "5", True, False),
    ("D003", "综合1", True, False),
    ("A021", "2", True, False),
    ("A020", "4", True, False),
)
NOTICE = "今日个人所得税汇算清缴高峰，预计等候时间较长，请耐心等候，谢谢您的理解与配合"
WALL = {
    "full": ("rows", "live", ROWS, "", 37, "请在等候区就座　留意广播与屏幕"),
    "few": ("rows", "live", ROWS[1:4], "", 5, NOTICE),
    "first": ("rows", "live", ROWS[:1], "", 9999, ""),
    "named": ("rows", "live", ROWS[5:6], "", 2, "请稍候"),
    "welcome": ("rows", "live", (), "", 0, "请稍候"),
    "stale": ("rows", "stale", (), "请稍候", 0, "请稍候"),
    "identify": ("rows", "identify", (), "wall-1", 0, "wall-1"),
}
# Texts that are wider than their box, or stand outside of the screen.
FAULTS = """() => {
  const wrong = [];
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("[hidden], .slot, svg") || !one.textContent.trim()) continue;
    const box = one.getBoundingClientRect();
    const inner = !one.children.length && getComputedStyle(one).display !== "inline";
    if (inner && one.scrollWidth > one.clientWidth + 1) wrong.push(`cut: ${one.textContent}`);
    if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)
      wrong.push(`outside: ${one.className} ${one.textContent}`);
  }
  const words = [...document.querySelectorAll(".count, .push, .name, .other, .row > *")];
  for (const one of words) for (const two of words) {
    if (one === two || one.closest("[hidden]") || one.contains(two) || two.contains(one)) continue;
    const a = one.getBoundingClientRect(), b = two.getBoundingClientRect();
    if (!a.width || !b.width) continue;
    const beside = a.left >= b.right - 1 || b.left >= a.right - 1;
    if (!beside && a.top < b.bottom - 1 && b.top < a.bottom - 1)
      wrong.push(`over each other: ${one.textContent} / ${two.textContent}`);
  }
  return wrong;
}"""


class Screen:
    """A port fed by the test, and its page; `show` waits until the browser shows it."""

    def __init__(self, kind: str, browser: Browser, size: tuple[int, int], motion: Any) -> None:
        self.told: list[str] = []
        self.loop = Loop()
        self._events: list[object] = []
        self._port = ScreenPort(self.loop, self._events.append, kind, 0, TITLE)
        self._port.start()
        self._running = True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        width, height = size
        self._context = browser.new_context(
            viewport={"width": width, "height": height},
            reduced_motion=motion,
        )
        self.page: Page = self._context.new_page()
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("console", lambda line: self.told.append(line.text))
        self.page.goto(f"http://127.0.0.1:{self._port.port}/")
        self.page.wait_for_selector("body:not([data-mode=starting])")

    def _run(self) -> None:
        while self._running:
            self.loop.run_once(20)

    def show(self, effect: tuple[object, ...], mode: str) -> None:
        self.loop.call(lambda: self._port.apply(effect))
        self.page.wait_for_selector(f"body[data-mode={mode}]")
        # Two frames later everything has its place.
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def stop(self) -> None:
        self._context.close()
        self._running = False
        self._thread.join()
        self._port.stop()
        self.loop.close()


@pytest.fixture
def screen(browser: Browser) -> Iterator[Callable[..., Screen]]:
    made: list[Screen] = []

    def make(kind: str, size: tuple[int, int] = SIZES[0], motion: str = "no-preference") -> Screen:
        made.append(Screen(kind, browser, size, motion))
        return made[-1]

    yield make
    for each in made:
        each.stop()
    assert [line for each in made for line in each.told] == []


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_state_of_the_kiosk_is_whole_in_both_languages(
    screen: Callable[..., Screen], size: tuple[int, int]
) -> None:
    kiosk = screen("ticket", size, "reduce")
    faults: dict[str, Any] = {}
    kiosk.show(KIOSK["ready"], "ready")
    for language in ("zh", "en"):
        for name, effect in KIOSK.items():
            kiosk.show(effect, str(effect[1]))
            if found := kiosk.page.evaluate(FAULTS):
                faults[f"{name} {language}"] = found
        kiosk.page.locator("#language").click()
    assert faults == {}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_state_of_the_wall_is_whole(
    screen: Callable[..., Screen], size: tuple[int, int]
) -> None:
    wall = screen("wall", size, "reduce")
    faults = {}
    for name, effect in WALL.items():
        wall.show(effect, "welcome" if name == "welcome" else str(effect[1]))
        if found := wall.page.evaluate(FAULTS):
            faults[name] = found
    assert faults == {}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_is_to_be_touched_is_large(
    screen: Callable[..., Screen], size: tuple[int, int]
) -> None:
    kiosk = screen("ticket", size)
    for name in ("full", "printed"):
        kiosk.show(KIOSK[name], str(KIOSK[name][1]))
        for button in kiosk.page.locator("button:visible").all():
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 64, button.text_content()


def test_numbers_on_the_wall_are_large_enough_for_ten_metres(
    screen: Callable[..., Screen],
) -> None:
    wall = screen("wall")
    wall.show(WALL["full"], "live")
    sizes = wall.page.evaluate(
        "() => [...document.querySelectorAll('.calls .number')].map("
        "one => parseFloat(getComputedStyle(one).fontSize))"
    )
    # A digit is 0.73 of the type size high. On 43 inches a pixel is 0.495 mm; 28 mm is 10 m / 360.
    heights_mm = [0.73 * 0.495 * size for size in sizes]
    assert min(heights_mm) >= 28
    assert heights_mm[0] >= 2 * 28


def test_a_new_call_moves_unless_the_viewer_wants_no_motion(
    screen: Callable[..., Screen],
) -> None:
    moving, calm = screen("wall"), screen("wall", motion="reduce")
    for wall, animation in ((moving, "flash"), (calm, "none")):
        wall.show(WALL["full"], "live")
        fresh = wall.page.locator(".is-new")
        assert fresh.locator(".number").all_text_contents() == ["A023", "C011"]
        names = fresh.evaluate_all(
            "all => all.map(e => getComputedStyle(e, '::before').animationName)"
        )
        assert names == [animation, animation]
    moving.show(("rows", "live", ROWS[2:], "", 36, ""), "live")
    assert moving.page.locator(".is-new").count() == 0


def test_a_window_with_a_name_goes_by_its_name(screen: Callable[..., Screen]) -> None:
    wall = screen("wall")
    wall.show(WALL["named"], "live")
    assert wall.page.locator("#hero-window").inner_text().split() == ["综合1", "窗口", "Window"]
    wall.show(WALL["first"], "live")
    assert wall.page.locator("#hero-window").inner_text().split() == ["3", "号窗口", "Window"]


def test_english_stays_until_nobody_has_touched_the_kiosk_for_a_while(
    screen: Callable[..., Screen],
) -> None:
    kiosk = screen("ticket")
    kiosk.show(KIOSK["ready"], "ready")
    html = kiosk.page.locator("html")
    assert html.get_attribute("lang") == "zh-CN"
    kiosk.page.locator("#language").click()
    assert html.get_attribute("lang") == "en"
    assert kiosk.page.locator("[data-service=filing] .name").inner_text() == "Tax filing"
    kiosk.page.evaluate(
        "() => { const now = performance.now.bind(performance);"
        " performance.now = () => now() + 31_000; }"
    )
    kiosk.page.wait_for_selector("html[lang=zh-CN]")


def test_a_ticket_that_was_shown_can_be_put_away_for_the_next_person(
    screen: Callable[..., Screen],
) -> None:
    kiosk = screen("ticket")
    kiosk.show(KIOSK["ready"], "ready")
    kiosk.show(KIOSK["printed"], "printed")
    kiosk.page.locator("#again").click()
    kiosk.page.wait_for_selector("body[data-mode=ready]")
    kiosk.show(("screen", "printed", ("A024",), "ok"), "printed")


def test_the_keyboard_reaches_every_service(screen: Callable[..., Screen]) -> None:
    kiosk = screen("ticket")
    kiosk.show(KIOSK["ready"], "ready")
    reached = []
    for _ in range(1 + len(SIX)):
        kiosk.page.keyboard.press("Tab")
        reached.append(kiosk.page.evaluate("() => document.activeElement.dataset.service || ''"))
    assert reached == ["", *(service[0] for service in SIX)]
