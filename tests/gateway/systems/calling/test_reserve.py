"""Numbers set aside for kiosks: nobody else's, merged where they belong, never given twice."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gateway.config import HallConfig
from gateway.systems.calling import commands as c
from gateway.systems.calling import events as e
from gateway.systems.calling.devices import job_message, open_jobs
from gateway.systems.calling.reserve import NUMBERS_MAX
from protocols.wire import PAYLOAD_BYTES_MAX, encode

KIOSK = "kiosk-1"


def ask(desk, reserve="", asked_by="12-3", kiosk=KIOSK):
    return desk.do(c.AskReserve(kiosk, reserve, asked_by))


def merge(desk, number=980, printed="done", service="filing", reserve="12-3", issued_ms=None):
    desk.tokens += 1
    token = f"{desk.tokens:022d}"
    at_ms = desk.now_ms if issued_ms is None else issued_ms
    return desk.do(c.MergeTicket(KIOSK, reserve, service, number, at_ms, printed, token))


def test_a_new_reserve_has_numbers_of_every_service_from_the_top(desk):
    made = ask(desk)
    rows = [event for event in made if isinstance(event, e.NumbersReserved)]
    assert [row.service for row in rows] == [service.code for service in desk.config.service]
    assert {(row.first, row.last) for row in rows} == {(980, 999)}
    assert made[-1] == e.ReserveOffered("12-3", "o1-12-3")


def test_the_kiosk_is_told_until_it_answers(desk):
    ask(desk)
    assert open_jobs(desk.config, desk.state) == [("o1-12-3", KIOSK)]
    message = job_message(desk.config, desk.state, "o1-12-3", desk.now_ms, boot=0)
    assert (message.date, message.day_ms) == ("2026-11-23", 30_600_000)
    assert message.rows[0].prefix == "A"
    assert desk.do(c.SettleJob("o1-12-3", "done", "", "voice-1")) == "unknown_job"
    desk.do(c.SettleJob("o1-12-3", "done", "", KIOSK))
    assert open_jobs(desk.config, desk.state) == []


def test_two_boards_under_one_name_never_have_a_number_in_common(desk):
    ask(desk, asked_by="12-3")
    made = ask(desk, asked_by="900-1")
    rows = [event for event in made if isinstance(event, e.NumbersReserved)]
    assert {(row.first, row.last) for row in rows} == {(960, 979)}


def test_the_gateway_stops_below_what_is_set_aside(desk):
    ask(desk)
    desk.state.issued["filing"] = 978
    assert desk.issue().number == "A979"
    assert desk.do(c.IssueTicket("filing", None, token="x")) == "numbers_exhausted"


def test_numbers_are_set_aside_only_with_room_below(desk):
    desk.state.issued["filing"] = 900
    services = [row.service for row in ask(desk)[:-1]]
    assert "filing" not in services
    assert "invoice" in services


def test_a_merged_ticket_stands_where_it_was_taken(desk):
    ask(desk)
    first = desk.issue()
    alone_ms = desk.now_ms + 500
    last = desk.issue()
    assert isinstance(merge(desk, issued_ms=alone_ms), list)
    line = [ticket for _, ticket in desk.state.line["filing"]]
    assert line == [first.id, "20261123-A980", last.id]
    desk.press("w01", "next")
    desk.press("w01", "next")
    assert desk.state.tickets["20261123-A980"].state == "called"


@pytest.mark.parametrize(("printed", "copies"), [("done", []), ("unknown", [1]), ("failed", [0])])
def test_a_doubtful_print_is_repeated_with_the_mark(desk, printed, copies):
    ask(desk)
    made = merge(desk, printed=printed)
    assert [event.copy for event in made if isinstance(event, e.PrintQueued)] == copies


def test_a_number_is_merged_once(desk):
    ask(desk)
    merge(desk)
    assert merge(desk) == "known_ticket"


def test_what_was_not_set_aside_for_the_kiosk_is_refused(desk):
    ask(desk)
    assert merge(desk, number=979) == "unknown_reserve"
    assert merge(desk, reserve="13-1") == "unknown_reserve"
    assert ask(desk, reserve="13-1") == "unknown_reserve"
    assert ask(desk, kiosk="wall-1") == "no_kiosk"


def test_a_hall_that_sets_nothing_aside_says_so(desk, fresh_desk):
    rules = desk.config.rules.model_copy(update={"reserve_numbers": 0})
    other = fresh_desk(desk.config.model_copy(update={"rules": rules}))
    assert ask(other) == "no_reserve"


def test_issue_times_outside_the_life_of_the_reserve_are_put_right(desk):
    ask(desk)
    since_ms = desk.now_ms
    desk.now_ms += 60_000
    merge(desk, 980, issued_ms=1)
    merge(desk, 981, issued_ms=desk.now_ms + 999_999)
    tickets = desk.state.tickets
    assert tickets["20261123-A980"].issued_ms == since_ms
    assert tickets["20261123-A981"].issued_ms == desk.now_ms


def test_more_numbers_are_added_once_half_are_used(desk):
    ask(desk)
    for number in range(980, 990):
        merge(desk, number)
    assert ask(desk, "12-3")[:-1] == []
    merge(desk, 990)
    made = ask(desk, "12-3")
    assert made[:-1] == [e.NumbersReserved("12-3", KIOSK, "filing", 960, 979)]
    assert made[-1].job == "o3-12-3"


def test_reserves_end_with_the_day(desk):
    ask(desk)
    desk.pass_minutes(24 * 60)
    assert desk.state.reserves == {}
    assert merge(desk) == "unknown_reserve"
    assert {row.first for row in ask(desk, asked_by="12-9")[:-1]} == {980}


def test_the_largest_reserve_fits_one_message(desk, config: HallConfig):
    ask(desk)
    for number in range(980, 996):
        for service in config.service:
            merge(desk, number, service=service.code)
    ask(desk, "12-3")
    job = desk.state.reserves["12-3"].job
    message = job_message(desk.config, desk.state, job, desk.now_ms, boot=0)
    assert len(message.rows) == 12
    assert len(encode(message)) <= PAYLOAD_BYTES_MAX


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("issue"), st.sampled_from(["filing", "invoice"])),
            st.tuples(st.just("ask"), st.sampled_from(["", "1-1", "1-2"])),
            st.tuples(st.just("merge"), st.integers(900, 999)),
            st.tuples(st.just("print"), st.sampled_from(["done", "unknown"])),
        ),
        max_size=60,
    )
)
def test_no_course_of_events_gives_a_number_twice(config, fresh_desk, course):
    desk = fresh_desk(config)
    owners = {}
    for index, (what, value) in enumerate(course):
        if what == "issue":
            desk.issue(value)
        elif what == "ask":
            ask(desk, value, asked_by=f"1-{index}")
        else:
            number = value if what == "merge" else 980
            for reserve in list(desk.state.reserves):
                merge(desk, number, reserve=reserve)
        for event in desk.events:
            if isinstance(event, e.NumbersReserved):
                for number in range(event.first, event.last + 1):
                    owner = owners.setdefault((event.service, number), event.reserve)
                    assert owner == event.reserve
    issued = [x.ticket for x in desk.events if isinstance(x, e.TicketIssued | e.TicketMerged)]
    assert len(set(issued)) == len(issued)
    for service, count in desk.state.issued.items():
        assert all(count < number for s, number in owners if s == service)
    assert all(number <= NUMBERS_MAX for _, number in owners)
