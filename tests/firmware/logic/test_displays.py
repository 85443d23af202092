"""Wall, window sign and lamp: the truth while the lease is fresh, and no old number after it."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.lamp import BLIP_EVERY_MS, BLIP_MS, LampLogic
from firmware.logic.sign import SignLogic
from firmware.logic.wall import PAGE_MS, STALE_NOTICE, WallLogic, columns, pages
from protocols.messages.lamp import LampWant
from protocols.messages.sign import SignWant
from protocols.messages.wall import WallRow, WallWant

Make = Callable[[Any], Any]


def row(number: str, window: str, new: bool = False) -> WallRow:
    return WallRow(number=number, window=window, new=new)


def wall_want(rev: int, *rows: WallRow, notice: str = "", waiting: int = 4) -> WallWant:
    return WallWant(epoch=1, rev=rev, rows=rows, notice=notice, waiting=waiting)


def lamp_want(colour: Any, blink: bool = False) -> LampWant:
    return LampWant(epoch=1, rev=1, colour=colour, blink=blink)


# ---- wall ----


def test_a_wall_shows_its_rows_and_says_nothing_twice(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3"), row("B002", "5"), notice="排号"))
    rows = (("A001", "3", True, False), ("B002", "5", True, False))
    assert wall.last("rows") == ("rows", "live", rows, "排号", 4, "排号")
    assert wall.send("want", wall_want(2, row("A001", "3"), row("B002", "5"), notice="排号")) == []
    assert wall.logic.wake_at() is None


def test_a_wall_that_was_never_told_anything_says_please_wait(bench: Make) -> None:
    wall = bench(WallLogic())
    assert wall.send("start") == [("rows", "stale", (), STALE_NOTICE, 0, STALE_NOTICE)]


def test_a_wall_without_a_lease_shows_no_numbers(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True)))
    assert wall.send("lease", False) == [("rows", "stale", (), STALE_NOTICE, 0, STALE_NOTICE)]
    assert wall.logic.wake_at() is None
    assert wall.send("want", wall_want(2, row("A002", "3"))) == []
    assert wall.send("lease", True) == [("rows", "live", (("A002", "3", True, False),), "", 4, "")]


def test_a_new_row_flashes_eight_seconds_and_then_stands(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True), row("B001", "1")))
    wall.run(60000)
    pictures = [
        (at, rows[0][2:], rows[1][2:]) for at, (_, mode, rows, _, _, _) in wall.times("rows")[1:]
    ]
    pictures = [entry for entry in pictures if entry]
    assert [(lit, new) for _, (lit, new), _ in pictures] == [
        (place % 2 == 0, place < 16) for place in range(17)
    ]
    assert [at for at, _, _ in pictures] == [500 * place for place in range(17)]
    assert all(other == (True, False) for _, _, other in pictures), "only the new row flashes"
    assert wall.logic.wake_at() is None


def test_the_same_call_sent_again_does_not_begin_the_flash_again(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True)))
    wall.run(7900)
    wall.send("want", wall_want(2, row("A001", "3", new=True), waiting=5))
    wall.run(100)
    assert wall.last("rows") == ("rows", "live", (("A001", "3", True, False),), "", 5, "")
    assert wall.logic.wake_at() is None
    wall.send("want", wall_want(3, row("A001", "3", new=True), waiting=6))
    assert wall.logic.wake_at() is None, "still the same call"


def test_the_same_call_sent_again_does_not_end_the_flash(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True)))
    wall.run(700)
    wall.send("want", wall_want(2, row("A001", "3", new=True), waiting=5))
    assert wall.last("rows")[2] == (("A001", "3", False, True),)
    assert wall.run(300)[-1][2] == (("A001", "3", True, True),)


def test_a_call_is_no_news_any_more_when_the_lease_comes_back(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True)))
    wall.run(600)
    wall.send("lease", False)
    wall.send("lease", True)
    assert wall.last("rows")[2] == (("A001", "3", True, False),)
    assert wall.logic.wake_at() is None


def test_a_repeated_call_flashes_again(bench: Make) -> None:
    wall = bench(WallLogic())
    wall.online(wall_want(1, row("A001", "3", new=True)))
    wall.run(10000)
    wall.send("want", wall_want(2, row("A001", "3")))
    wall.send("want", wall_want(3, row("A001", "3", new=True)))
    assert wall.run(500) == [("rows", "live", (("A001", "3", False, True),), "", 4, "")]


def test_a_long_notice_turns_its_pages(bench: Make) -> None:
    notice = "今日个税汇算高峰，请耐心等候，谢谢配合"
    wall = bench(WallLogic())
    wall.online(wall_want(1, notice=notice))
    wall.run(3 * PAGE_MS)
    shown = [(at, page) for at, (_, mode, _, page, _, _) in wall.times("rows") if mode == "live"]
    assert {effect[5] for _, effect in wall.times("rows")} == {STALE_NOTICE, notice}
    expected = pages(notice, 16)
    assert len(expected) == 3
    assert shown == [(place * PAGE_MS, expected[place % 3]) for place in range(4)]


def test_pages_go_on_when_the_picture_changes_but_not_the_notice(bench: Make) -> None:
    notice = "一二三四五六七八九"
    wall = bench(WallLogic())
    wall.online(wall_want(1, notice=notice))
    wall.run(PAGE_MS + 1000)
    wall.send("want", wall_want(2, row("A001", "1"), notice=notice))
    assert wall.last("rows")[3] == "九"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("short", ["short"]),
        ("一二三四五六七八", ["一二三四五六七八"]),
        ("一二三四五六七八九", ["一二三四五六七八", "九"]),
        ("please take a ticket", ["please take a", "ticket"]),
        ("abcdefghijklmnopqrst", ["abcdefghijklmnop", "qrst"]),
    ],
)
def test_pages_fit_and_keep_words_whole(text: str, expected: list[str]) -> None:
    found = pages(text, 16)
    assert found == expected
    assert all(columns(page) <= 16 for page in found)


# ---- sign ----


def test_a_sign_shows_its_mode_and_no_number_once_the_lease_ends(bench: Make) -> None:
    sign = bench(SignLogic())
    sign.online()
    assert sign.last("sign") == ("sign", "stale", "----", "")
    want = SignWant(epoch=1, rev=1, mode="called", number="A001", window="3")
    assert sign.send("want", want) == [("sign", "called", "A001", "3")]
    assert sign.send("want", want) == []
    assert sign.send("lease", False) == [("sign", "stale", "----", "3")]
    assert sign.send("lease", True) == [("sign", "called", "A001", "3")]


# ---- lamp ----


def test_a_lamp_shows_its_colour_on_changes_only(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(lamp_want("green"))
    assert lamp.last("lamp") == ("lamp", "green")
    assert lamp.send("want", lamp_want("green")) == []
    assert lamp.send("want", lamp_want("amber")) == [("lamp", "amber")]
    assert lamp.send("want", lamp_want("off")) == [("lamp", "off")]
    assert lamp.logic.wake_at() is None


def test_a_blinking_lamp_is_half_a_second_on_and_off(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(lamp_want("red"))
    lamp.run(1234)
    assert lamp.send("want", lamp_want("red", blink=True)) == []
    lamp.run(1600)
    assert lamp.times("lamp")[-3:] == [
        (1734, ("lamp", "off")),
        (2234, ("lamp", "red")),
        (2734, ("lamp", "off")),
    ]


def test_blinking_goes_on_in_step_when_the_same_is_wanted_again(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(lamp_want("red", blink=True))
    lamp.run(750)
    assert lamp.last("lamp") == ("lamp", "off")
    assert lamp.send("want", lamp_want("red", blink=True)) == []


def test_a_lamp_without_a_lease_only_blips_amber(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(lamp_want("red"))
    lamp.run(1000)
    lamp.send("lease", False)
    lamp.run(2 * BLIP_EVERY_MS)
    assert lamp.times("lamp")[-5:] == [
        (1000, ("lamp", "amber")),
        (1000 + BLIP_MS, ("lamp", "off")),
        (1000 + BLIP_EVERY_MS, ("lamp", "amber")),
        (1000 + BLIP_EVERY_MS + BLIP_MS, ("lamp", "off")),
        (1000 + 2 * BLIP_EVERY_MS, ("lamp", "amber")),
    ]
    lamp.run(50)
    assert lamp.send("lease", True) == [("lamp", "red")]
    assert lamp.logic.wake_at() is None


def test_a_lamp_blips_for_weeks_without_losing_its_step(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.send("start")
    for _ in range(10):
        lamp.now_ms = (lamp.now_ms + (1 << 28)) % (1 << 30)  # the board slept: no wakes at all
        lamp.send("tick")
        ahead = (lamp.logic.wake_at() - lamp.now_ms) % (1 << 30)
        assert 0 < ahead <= BLIP_EVERY_MS


def test_a_page_loses_its_blanks_and_nothing_else() -> None:
    # What else counts as blank is not the same on both runtimes.
    assert pages("  \u3000A\t ", 16) == ["\u3000A\t"]
