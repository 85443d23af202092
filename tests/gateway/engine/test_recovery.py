"""The state is a fold of the journal: a restart, with a snapshot or without, changes no byte."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gateway.hall import EVENTS
from gateway.systems.calling import commands as c
from protocols.messages.rating import RatingGiven
from protocols.messages.ticket import PrinterChanged, ReserveTicket, ReserveWanted
from protocols.topics import EVENT

WINDOWS = ("w01", "w07")


def whole_day(rig):
    """A course in which every kind of event happens."""
    rig.ready("w01-pad", "kiosk-1", "voice-1", "w01-rating")
    numbers = iter(range(1, 1000))

    def do(command, status="done"):
        answer = rig.ask(command, f"do-{next(numbers)}")
        assert answer.status == status, (command, answer)

    def press(command, argument=""):
        do(c.CommandWindow("w01", command, argument))

    rig.sign_in("w01-pad", next(numbers), "1111")
    for _ in range(7):
        rig.touch(next(numbers))
        rig.round(later_ms=1000)
    printer = PrinterChanged(paper="low", cover="closed", fault="none")
    rig.say("kiosk-1", EVENT, printer, rig.stamp(next(numbers)))
    asked = next(numbers)
    rig.say("kiosk-1", EVENT, ReserveWanted(reserve=""), rig.stamp(asked))
    rig.round()
    rig.result("kiosk-1", next(numbers), f"o1-1-{asked}")
    rig.round()
    alone = ReserveTicket(
        reserve=f"1-{asked}",
        service="social",
        number=990,
        issued_ms=rig.engine.clock.hall_ms(rig.now_ms),
        printed="done",
    )
    rig.say("kiosk-1", EVENT, alone, rig.stamp(next(numbers)))
    press("next")
    press("recall")
    press("start")
    rig.run(30 * 60_000)
    press("finish")
    visit = rig.stored("calling.rating_opened")[0]["visit"]
    rig.say("w01-rating", EVENT, RatingGiven(visit=visit, grade=5), rig.stamp(next(numbers)))
    press("next")
    press("missed")
    do(c.ReturnTicket("20261123-A002"))
    press("next")
    press("transfer", "invoice")
    press("next")
    press("hold")
    press("unhold")
    press("finish")
    press("pause")
    press("resume")
    press("help")
    press("help_cancel")
    do(c.CancelTicket("20261123-A005"))
    # Seven tickets and two repeats of each; the last job stays open.
    for _ in range(20):
        job = next(iter(rig.engine._hall.state.calling.prints))
        rig.result("kiosk-1", next(numbers), job, "unknown")
        rig.round()
    rig.run(2 * 60_000)
    press("sign_off")
    do(c.CommandWindow("w01", "next"), "refused")
    do(c.SignIn("w01", "1111"))
    press("next")
    do(c.IssueTicketTo("invoice", None, person="p1", sealed=("sealed one", "sealed two")))
    rig.engine.broker_lost()
    rig.run(16 * 3_600_000)


def texts(rig):
    """The state in memory, that of a full replay, and that of each snapshot and its tail."""
    said = [rig.engine.snapshot()["text"]]
    for use_snapshot in (False, True):
        rig.crash()
        rig.boot(use_snapshot=use_snapshot)
        said.append(rig.engine.snapshot()["text"])
    return said


def without_epoch(text):
    """Without what each start sets anew: its epoch, and where hall time stood then."""
    start, mark, rest = text.partition('"dedupe":')
    assert start.startswith('{"epoch":')
    assert mark
    return rest


def test_every_kind_of_event_happens_and_is_folded_back_to_the_same_state(rig):
    whole_day(rig)
    assert {record.kind for record in rig.journal.read()} == set(EVENTS)
    memory, replayed, _ = texts(rig)
    assert without_epoch(memory) == without_epoch(replayed)


def test_snapshot_and_tail_equal_full_replay_wherever_the_snapshot_was_taken(rig, make_rig):
    whole_day(rig)
    records = list(rig.journal.read())
    other = make_rig()
    whole = other.engine
    whole.__init__(rig.config, whole.clock, rig.make_token)
    for record in records:
        whole.fold(record)
    for cut in range(0, len(records), 7):
        first = make_rig().engine
        first.__init__(rig.config, first.clock, rig.make_token)
        for record in records[:cut]:
            first.fold(record)
        second = make_rig().engine
        second.__init__(rig.config, second.clock, rig.make_token)
        second.restore(first.snapshot())
        for record in records[cut:]:
            second.fold(record)
        assert second.snapshot() == whole.snapshot(), f"a snapshot after record {cut}"


INPUTS = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(
                st.just("press"),
                st.sampled_from(WINDOWS),
                st.sampled_from(
                    ("next", "next", "start", "finish", "missed", "hold", "unhold", "sign_off")
                ),
                st.integers(1, 9),
            ),
            st.tuples(st.just("issue"), st.sampled_from(("filing", "property")), st.integers(1, 9)),
            st.tuples(st.just("sign_in"), st.sampled_from(WINDOWS), st.integers(1, 9)),
            st.tuples(st.just("back"), st.sampled_from(("A001", "A002", "D001"))),
            st.tuples(st.just("print"), st.sampled_from(("done", "failed", "unknown"))),
            st.tuples(st.just("snapshot")),
            st.tuples(st.just("crash"), st.booleans()),
        ),
        st.sampled_from([0, 500, 70_000, 900_000, 50_000_000]),
        st.booleans(),
    ),
    max_size=40,
)


def feed(rig, what, seq):
    match what:
        case "press", window, command, number:
            rig.press(f"{window}-pad", number, command)
        case "issue", service, number:
            rig.engine.request(f"k{number}", "desk", c.IssueTicket(service, "kiosk-1"))
        case "sign_in", window, number:
            officer = {"w01": "1111", "w07": "1122"}[window]
            rig.engine.request(f"in{number}", "desk", c.SignIn(window, officer))
        case "back", number:
            rig.engine.request(f"back{seq}", "desk", c.ReturnTicket(f"20261123-{number}"))
        case "print", state:
            for job in list(rig.engine._hall.state.calling.prints)[:1]:
                rig.result("kiosk-1", seq, job, state)
        case ("snapshot",):
            rig.journal.save_snapshot(rig.engine.seq, rig.engine.snapshot())
        case "crash", use_snapshot:
            rig.engine.prepare(rig.now_ms)  # its decisions were never written
            rig.crash()
            rig.boot(use_snapshot=use_snapshot)
            rig.ready("kiosk-1", "voice-1")


@settings(deadline=None, max_examples=80)
@given(INPUTS)
def test_any_course_of_inputs_snapshots_and_crashes_replays_to_the_same_bytes(make_rig, course):
    rig = make_rig().ready("kiosk-1", "voice-1")
    for seq, (what, pause_ms, round_now) in enumerate(course, start=100):
        rig.now_ms += pause_ms
        feed(rig, what, seq)
        if round_now:
            rig.round()
    rig.round()
    memory, replayed, shortcut = texts(rig)
    assert without_epoch(memory) == without_epoch(replayed) == without_epoch(shortcut)
    issued = [event["ticket"] for event in rig.stored("calling.ticket_issued")]
    assert len(issued) == len(set(issued)), "a number was given twice"


def test_sequence_and_views_go_on_where_the_journal_ends(rig):
    whole_day(rig)
    before = rig.engine.hall_view(rig.now_ms)
    seq = rig.engine.seq
    rig.crash()
    rig.boot()
    rig.round()
    after = rig.engine.hall_view(rig.now_ms)
    assert rig.engine.seq == seq + 1 == rig.journal.last_seq
    for changing in ("seq", "epoch", "at_ms"):
        del before[changing], after[changing]
    assert after == before


def test_page_shows_the_old_commit_while_a_batch_is_on_its_way_to_the_disk(rig):
    rig.round()
    before = rig.engine.hall_view(rig.now_ms)
    assert before["totals"]["issued"] == 0
    rig.engine.request("k", "desk", c.IssueTicket("filing", None))
    batch = rig.engine.prepare(rig.now_ms)
    assert rig.engine.in_flight
    assert rig.engine.hall_view(rig.now_ms) == before
    rig.commit(batch)
    assert not rig.engine.in_flight
    after = rig.engine.hall_view(rig.now_ms)
    assert (after["totals"]["issued"], after["seq"]) == (1, rig.journal.last_seq)


def test_first_look_of_all_must_not_fall_into_a_batch(rig):
    rig.engine.prepare(rig.now_ms)
    with pytest.raises(AssertionError, match="look once before the first batch"):
        rig.engine.hall_view(rig.now_ms)


def test_ticket_is_found_by_its_id_and_by_its_token_only(rig):
    ticket = rig.issue()
    by_id = rig.engine.ticket_view(ticket)
    token = rig.stored("calling.ticket_issued")[0]["token"]
    assert rig.engine.ticket_view(token) == by_id
    assert (by_id["number"], by_id["state"], by_id["ahead"]) == ("A001", "waiting", 0)
    assert token not in str(by_id)
    assert rig.engine.ticket_view("A001") is None
    assert rig.engine.ticket_view("") is None
