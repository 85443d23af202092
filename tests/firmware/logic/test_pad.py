"""What the call pad sends, refuses and shows."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.pad import (
    CHOICE_MS,
    ENTRY_MS,
    FINISH,
    HELP,
    HOLD,
    LATE_MS,
    MISSED,
    NEXT,
    PAUSE,
    RECALL,
    RESULT_MS,
    START,
    TRANSFER,
    PadLogic,
)
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant

Make = Callable[[Any], Any]


def want(**changes: Any) -> PadWant:
    values: dict[str, Any] = {
        "epoch": 5,
        "rev": 1,
        "turn": 7,
        "mode": "serving",
        "number": "A023",
        "waiting": 12,
        "held": 0,
        "help": False,
        "services": 6,
    }
    values.update(changes)
    return PadWant(**values)


@pytest.fixture
def pad(bench: Make) -> Any:
    bench = bench(PadLogic())
    bench.online(want())
    return bench


def command(pad: Any) -> tuple[str, int, int]:
    press = pad.reports()[-1]
    return press.command, press.argument, press.seen


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (NEXT, "next"),
        (RECALL, "recall"),
        (START, "start"),
        (FINISH, "finish"),
        (MISSED, "missed"),
        (HOLD, "hold"),
        (PAUSE, "pause"),
        (HELP, "help"),
    ],
)
def test_each_key_sends_its_command_once(pad: Any, index: int, name: str) -> None:
    pad.press(index)
    assert [report.command for report in pad.reports()] == [name]
    assert command(pad) == (name, 0, 7)


def test_a_press_acts_before_the_key_is_released(pad: Any) -> None:
    pad.send("key", NEXT, 1)
    pad.run(20)
    assert command(pad)[0] == "next"


def test_a_long_press_of_pause_signs_off_while_still_held(pad: Any) -> None:
    pad.send("key", PAUSE, 1)
    pad.run(799)
    assert pad.reports() == []
    pad.run(1)
    assert command(pad)[0] == "sign_off"
    pad.run(500)
    pad.send("key", PAUSE, 0)
    pad.run(100)
    assert len(pad.reports()) == 1


def test_a_long_press_of_hold_calls_the_held_ticket_back(pad: Any) -> None:
    pad.press(HOLD, hold_ms=900)
    assert [report.command for report in pad.reports()] == ["unhold"]


def test_pause_resumes_a_paused_window_and_help_takes_help_back(pad: Any) -> None:
    pad.send("want", want(rev=2, mode="paused", number=""))
    pad.press(PAUSE)
    assert command(pad)[0] == "resume"
    pad.ack(pad.reports()[-1])
    pad.send("want", want(rev=3, help=True))
    assert pad.last("light") == ("light", "done")
    pad.press(HELP)
    assert command(pad)[0] == "help_cancel"


def test_seen_is_the_turn_shown_when_the_finger_went_down(pad: Any) -> None:
    pad.send("key", NEXT, 1)
    pad.run(10)
    pad.send("want", want(rev=2, turn=8))
    pad.run(50)
    assert command(pad) == ("next", 0, 7)


def test_a_second_press_is_refused_while_one_is_unsettled(pad: Any) -> None:
    pad.press(NEXT)
    effects = pad.press(RECALL)
    assert ("beep", "refused") in effects
    assert ("light", "refused") in effects
    assert len(pad.reports()) == 1
    pad.run(RESULT_MS)
    assert pad.last("light") == ("light", "sent")


def test_while_a_press_is_unsettled_no_choice_and_no_digit_is_begun(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want())
    pad.press(NEXT)
    pad.press(TRANSFER)
    assert pad.last("display") == ("display", "A023")
    pad.ack(pad.reports()[0])
    pad.send("want", want(rev=2, mode="closed", number=""))
    for index in (0, 1, 2, 3, 4):
        pad.press(index)
    assert pad.last("display") == ("display", "1234")
    assert len(pad.reports()) == 2


def test_a_double_tap_is_one_press_though_the_answer_came_between(pad: Any) -> None:
    pad.press(NEXT)
    pad.ack(pad.reports()[0])
    pad.send("want", want(rev=2, turn=8, mode="called", number="A024"))
    pad.run(150)
    pad.press(NEXT)
    assert len(pad.reports()) == 1
    assert pad.last("beep") == ("beep", "key")
    pad.run(450)
    pad.press(NEXT)
    assert len(pad.reports()) == 2


def test_another_key_right_after_the_answer_is_a_press_of_its_own(pad: Any) -> None:
    pad.press(NEXT)
    pad.ack(pad.reports()[0])
    pad.send("want", want(rev=2, turn=8, mode="called", number="A024"))
    pad.press(START)
    assert [report.command for report in pad.reports()] == ["next", "start"]


def test_a_long_key_released_after_another_was_sent_is_refused(pad: Any) -> None:
    pad.send("key", PAUSE, 1)
    pad.run(50)
    pad.press(NEXT)
    pad.send("key", PAUSE, 0)
    pad.run(30)
    assert [report.command for report in pad.reports()] == ["next"]
    assert pad.last("beep") == ("beep", "refused")


@pytest.mark.parametrize("event", [("lease", False), ("link", False)])
def test_a_press_is_refused_while_the_gateway_is_not_reached(pad: Any, event: Any) -> None:
    pad.send(*event)
    assert pad.last("light") == ("light", "offline")
    effects = pad.press(NEXT)
    assert ("light", "refused") in effects
    assert pad.reports() == []
    pad.run(RESULT_MS)
    assert pad.last("light") == ("light", "offline")


def test_a_finger_that_went_down_on_an_old_picture_has_no_effect_when_it_is_fresh_again(
    pad: Any,
) -> None:
    pad.send("lease", False)
    pad.send("key", NEXT, 1)
    pad.run(5)
    pad.send("lease", True)
    pad.run(50)
    assert pad.reports() == []
    assert pad.last("beep") == ("beep", "refused")


def test_a_press_is_refused_before_anything_was_wanted(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online()
    pad.press(NEXT)
    assert pad.reports() == []
    assert pad.last("display") == ("display", "----")


def test_an_old_number_is_not_shown_once_the_lease_has_ended(pad: Any) -> None:
    assert pad.last("display") == ("display", "A023")
    pad.send("lease", False)
    assert pad.last("display") == ("display", "----")
    pad.send("want", want(rev=2, number="A024"))
    assert pad.last("display") == ("display", "----")
    pad.send("lease", True)
    assert pad.last("display") == ("display", "A024")


@pytest.mark.parametrize(
    ("result", "first", "light"),
    [
        ("ok", None, "done"),
        ("stale", None, "stale"),
        ("denied", None, "refused"),
        ("dup", "ok", "done"),
        ("dup", "stale", "stale"),
        ("dup", "denied", "refused"),
    ],
)
def test_the_result_of_a_press_shows_for_a_while(
    pad: Any, result: str, first: str | None, light: str
) -> None:
    pad.press(NEXT)
    assert pad.last("light") == ("light", "sent")
    pad.ack(pad.reports()[0], result, first)
    assert pad.last("light") == ("light", light)
    pad.run(RESULT_MS - 1)
    assert pad.last("light") == ("light", light)
    pad.run(1)
    assert pad.last("light") == ("light", "busy")


def test_a_duplicate_without_its_first_result_claims_nothing(pad: Any) -> None:
    pad.press(NEXT)
    assert pad.ack(pad.reports()[0], "dup", None) == [("light", "busy")]


def test_an_acknowledgement_of_something_else_settles_nothing(pad: Any) -> None:
    pad.press(NEXT)
    twin = PadPressed(command="next", argument=0, seen=7)
    assert pad.ack(twin) == []
    assert pad.last("light") == ("light", "sent")


def test_a_press_that_stays_unsettled_turns_offline_and_still_shows_its_result(pad: Any) -> None:
    pad.send("key", NEXT, 1)
    pad.run(20)
    pad.send("key", NEXT, 0)
    pad.run(LATE_MS - 1)
    assert pad.last("light") == ("light", "sent")
    pad.run(1)
    assert pad.last("light") == ("light", "offline")
    pad.run(60000)
    pad.press(RECALL)
    assert len(pad.reports()) == 1, "still only one unsettled press"
    pad.ack(pad.reports()[0], "stale")
    assert pad.last("light") == ("light", "stale")


def test_a_press_the_outbox_has_no_room_for_is_refused(pad: Any) -> None:
    pad.press(NEXT)
    pad.send("full", pad.reports()[0])
    assert pad.last("light") == ("light", "refused")
    pad.run(RESULT_MS)
    pad.press(NEXT)
    assert len(pad.reports()) == 2


def test_transfer_takes_a_digit_and_shows_that_it_waits_for_one(pad: Any) -> None:
    pad.press(TRANSFER)
    assert pad.last("display") == ("display", "t - ")
    pad.press(2)
    assert command(pad) == ("transfer", 3, 7)
    assert pad.last("display") == ("display", "A023")


def test_transfer_again_or_the_time_out_drops_the_choice(pad: Any) -> None:
    pad.press(TRANSFER)
    pad.press(TRANSFER)
    assert pad.last("display") == ("display", "A023")
    pad.press(TRANSFER)
    pad.run(CHOICE_MS)
    assert pad.last("display") == ("display", "A023")
    pad.press(NEXT)
    assert [report.command for report in pad.reports()] == ["next"]


def test_a_service_that_is_not_there_is_refused_and_may_be_chosen_anew(pad: Any) -> None:
    pad.press(TRANSFER)
    pad.press(8)
    assert pad.reports() == []
    assert pad.last("beep") == ("beep", "refused")
    pad.press(5)
    assert command(pad) == ("transfer", 6, 7)


def test_a_new_turn_drops_the_choice_begun_against_the_old_one(pad: Any) -> None:
    pad.press(TRANSFER)
    pad.send("want", want(rev=2, turn=8, number="B001"))
    assert pad.last("display") == ("display", "B001")
    pad.press(NEXT)
    assert command(pad) == ("next", 0, 8)


def test_with_seven_services_transfer_is_also_the_digit_seven(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(services=7))
    pad.press(TRANSFER)
    pad.press(TRANSFER)
    assert command(pad) == ("transfer", 7, 7)


def test_without_services_transfer_is_refused(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(services=0))
    pad.press(TRANSFER)
    assert pad.last("beep") == ("beep", "refused")


def test_four_digits_at_a_closed_window_sign_an_officer_in(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(mode="closed", number=""))
    assert pad.last("light") == ("light", "off")
    for index in (0, 5, 7):
        pad.press(index)
    assert pad.last("display") == ("display", "168 ")
    assert pad.reports() == []
    pad.press(6)
    assert pad.reports() == [PadSignedIn(staff_number="1687", seen=7)]
    pad.ack(pad.reports()[0], "denied")
    assert pad.last("display") == ("display", "    ")
    assert pad.last("light") == ("light", "refused")


def test_digits_are_forgotten_after_ten_idle_seconds(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(mode="closed", number=""))
    pad.press(0)
    pad.run(ENTRY_MS)
    assert pad.last("display") == ("display", "    ")
    for index in (1, 1, 1, 1):
        pad.press(index)
    assert pad.reports() == [PadSignedIn(staff_number="2222", seen=7)]


def test_digits_are_forgotten_when_the_window_opens_or_the_gateway_goes(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(mode="closed", number=""))
    pad.press(0)
    pad.send("want", want(rev=2, mode="open", number=""))
    assert pad.last("display") == ("display", "  12")
    pad.send("want", want(rev=3, mode="closed", number=""))
    pad.press(3)
    pad.send("lease", False)
    pad.send("lease", True)
    assert pad.last("display") == ("display", "    ")


def test_a_key_going_down_while_the_window_opens_is_neither_digit_nor_command(bench: Make) -> None:
    pad = bench(PadLogic())
    pad.online(want(mode="closed", number=""))
    pad.send("key", NEXT, 1)
    pad.run(10)
    pad.send("want", want(rev=2, turn=8, mode="open", number=""))
    pad.run(50)
    assert pad.reports() == []
    assert pad.last("beep") == ("beep", "refused")


def test_pictures_are_told_once(pad: Any) -> None:
    assert pad.send("want", want(rev=2)) == []
    assert pad.all("display") == [("display", "----"), ("display", "A023")]
    assert pad.run(100000) == []
    assert pad.logic.wake_at() is None
