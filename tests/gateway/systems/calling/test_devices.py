"""What the state of calling makes nodes show, and what they may ask for."""

import string

import pytest
from pydantic import ValidationError

from gateway.config import Service
from gateway.systems.calling import commands as c
from gateway.systems.calling.devices import command_of, job_message, open_jobs, want
from protocols.messages.pad import PadPressed
from protocols.messages.rating import RatingGiven
from protocols.peripherals.tm1637 import can_show
from protocols.wire import encode


def shown(desk, node_id):
    return want(desk.config, desk.state, desk.config.node_by_id[node_id], epoch=1, rev=1)


def test_every_node_but_the_voice_has_a_picture_that_fits_the_wire(desk):
    for _ in range(9):
        desk.issue()
        desk.press("w01", "next")
    for node in desk.config.nodes:
        picture = shown(desk, node.id)
        assert (picture is None) == (node.kind == "voice")
        if picture is not None:
            encode(picture)


def test_pad_sign_and_wall_show_the_called_number(desk):
    number = desk.issue().number
    desk.press("w01", "next")
    assert (shown(desk, "w01-pad").number, shown(desk, "w01-pad").mode) == (number, "called")
    assert (shown(desk, "w01-sign").number, shown(desk, "w01-sign").window) == (number, "1")
    row = shown(desk, "wall-1").rows[0]
    assert (row.number, row.window, row.new) == (number, "1", True)


def test_a_repeated_call_moves_to_the_top_of_the_wall_and_stands_there_once(desk):
    first = desk.issue()
    desk.sign_in("w02", "1122")
    desk.press("w01", "next")
    desk.issue()
    desk.press("w02", "next")
    desk.press("w01", "recall")
    numbers = [row.number for row in shown(desk, "wall-1").rows]
    assert numbers == [first.number, "A002"]


def test_the_lamp_follows_the_overtime_of_the_service(desk):
    desk.issue("invoice")
    seen = [shown(desk, "w01-lamp").colour]
    desk.press("w01", "next")
    desk.press("w01", "start")
    for minutes in (1, 8, 2, 5):
        desk.pass_minutes(minutes)
        lamp = shown(desk, "w01-lamp")
        seen.append(lamp.colour + ("!" if lamp.blink else ""))
    desk.press("w01", "finish")
    seen.append(shown(desk, "w01-lamp").colour)
    assert seen == ["off", "green", "amber", "red", "red!", "off"]


def test_a_pad_that_was_told_other_things_only_by_its_own_window(desk):
    before = shown(desk, "w02-pad").turn
    desk.issue()
    desk.press("w01", "next")
    assert shown(desk, "w02-pad").turn == before


def test_one_announcement_is_open_at_a_time_in_the_order_of_the_calls(desk):
    for _ in range(3):
        desk.issue()
        desk.press("w01", "next")
    order = []
    while jobs := open_jobs(desk.config, desk.state):
        assert [node for _, node in jobs] == ["voice-1"]
        order.append(job_message(desk.config, desk.state, jobs[0][0], desk.now_ms, boot=0).number)
        desk.do(c.SettleJob(jobs[0][0], "done", "", jobs[0][1]))
    assert order == ["A001", "A002", "A003"]


def test_the_printed_ticket_says_when_in_local_time_and_how_many_wait_before(desk):
    desk.issue()
    desk.issue(kiosk="kiosk-1")
    ((job, node),) = open_jobs(desk.config, desk.state)
    message = job_message(desk.config, desk.state, job, desk.now_ms, boot=0)
    assert node == "kiosk-1"
    assert (message.number, message.ahead, message.copy) == ("A002", 1, 0)
    assert message.issued == "2026-11-23 08:30"


def test_a_node_may_only_report_what_its_kind_reports(desk):
    press = PadPressed(command="next", argument=0, seen=0)
    nodes = desk.config.node_by_id
    assert command_of(desk.config, nodes["w01-lamp"], press, 0) is None
    verdict = RatingGiven(visit="20261123-A001", grade=5)
    assert command_of(desk.config, nodes["w01-pad"], verdict, 0) is None
    assert command_of(desk.config, nodes["w01-pad"], press, 7) == c.CommandWindow(
        "w01", "next", "", 0, 7
    )


def test_transfer_names_the_service_by_its_place_in_the_hall_file(desk):
    pad = desk.config.node_by_id["w01-pad"]
    for place, code in ((1, "filing"), (6, "enquiry"), (7, "")):
        press = PadPressed(command="transfer", argument=place, seen=0)
        assert command_of(desk.config, pad, press, 0).argument == code


@pytest.mark.parametrize("prefix", string.ascii_uppercase)
def test_a_prefix_is_a_letter_the_pad_can_show(prefix):
    try:
        Service(code="x", prefix=prefix, name_zh="业", name_en="x", limit_minutes=5)
    except ValidationError:
        return
    assert can_show(prefix)
