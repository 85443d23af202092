"""Whatever is asked, in whatever order: the promises about tickets and windows hold."""

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings

from gateway.core.events import from_data, registry_of, to_data
from gateway.systems.calling import commands as c
from gateway.systems.calling.events import EVENTS, TicketIssued
from gateway.systems.calling.fold import TICKET_MOVES, apply
from gateway.systems.calling.state import IN_LINE, CallingState
from protocols.messages.pad import PAD_COMMANDS

WINDOWS = ("w01", "w03", "w07")
STAFF = ("1111", "1122", "1133")
SERVICES = ("filing", "property", "registration")
NUMBERS = ("A001", "A002", "A003", "D001", "C001")


def commands():
    windows = st.sampled_from(WINDOWS)
    tickets = st.sampled_from([f"20261123-{number}" for number in NUMBERS])
    age_ms = st.sampled_from([0, 0, 0, 20_000])
    press = st.builds(
        c.CommandWindow,
        windows,
        # NEXT most of all, as in life.
        st.sampled_from((*PAD_COMMANDS, "next", "next", "next", "start", "finish")),
        st.sampled_from(SERVICES),
        st.one_of(st.none(), st.integers(0, 12)),
        age_ms,
    )
    return st.one_of(
        st.builds(c.IssueTicket, st.sampled_from(SERVICES), st.sampled_from(["kiosk-1", None])),
        press,
        press,
        st.builds(c.SignIn, windows, st.sampled_from(STAFF)),
        st.builds(c.CancelTicket, tickets),
        st.builds(c.ReturnTicket, tickets),
        st.builds(c.ReprintTicket, tickets, st.just("kiosk-1")),
        st.builds(c.GiveRating, tickets, st.integers(1, 5)),
        st.just(c.PassTime()),
    )


def check_whole(state):
    at_windows = [w.ticket for w in state.windows.values() if w.ticket is not None]
    assert len(set(at_windows)) == len(at_windows), "one ticket at two windows"
    held = [ticket for w in state.windows.values() for ticket in w.held]
    in_line = [ticket for line in state.line.values() for _, ticket in line]
    for ticket in state.tickets.values():
        assert (ticket.id in at_windows) == (ticket.state in ("called", "serving"))
        assert (ticket.id in held) == (ticket.state == "held")
        assert in_line.count(ticket.id) == (ticket.state in IN_LINE)
    for line in state.line.values():
        assert line == sorted(line)
    officers = [w.officer for w in state.windows.values() if w.officer]
    assert len(set(officers)) == len(officers), "one officer at two windows"


@settings(deadline=None)
@given(st.lists(st.tuples(commands(), st.integers(0, 200_000)), max_size=60))
def test_any_course_of_commands_keeps_the_hall_whole_and_replays_equal(config, fresh_desk, course):
    desk = fresh_desk(config)
    for index, (asked, pause_ms) in enumerate(course):
        desk.now_ms += pause_ms
        command = asked
        if isinstance(asked, c.IssueTicket):
            command = replace(asked, token=f"{index:022d}")
        turns = {w: desk.state.window(w).turn for w in WINDOWS}
        made = desk.do(command)
        check_whole(desk.state)
        if isinstance(made, str):
            assert turns == {w: desk.state.window(w).turn for w in WINDOWS}, "a refusal had effects"
    assert_replay_is_equal(desk)
    assert_numbers_are_unique(desk)


def assert_replay_is_equal(desk):
    registry = registry_of(EVENTS)
    replayed = CallingState()
    for event, at_ms in zip(desk.events, desk.times, strict=True):
        apply(replayed, from_data(registry, event.KIND, to_data(event)), at_ms)
    assert replayed == desk.state


def assert_numbers_are_unique(desk):
    issued = [event.ticket for event in desk.events if isinstance(event, TicketIssued)]
    assert len(set(issued)) == len(issued)


def test_every_move_of_a_ticket_leads_to_a_state_with_a_way_on_or_to_an_end():
    starts = {before for before, _ in TICKET_MOVES}
    ends = set(TICKET_MOVES.values()) - starts
    assert ends == {"served", "cancelled"}
