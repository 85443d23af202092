"""The console in a browser, with nodes that update: progress, refusal, many at once; headers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

from gateway.core.releases import ReleaseInfo
from gateway.web.static_files import FILES
from gateway.web.tokens import TokenStore
from protocols.messages.service import BlockWanted, NodeHealth, UpdateOffer, UpdateState
from protocols.topics import LOG

OnHall = Callable[..., None]
CHROMIUM = Path("/usr/bin/chromium")
TOTAL = 96_000
expect.set_options(timeout=20_000)  # a busy machine may be late


class Releases:
    """12 and 13."""

    def newest_first(self) -> list[ReleaseInfo]:
        return [ReleaseInfo(13, "0.2.1", 6, TOTAL), ReleaseInfo(12, "0.2.0", 6, 95_000)]

    def offer(self, release: int) -> UpdateOffer:
        return UpdateOffer(release=release, name="0.2", manifest_bytes=4310, signature_bytes=1456)

    def answer(self, wanted: BlockWanted) -> None:
        return None


def runs(release: int) -> NodeHealth:
    return NodeHealth(
        uptime_s=61,
        signal_dbm=-86,
        heap_free_bytes=41_000,
        release=release,
        slot="a",
        trial=False,
        faults=0,
        fault="",
    )


def told(state: Any, done: int = 0, why: str = "") -> UpdateState:
    return UpdateState(release=13, state=state, done_bytes=done, total_bytes=TOTAL, why=why)


def test_the_page_loads_nothing_from_outside_and_runs_no_script_of_its_own(
    on_hall: OnHall,
) -> None:
    async def scenario(hall: Any) -> None:
        anybody = hall.client()
        answer = await anybody.get("/console", headers={"Accept-Language": "zh-CN"})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert 'lang="zh-CN"' in answer.text
        assert 'lang="en"' in (await anybody.get("/console?lang=en")).text
        assert not re.findall(r"https?://|style=| on\\w+=", answer.text)
        for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
            assert (await anybody.get(link)).status_code == 200, link
        # What the modules import is there, and asked again only by its version.
        for name in (name for name in FILES if name.startswith("console")):
            file = await anybody.get(f"/static/{name}")
            assert file.status_code == 200
            again = {"If-None-Match": file.headers["etag"]}
            assert (await anybody.get(f"/static/{name}", headers=again)).status_code == 304
            for module in re.findall(r'from "./([^"]+)"', file.text):
                assert module in FILES, f"{name} imports {module}"

    on_hall(scenario)


@pytest.mark.slow
def test_an_update_is_ordered_followed_refused_and_ordered_for_all(on_hall: OnHall) -> None:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing; run: sudo apt-get install chromium"

    async def scenario(hall: Any) -> None:
        hall.process.engine.service.releases = Releases()
        pads = [await hall.pad(window) for window in ("w01", "w02", "w03")]
        for pad in pads:
            pad.say(LOG, runs(12))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            page = await browser.new_page(viewport={"width": 1280, "height": 900}, locale="zh-CN")
            faults: list[str] = []
            page.on("pageerror", lambda error: faults.append(str(error)))
            await page.goto(f"{hall.server.address}/console#w01-pad")
            await page.fill("input[name=token]", TokenStore(hall.data).first_texts()["admin-1"])
            await page.press("input[name=token]", "Enter")
            detail = page.locator(".detail")
            await expect(detail.locator(".problem[data-what=outdated]")).to_contain_text("13")
            await expect(detail.locator(".problem[data-what=signal]")).to_contain_text("-86 dBm")
            button = detail.locator("[data-action=update]")
            await button.click()
            progress = detail.locator(".progress-text")
            await expect(progress).to_contain_text("已下达")
            await expect(button).to_be_disabled()
            await hall.until(lambda: pads[0].jobs)
            pads[0].say(LOG, told("fetching", TOTAL // 2))
            await expect(progress).to_contain_text("50 %")
            assert await detail.locator("progress").evaluate("bar => bar.position") == 0.5
            await expect(page.locator(".row[data-node=w01-pad]")).to_contain_text("正在下载")
            pads[0].say(LOG, told("refused", 0, "the signature is wrong"))
            await expect(progress).to_contain_text("the signature is wrong")
            await expect(detail.locator(".problem[data-what=update]")).to_be_visible()
            pads[0].say(LOG, runs(13))

            await page.locator("[data-filter=outdated]").click()
            await expect(page.locator(".row:visible")).to_have_count(2)
            await page.locator(".bulk button").click()
            await page.locator("dialog .is-main").click()
            await hall.until(lambda: pads[1].jobs and pads[2].jobs)
            await page.wait_for_timeout(2500)  # it stays while the list is asked again
            await expect(page.locator(".bulk")).to_contain_text("已下达 2 个")
            assert pads[1].jobs[0].release == 13

            await page.locator(".row[data-node=w01-pad]").evaluate("row => row.click()")
            chooser = detail.locator("[data-action=release]")
            await expect(chooser).to_contain_text("正在运行")
            await expect(button).to_be_disabled()
            await chooser.select_option("12")
            await expect(button).to_be_enabled()
            assert faults == []
            await browser.close()

    on_hall(scenario)


@pytest.mark.slow
def test_a_chief_reads_the_console_and_touches_nothing(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        hall.process.engine.service.releases = Releases()
        pad = await hall.pad("w01")
        pad.say(LOG, runs(12))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            page = await browser.new_page(locale="en-US")
            await page.goto(f"{hall.server.address}/console#w01-pad")
            await page.fill("input[name=token]", TokenStore(hall.data).first_texts()["chief-1"])
            await page.press("input[name=token]", "Enter")
            for action in ("identify", "update"):
                button = page.locator(f"[data-action={action}]")
                await expect(button).to_be_disabled()
                assert "Reading only" in (await button.get_attribute("title") or "")
            await browser.close()

    on_hall(scenario)
