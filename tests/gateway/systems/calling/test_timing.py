"""What happens because time passes."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gateway.systems.calling import commands as c
from gateway.systems.calling.overtime import mark_ms
from gateway.systems.calling.timing import business_date, next_due_ms, pass_time

MINUTE_MS = 60_000


def test_overtime_rises_at_80_100_and_150_percent_of_the_limit(desk):
    ticket = desk.issue("invoice")  # 10 minutes
    desk.press("w01", "next")
    desk.press("w01", "start")
    seen = []
    for _ in range(16):
        seen.append(ticket.overtime)
        desk.pass_minutes(1)
    assert seen == [""] * 8 + ["amber"] * 2 + ["red"] * 5 + ["blink"]


def test_overtime_marks_are_exact_to_the_millisecond(desk):
    ticket = desk.issue("invoice")
    desk.press("w01", "next")
    desk.press("w01", "start")
    marks = {level: mark_ms(desk.config, ticket, level) for level in ("amber", "red", "blink")}
    started_ms = desk.now_ms
    assert marks == {
        "amber": started_ms + 8 * MINUTE_MS,
        "red": started_ms + 10 * MINUTE_MS,
        "blink": started_ms + 15 * MINUTE_MS,
    }


def test_overtime_does_not_make_a_press_late(desk):
    desk.issue("invoice")
    desk.press("w01", "next")
    desk.press("w01", "start")
    turn = desk.state.window("w01").turn
    desk.pass_minutes(30)
    assert isinstance(desk.press("w01", "finish", seen=turn), list)


def test_an_announcement_nobody_spoke_expires(desk):
    desk.issue()
    desk.press("w01", "next")
    assert len(desk.state.announcements) == 1
    desk.pass_minutes(1)
    assert desk.state.announcements == {}


def test_midnight_ends_the_day_and_numbers_start_anew(desk):
    waiting, at_window, served = desk.issue(), desk.issue(), desk.issue()
    desk.press("w01", "next")
    assert waiting.state == "called"
    turn = desk.state.window("w01").turn
    desk.pass_minutes(24 * 60)
    assert desk.state.date == "20261124"
    assert [t.state for t in (waiting, at_window, served)] == ["cancelled"] * 3
    assert desk.state.mode("w01") == "closed"
    assert desk.state.window("w01").turn > turn
    assert desk.issue().id == "20261124-A001"


@given(st.integers(0, 4_102_444_800_000))
def test_business_date_is_the_local_calendar_date(config, at_ms):
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(timezone(timedelta(hours=8)))
    assert business_date(config, at_ms) == local.strftime("%Y%m%d")


def test_nothing_is_due_before_next_due_and_something_at_it(desk):
    desk.issue("social")
    desk.press("w01", "next")
    for _ in range(12):
        due_ms = next_due_ms(desk.config, desk.state, desk.now_ms)
        assert pass_time(desk.config, desk.state, due_ms - 1) == []
        desk.now_ms = due_ms
        assert desk.do(c.PassTime())
        if desk.state.window("w01").ticket is not None and due_ms % 3 == 0:
            desk.press("w01", "finish")


def test_a_held_ticket_called_back_starts_its_overtime_anew(desk):
    ticket = desk.issue("invoice")
    desk.press("w01", "next")
    desk.press("w01", "start")
    desk.pass_minutes(9)
    desk.press("w01", "hold")
    desk.press("w01", "unhold")
    assert ticket.overtime == ""
