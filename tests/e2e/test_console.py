"""The technician's console beside the live hall: what happens to a pad is seen on both."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.web.tokens import TokenStore

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e")]

Poll = Callable[[Callable[[], Any], float, str], Any]
Hall = Any
LOST_MS = 25_000
SHOTS = Path(__file__).resolve().parents[2] / "build" / "artifacts"
# The contrast of every visible text against what it is painted on, blended from the bottom up.
CONTRASTS = """() => {
  const parse = (text) => {
    const found = (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return [found[0], found[1], found[2], found.length > 3 ? found[3] : 1];
  };
  const over = (top, under) => top[3] >= 1 ? top : [0, 1, 2].map(
    (i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map(
      (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(at);
    return chain.reduce((under, at) => over(parse(getComputedStyle(at).backgroundColor), under),
      [18, 14, 11, 1]);
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.offsetParent) continue;
    if (["SCRIPT", "NOSCRIPT", "OPTION"].includes(element.tagName)) continue;
    const under = ground(element);
    const ink = over(parse(getComputedStyle(element).color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(1)} ${element.className} ${element.textContent}`);
  }
  return bad;
}"""


@pytest.fixture
def console(page: Page) -> Iterator[Page]:
    """The console, opened by the button of the hall; errors it tells fail the test."""
    with page.context.expect_page() as opened:
        page.locator("a.console").click()
    console = opened.value
    told: list[str] = []
    console.on("pageerror", lambda error: told.append(str(error)))
    console.on("console", lambda line: told.append(line.text) if line.type == "error" else None)
    expect(console.locator(".row").first).to_be_visible()
    yield console
    assert told == []


def row(console: Page, node: str) -> Any:
    return console.locator(f".row[data-node={node}]")


def open_node(console: Page, node: str) -> None:
    row(console, node).click()
    expect(console.locator(".detail h2")).to_be_visible()


def test_the_button_of_the_hall_opens_the_console_signed_in_with_every_node(
    console: Page, hall: Hall
) -> None:
    hall.wait_until_whole()
    assert console.url.endswith("/console"), "no token in an address"
    expect(console.locator(".row")).to_have_count(35)
    expect(console.locator(".row[data-state=online]")).to_have_count(35)
    expect(console.locator("h1")).to_have_text("廊坊开发区智能办税服务厅")
    expect(console.locator(".live")).to_have_text("实时")
    expect(row(console, "w03-pad")).to_contain_text("叫号器")
    expect(row(console, "w03-pad").locator(".row-facts")).to_contain_text("已运行")
    expect(row(console, "w03-pad").locator("svg.bars .lit").first).to_be_visible()
    expect(row(console, "kiosk-1").locator("svg.bars")).to_have_count(0)


def test_another_site_cannot_have_the_console_opened(hall: Hall) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        answer = hall.client.get("/live/console", headers={"Sec-Fetch-Site": site})
        assert answer.status_code == status
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]


def test_one_signs_in_with_a_token_and_is_told_when_it_is_wrong(
    browser: Browser, page: Page, hall: Hall
) -> None:
    address = hall.client.get("/live/console").headers["location"]
    tokens = TokenStore(hall.data / "gateway").first_texts()
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    console = context.new_page()
    console.goto(address)
    field = console.locator("input[name=token]")
    for text, words in (("hk_wrong", "unknown or revoked"), (tokens["officer-1"], "officer")):
        field.fill(text)
        field.press("Enter")
        expect(console.locator(".sign-in .complaint")).to_contain_text(words)
    field.fill(tokens["technician-1"])
    field.press("Enter")
    expect(console.locator(".row")).to_have_count(35)
    console.locator(".leave").click()
    expect(field).to_be_visible()
    expect(console.locator(".row").first).to_be_hidden()
    context.close()


def test_an_unplugged_pad_turns_lost_with_its_next_step_and_heals_with_a_line(
    page: Page, console: Page, hall: Hall
) -> None:
    open_node(console, "w02-pad")
    page.locator("[data-window=w02] .cable").click()
    expect(row(console, "w02-pad")).to_have_attribute("data-state", "lost", timeout=LOST_MS)
    expect(console.locator(".detail .problem")).to_contain_text("检查电源与网络")
    expect(console.locator(".detail .command code")).to_have_text("hallkit replace w02-pad")
    expect(console.locator("[data-action=identify]")).to_be_disabled()
    console.locator("[data-filter=lost]").click()
    expect(console.locator(".row:visible")).to_have_count(1)
    console.screenshot(path=SHOTS / "console_lost.png")
    page.locator("[data-window=w02] .cable").click()
    expect(row(console, "w02-pad")).to_have_attribute("data-state", "online", timeout=LOST_MS)
    expect(console.locator(".log")).to_contain_text("连接恢复")
    expect(console.locator("[data-action=identify]")).to_be_enabled()
    hall.wait_until_whole()


def test_identify_blinks_the_pad_on_the_counter_and_says_so_in_its_log(
    page: Page, console: Page, hall: Hall, poll: Poll
) -> None:
    hall.sign_in("w01")
    open_node(console, "w01-pad")
    expect(console.locator(".log li").first).to_be_visible()
    console.locator("[data-action=identify]").click()
    expect(page.locator("[data-window=w01] .pad")).to_have_attribute("data-light", "identify")
    expect(console.locator("[data-action=identify]")).to_contain_text("秒")
    expect(console.locator(".log")).to_contain_text("正在示意 10 秒")
    shown = {hall.window("w01")["pad"]["text"] for _ in range(1)}
    poll(lambda: shown.add(hall.window("w01")["pad"]["text"]) or len(shown) > 1, 20, "alternation")
    assert shown <= {"8888", "no01"}
    # A press meanwhile counts, and the pad shows at once what came of it.
    number = hall.take_ticket("filing")
    page.locator("[data-window=w01] [data-key=next]").click()
    poll(lambda: hall.account("w01")["number"] == number, 20, "the call")
    expect(page.locator("[data-window=w01] .pad")).not_to_have_attribute("data-light", "identify")
    hall.wait_until_whole()


def test_every_kind_of_node_shows_itself_in_the_hall(console: Page, hall: Hall, poll: Poll) -> None:
    def seen() -> dict[str, bool]:
        state = hall.state()
        booth = next(one for one in state["windows"] if one["id"] == "w04")
        return {
            "w04-lamp": booth["lamp"]["colour"] in ("red", "amber", "green"),
            "w04-rating": booth["rating"]["mode"] == "identify",
            "w04-sign": booth["sign"]["bits"] != before["sign"],
            "kiosk-1": state["kiosk"]["mode"] == "identify",
            "wall-1": state["wall"]["bits"] != before["wall"],
            "voice-1": (state["voice"]["playing"] or {}).get("job") == "identify",
        }

    hall.wait_until_whole()
    state = hall.state()
    before = {
        "wall": state["wall"]["bits"],
        "sign": next(one for one in state["windows"] if one["id"] == "w04")["sign"]["bits"],
    }
    for node in seen():
        open_node(console, node)
        console.locator("[data-action=identify]").click()
        poll(lambda node=node: seen()[node], 20, f"{node} shows itself")
    poll(lambda: not any(seen().values()), 20, "the pictures of now again")
    hall.wait_until_whole()


def test_the_wiring_of_a_node_is_drawn_and_listed(console: Page) -> None:
    open_node(console, "w05-pad")
    picture = console.locator(".wiring img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 300
    expect(console.locator(".wiring tbody tr")).to_have_count(13)
    expect(console.locator(".wiring tbody tr").first).to_contain_text("key_next")
    open_node(console, "kiosk-1")
    expect(console.locator(".wiring tbody tr").first).to_contain_text("ticket printer")


def test_a_silent_gateway_is_told_and_nothing_old_looks_new(
    console: Page, hall: Hall, poll: Poll
) -> None:
    open_node(console, "w06-pad")
    children = Path(f"/proc/{hall.process.pid}/task/{hall.process.pid}/children")
    gateway = next(
        int(pid)
        for pid in children.read_text("ascii").split()
        if b"gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(gateway, signal.SIGSTOP)
    try:
        expect(console.locator(".banner")).to_be_visible()
        expect(console.locator(".banner")).to_contain_text("网关没有回应")
        expect(console.locator("[data-action=identify]")).to_be_disabled()
        expect(console.locator(".live")).to_have_text("")
        expect(console.locator(".log-state")).to_contain_text("已断开")
        console.screenshot(path=SHOTS / "console_cut.png")
    finally:
        os.kill(gateway, signal.SIGCONT)
    expect(console.locator(".banner")).to_be_hidden()
    expect(console.locator(".log-state")).to_have_text("实时")
    expect(console.locator("[data-action=identify]")).to_be_enabled()
    hall.wait_until_whole()


def test_the_console_works_by_keyboard_alone(console: Page) -> None:
    console.keyboard.press("/")
    expect(console.locator(".search")).to_be_focused()
    console.keyboard.type("w07")
    expect(console.locator(".row:visible")).to_have_count(4)
    console.keyboard.press("Tab")
    expect(row(console, "w07-pad")).to_be_focused()
    console.keyboard.press("ArrowDown")
    expect(row(console, "w07-sign")).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.locator(".detail h2")).to_be_focused()
    assert console.url.endswith("#w07-sign")
    console.keyboard.press("Escape")
    expect(row(console, "w07-sign")).to_be_focused()


def test_one_tap_turns_every_word_into_english(console: Page) -> None:
    open_node(console, "w08-lamp")
    expect(console.locator(".wiring tbody tr").first).to_be_visible()
    console.locator(".language").click()
    expect(console.locator("html")).to_have_attribute("lang", "en")
    text = console.locator("body").inner_text()
    chinese = {c for c in text.replace("中文", "") if "\u4e00" <= c <= "\u9fff"}
    assert chinese == set()
    console.locator(".language").click()
    expect(row(console, "w08-lamp")).to_contain_text("超时灯")


SMALL = """() => [...document.querySelectorAll("a, button, input, select")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width > 0 && (box.width < 40 || box.height < 40);
}).map((one) => one.outerHTML.slice(0, 120))"""
NAMELESS = """() => [...document.querySelectorAll("a, button, input, select")].filter((one) =>
  one.offsetParent && !(one.getAttribute("aria-label") || one.textContent.trim() || one.title
    || one.labels?.length || one.querySelector("img[alt]:not([alt=''])"))
).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_fits_every_screen_with_readable_words_and_big_targets(
    console: Page, language: str
) -> None:
    if language == "en":
        console.locator(".language").click()
    for opened in (False, True):
        if opened:
            open_node(console, "w01-pad")
            expect(console.locator(".wiring img")).to_be_visible()
        for width in (320, 390, 768, 1280, 1920, 3840):
            console.set_viewport_size({"width": width, "height": 900})
            assert console.evaluate("document.documentElement.scrollWidth") <= width
            for faults in (CONTRASTS, SMALL, NAMELESS):
                assert console.evaluate(faults) == []
