"""The ticket page in a real browser: it turns when called, and says when it is cut off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

OnHall = Callable[..., None]
CHROMIUM = Path("/usr/bin/chromium")
STALE_MS = 15_000


async def _post(client: Any, url: str, key: str, body: Any) -> Any:
    answer = await client.post(url, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.mark.slow
def test_a_phone_follows_its_ticket_and_sees_when_it_is_cut_off(on_hall: OnHall) -> None:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing; run: sudo apt-get install chromium"

    async def scenario(hall: Any) -> None:
        officer = hall.client("officer")
        ticket = await _post(officer, "/api/v1/tickets", "k1", {"service": "filing"})
        address = f"{hall.server.address}/t/{ticket['token']}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            page = await browser.new_page(viewport={"width": 320, "height": 640}, locale="zh-CN")
            faults: list[str] = []
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda line: faults.append(line.text))
            await page.goto(address)
            assert await page.text_content("#number") == "A001"
            assert await page.text_content("#headline") == "下一位就是您"
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 320, "the page is wider than a small phone"

            window = "/api/v1/windows/w03"
            await _post(officer, f"{window}/sign-in", "k2", {"staff_number": "1111"})
            await _post(officer, f"{window}/commands", "k3", {"command": "next"})
            await page.wait_for_selector("[data-tone=called]")
            assert await page.text_content("#headline") == "请到 3 号窗口"
            assert await page.is_visible("#window-number")
            assert await page.title() == "A001 · 请到 3 号窗口"

            await page.click(".language")
            await page.wait_for_selector("html[lang=en]")
            assert await page.text_content("#headline") == "Go to window 3"
            assert faults == []

            hall.server.stop()
            await page.wait_for_selector("#stale", state="visible", timeout=STALE_MS)
            await browser.close()

    on_hall(scenario)
