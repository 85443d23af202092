"""The phone page of a ticket: whole without JavaScript, live with it, nothing from outside."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from gateway.web import texts
from gateway.web.ticket_words import ticket_words

OnHall = Callable[..., None]
STATES = [
    "waiting",
    "returned",
    "transferred",
    "called",
    "serving",
    "held",
    "missed",
    "served",
    "cancelled",
]


def _view(**changes: Any) -> Any:
    view = {
        "number": "A023",
        "service_zh": "申报纳税",
        "service_en": "Tax filing",
        "state": "waiting",
        "ahead": 3,
        "window": None,
    }
    return {**view, **changes}


async def _issue(hall: Any) -> Any:
    kiosk = hall.client("kiosk", **{"Idempotency-Key": "k1"})
    return (await kiosk.post("/api/v1/tickets", json={"service": "filing"})).json()


async def _call(hall: Any) -> None:
    officer = hall.client("officer")
    for key, path, body in (
        ("s", "sign-in", {"staff_number": "1111"}),
        ("n", "commands", {"command": "next"}),
    ):
        answer = await officer.post(
            f"/api/v1/windows/w01/{path}", json=body, headers={"Idempotency-Key": key}
        )
        assert answer.status_code == 200


def test_the_page_shows_number_place_and_window_in_both_languages(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        ticket, phone = await _issue(hall), hall.client()
        page = (await phone.get(f"/t/{ticket['token']}")).text
        assert '<html lang="zh-CN">' in page
        assert "A001" in page
        assert "下一位就是您" in page
        await _call(hall)
        page = (await phone.get(f"/t/{ticket['token']}")).text
        assert "请到 1 号窗口" in page
        assert 'data-tone="called"' in page
        page = (await phone.get(f"/t/{ticket['token']}?lang=en")).text
        assert '<html lang="en">' in page
        assert "Go to window 1" in page

    on_hall(scenario)


def test_the_page_loads_nothing_from_outside_and_runs_no_inline_script(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        ticket, phone = await _issue(hall), hall.client()
        answer = await phone.get(f"/t/{ticket['token']}")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "http" not in re.sub(r"https?-equiv", "", answer.text)
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", answer.text)
        links = re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text)
        assert len(links) == 3
        for link in links:
            file = await phone.get(link)
            assert file.status_code == 200
            assert "immutable" in file.headers["cache-control"]
            assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", file.text)
        assert (await phone.get("/static/tokens.py")).status_code == 404

    on_hall(scenario)


def test_the_page_is_told_when_its_ticket_is_called(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        ticket, phone = await _issue(hall), hall.client()
        url = f"/t/{ticket['token']}/stream?lang=en"
        async with phone.stream("GET", url) as answer:
            tones = []
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    words = json.loads(line[6:])
                    tones.append(words["tone"])
                    if words["tone"] == "called":
                        assert words["headline"] == "Go to window 1"
                        assert words["window"] == "1"
                        break
                    await _call(hall)
            assert tones == ["waiting", "called"]
        now = (await phone.get(f"/t/{ticket['token']}/now")).json()
        assert now["headline"] == "请到 1 号窗口"

    on_hall(scenario)


def test_a_ticket_of_another_day_has_a_kind_page(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        answer = await hall.client().get("/t/never-issued")
        assert answer.status_code == 404
        assert "今天没有这张号票" in answer.text
        assert "<script" not in answer.text

    on_hall(scenario)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_words(state: str, language: texts.Language) -> None:
    in_line = state in ("waiting", "returned", "transferred")
    view = _view(state=state, ahead=3 if in_line else None, window=None if in_line else "7")
    words = ticket_words(view, language)
    assert words["headline"]
    assert "{" not in "".join(words.values())
    assert ("7" in words["headline"]) == (state in ("called", "serving"))


def test_the_place_in_line_is_counted_in_words() -> None:
    assert ticket_words(_view(ahead=0), "zh")["headline"] == "下一位就是您"
    assert ticket_words(_view(ahead=1), "en")["headline"] == "1 person ahead of you"
    assert ticket_words(_view(ahead=12), "zh")["headline"] == "前面还有 12 人"


def test_the_catalogue_has_every_text_in_both_languages_with_the_same_values() -> None:
    for key, both in texts.catalogue().items():
        assert set(both) == {"zh", "en"}, key
        values = {language: set(re.findall(r"{(\w+)}", text)) for language, text in both.items()}
        assert values["zh"] == values["en"], key
