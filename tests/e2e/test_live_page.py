"""The live hall in a real browser: a newcomer's first minute, the languages, the keyboard."""

import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e")]

Poll = Callable[[Callable[[], Any], float, str], Any]
Hall = Any


def test_newcomer_takes_a_ticket_and_calls_it_within_a_minute(
    page: Page, hall: Hall, poll: Poll
) -> None:
    began = time.monotonic()
    page.locator("[data-service=filing]").click()
    paper = page.locator(".paper")
    expect(paper).to_be_visible()
    number = paper.get_attribute("data-ticket")
    assert number is not None
    assert number.startswith("A")
    assert (
        page.locator(".paper img").evaluate(
            "async i => { await i.decode(); return i.naturalWidth }"
        )
        > 500
    )
    page.locator("[data-window=w01] .sign-in").click()
    expect(page.locator("[data-window=w01] .pad")).to_have_attribute("data-light", "ready")
    page.locator("[data-window=w01] [data-key=next]").click()
    poll(lambda: hall.wall_calls(number, "1"), 20, f"{number} in the LEDs of the wall")
    expect(page.locator(".tokens")).to_have_attribute("data-number", number)
    expect(page.locator("[data-window=w01] .display")).to_have_attribute(
        "aria-label", number.replace("B", "b")
    )
    assert time.monotonic() - began < 60
    announcement = hall.state()["voice"]
    job = (announcement["playing"] or announcement["last"])["job"]
    sound = hall.client.get(f"/live/voice/{job}.wav")
    assert sound.headers["content-type"] == "audio/wav"
    assert len(sound.content) > 50_000


def test_ticket_opens_large_and_closes_with_escape(page: Page, hall: Hall) -> None:
    hall.take_ticket("invoice")
    page.locator(".paper").click()
    expect(page.locator(".viewer")).to_be_visible()
    assert page.locator(".viewer img").bounding_box()["height"] > 500
    page.keyboard.press("Escape")
    expect(page.locator(".viewer")).to_be_hidden()


def test_language_changes_with_one_tap_and_is_remembered(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("[data-window=w03] [data-key=next]")).to_contain_text("叫号")
    page.locator(".language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("[data-window=w03] [data-key=next]")).to_contain_text("Next")
    expect(page.locator("h1")).to_contain_text("Langfang")
    page.reload()
    expect(page.locator("[data-service=filing]")).to_contain_text("Tax filing")


def test_whole_hall_is_worked_with_the_keyboard_alone(page: Page, hall: Hall, poll: Poll) -> None:
    issued = hall.state()["view"]["totals"]["issued"]
    page.locator("[data-service=social]").focus()
    page.keyboard.press("Enter")
    poll(lambda: hall.state()["view"]["totals"]["issued"] == issued + 1, 20, "a ticket")
    page.locator("[data-window=w05] .sign-in").focus()
    page.keyboard.press("Enter")
    poll(lambda: hall.account("w05")["mode"] == "open", 20, "window 5 open")
    key = page.locator("[data-window=w05] [data-key=next]")
    key.focus()
    page.keyboard.down("Space")
    expect(key).to_have_class(re.compile("is-down"))
    poll(lambda: hall.window("w05")["pad"]["keys"][0], 20, "the key down")
    page.keyboard.up("Space")
    poll(lambda: hall.account("w05")["mode"] == "called", 20, "a call from window 5")


def test_long_press_of_pause_signs_off(page: Page, hall: Hall, poll: Poll) -> None:
    hall.sign_in("w07")
    expect(page.locator("[data-window=w07] .pad")).to_have_attribute("data-light", "ready")
    key = page.locator("[data-window=w07] [data-key=pause]")
    key.hover()
    page.mouse.down()
    poll(lambda: hall.account("w07")["mode"] == "closed", 20, "window 7 closed")
    page.mouse.up()


def test_verdict_is_given_on_the_five_faces(page: Page, hall: Hall, poll: Poll) -> None:
    hall.take_ticket("registration")
    hall.sign_in("w03")
    pad = page.locator("[data-window=w03]")
    expect(pad.locator(".pad")).to_have_attribute("data-light", "ready")
    pad.locator("[data-key=next]").click()
    poll(lambda: hall.account("w03")["mode"] == "called", 20, "a call")
    pad.locator("[data-key=start]").click()
    poll(lambda: hall.account("w03")["mode"] == "serving", 20, "a service")
    pad.locator("[data-key=finish]").click()
    expect(pad.locator(".rating")).to_have_attribute("data-mode", "open")
    pad.locator("[data-grade='5']").click()
    expect(pad.locator(".rating")).to_have_attribute("data-mode", "thanks")
    poll(lambda: hall.state()["view"]["totals"]["ratings"]["count"] >= 1, 20, "the verdict")


def test_every_control_has_a_name_and_every_picture_a_text(page: Page) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, a, [role=img]")]
            .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()
              || one.title)).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    assert page.locator("img:not([alt])").count() == 0
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select")].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.width > 0 && (box.width < 20 || box.height < 20);
        }).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert small == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1920, 1080)])
def test_whole_hall_fits_the_screen_without_scrolling(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    hidden = page.evaluate(
        """() => [...document.querySelectorAll(".booth, .kiosk, .cabinet, .touch-button, .log")]
            .filter((one) => one.getBoundingClientRect().bottom > innerHeight).length"""
    )
    assert hidden == 0


@pytest.mark.parametrize("width", [1024, 390])
def test_narrow_screens_scroll_down_only(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_page_says_that_it_is_cut_off_and_heals(page: Page, hall: Hall) -> None:
    hall.process.send_signal(signal.SIGSTOP)
    try:
        expect(page.locator(".notice.is-bad")).to_be_visible()
        expect(page.locator(".hall")).to_have_class("hall is-cut ")
    finally:
        hall.process.send_signal(signal.SIGCONT)
    expect(page.locator(".notice.is-bad")).to_be_hidden()
    hall.wait_until_whole()
