"""Things are broken in the browser, and the hall heals before the eyes of the test."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e")]

Poll = Callable[[Callable[[], Any], float, str], Any]
Hall = Any
NEXT, START, FINISH = 0, 2, 3


def log_says(page: Page, words: str) -> None:
    expect(page.locator(".log")).to_contain_text(words)


def test_pulled_cable_shows_refuses_and_heals(page: Page, hall: Hall, poll: Poll) -> None:
    number = hall.take_ticket("filing")
    hall.sign_in("w01")
    booth = page.locator("[data-window=w01]")
    hall.tap("w01", NEXT)
    poll(lambda: hall.account("w01")["number"] == number, 20, "the call")
    booth.locator(".cable").click()
    expect(booth.locator(".badge")).to_contain_text("网线已拔")
    # The pad itself finds out by silence and takes its number down.
    poll(lambda: hall.window("w01")["pad"]["text"] == "----", 15, "dashes on the pad")
    assert not hall.window("w01")["pad"]["fresh"]
    booth.locator("[data-key=finish]").click()
    poll(lambda: hall.window("w01")["pad"]["light"] == "refused", 20, "a press refused at once")
    assert hall.account("w01")["mode"] == "called"
    booth.locator(".cable").click()
    poll(lambda: hall.window("w01")["pad"]["online"], 15, "the pad dialled in")
    hall.wait_until_whole()
    assert hall.account("w01")["mode"] == "called", "a press made offline must not happen later"
    log_says(page, "1号叫号器已恢复")


def test_killed_broker_takes_old_numbers_down_and_heals(page: Page, hall: Hall, poll: Poll) -> None:
    issued = hall.state()["view"]["totals"]["issued"]
    page.locator(".breaker select").nth(1).select_option("15")
    page.locator("[data-fault=broker]").click()
    poll(lambda: hall.window("w02")["pad"]["light"] == "offline", 20, "offline pads")
    poll(lambda: not hall.state()["wall"]["fresh"], 14, "a wall that knows it is stale")
    expect(page.locator(".wall .badge")).to_be_visible()
    expect(page.locator(".kiosk")).to_have_attribute("data-mode", "reserve")
    poll(lambda: hall.state()["broker"] == "up", 15, "the broker back")
    hall.wait_until_whole(20)
    assert hall.state()["view"]["totals"]["issued"] == issued
    log_says(page, "35/35")


def test_ticket_waits_in_a_printer_without_paper_and_comes_out_once(
    page: Page, hall: Hall, poll: Poll
) -> None:
    hall.wait_until_whole()
    place = (hall.state()["kiosk"]["ticket"] or {}).get("place", 0)
    issued = hall.state()["view"]["totals"]["issued"]
    page.locator("[data-service=enquiry]").click()
    poll(lambda: hall.state()["kiosk"]["mode"] == "printing", 20, "a ticket being printed")
    page.locator("[data-fault=paper]").click()
    expect(page.locator(".kiosk")).to_have_attribute("data-mode", "paper_out")
    poll(
        lambda: hall.state()["view"]["printers"][0]["paper"] == "out",
        20,
        "the gateway knows of the paper",
    )
    page.locator("[data-fault=paper]").click()
    poll(lambda: hall.state()["kiosk"]["mode"] == "ready", 20, "a ready kiosk")
    hall.wait_until_whole()
    state = hall.state()
    assert state["view"]["totals"]["issued"] == issued + 1
    assert state["kiosk"]["ticket"]["place"] == place + 1, "one ticket, one paper"
    assert state["view"]["prints"] == []
    log_says(page, "打印机恢复")


def test_open_cover_stops_the_kiosk_until_it_is_closed(page: Page, hall: Hall, poll: Poll) -> None:
    page.locator("[data-fault=cover]").click()
    expect(page.locator(".kiosk")).to_have_attribute("data-mode", "paper_out")
    page.locator("[data-fault=cover]").click()
    expect(page.locator(".kiosk")).to_have_attribute("data-mode", "ready")


def test_gateway_killed_with_nine_loses_nothing(page: Page, hall: Hall, poll: Poll) -> None:
    numbers = [hall.take_ticket(code) for code in ("property", "social", "invoice")]
    hall.sign_in("w07")
    hall.tap("w07", NEXT)
    poll(lambda: hall.account("w07")["number"] == numbers[0], 20, "the call")
    before = hall.state()["view"]
    page.locator("[data-fault=gateway]").click()
    poll(lambda: hall.state()["gateway"] != "up", 20, "a dead gateway")
    poll(lambda: hall.state()["gateway"] == "up", 20, "the gateway back")
    poll(lambda: hall.state()["view"]["epoch"] > before["epoch"], 20, "its account")
    after = hall.state()["view"]
    assert after["seq"] > before["seq"]
    assert after["totals"]["issued"] == before["totals"]["issued"]
    assert [one["number"] for one in after["waiting"]] == [
        one["number"] for one in before["waiting"]
    ]
    assert hall.account("w07")["number"] == numbers[0]
    hall.wait_until_whole()
    hall.tap("w07", START)
    poll(lambda: hall.account("w07")["mode"] == "serving", 20, "a press after the restart")
    log_says(page, "一条不少")
    assert re.search(r"kill -9", page.locator(".log").inner_text())
