"""A day played at 600 times the speed of life stays smooth and ends with no display wrong."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e")]

Hall = Any
STILL_S, WATCH_S = 3.0, 15.0
DAY_S = 600.0
# Of the pictures that the same machine paints of a hall where nothing happens.
FRAME_SHARE_MIN = 0.05
METER = """() => {
  window.frames_seen = 0;
  const count = () => { window.frames_seen += 1; requestAnimationFrame(count); };
  requestAnimationFrame(count);
}"""


def frames_per_second(page: Page, for_s: float) -> float:
    """How many pictures the page paints."""
    began, before = time.monotonic(), page.evaluate("frames_seen")
    page.wait_for_timeout(for_s * 1000)
    return float(page.evaluate("frames_seen") - before) / (time.monotonic() - began)


def test_day_at_600_times_is_smooth_and_ends_true(page: Page, hall: Hall) -> None:
    page.evaluate(METER)
    still = frames_per_second(page, STILL_S)
    page.locator(".segmented button").nth(1).click()
    expect(page.locator(".day-state")).to_be_visible()
    page.locator(".rates button").nth(4).click()
    expect(page.locator(".rates button").nth(4)).to_have_attribute("aria-pressed", "true")
    assert frames_per_second(page, WATCH_S) > still * FRAME_SHARE_MIN
    expect(page.locator(".day-state")).to_have_attribute("data-phase", "over", timeout=DAY_S * 1000)
    hall.wait_until_whole(30)
    totals = hall.state()["view"]["totals"]
    assert totals["issued"] == 300
    assert totals["waiting"] == 0
    assert totals["served"] > 250
    assert all(one["mode"] == "closed" for one in hall.state()["view"]["windows"])
    shown = page.locator("[data-figure=served] dd").inner_text()
    assert int(shown) == totals["served"]
