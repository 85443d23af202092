"""REST calls: decided once per key; the same key with another call is a conflict, even later."""

import pytest

from gateway.systems.calling import commands as c
from gateway.systems.calling.refusals import REASONS

ISSUE = c.IssueTicket("filing", None)


def test_key_repeated_gets_the_first_answer_and_no_second_ticket(rig):
    first = rig.ask(ISSUE, "a")
    again = rig.ask(ISSUE, "a")
    assert (first.status, first.repeated) == ("done", False)
    assert (again.status, again.body, again.repeated) == ("done", first.body, True)
    assert len(rig.stored("calling.ticket_issued")) == 1


def test_key_repeated_within_one_batch_gets_the_first_answer(rig, read):
    for _ in range(2):
        rig.engine.request("a", "desk", ISSUE)
    first, again = read.answers(rig.round())
    assert first.body == again.body
    assert (first.repeated, again.repeated) == (False, True)


@pytest.mark.parametrize(
    ("principal", "command"),
    [("desk", c.IssueTicket("invoice", None)), ("other-desk", ISSUE)],
    ids=["another call", "another caller"],
)
def test_key_of_another_call_or_caller_is_a_conflict_without_effect(rig, principal, command):
    rig.ask(ISSUE, "a")
    answer = rig.ask(command, "a", principal)
    assert (answer.status, answer.body) == ("conflict", {})
    assert len(rig.stored("calling.ticket_issued")) == 1


def test_refusal_is_remembered_under_its_key_too(rig):
    refused = rig.ask(c.CommandWindow("w01", "next"), "a")
    assert (refused.status, refused.body["reason"]) == ("refused", "not_signed_in")
    assert refused.body["message_zh"] == REASONS["not_signed_in"][0]
    rig.ask(c.SignIn("w01", "1111"), "b")
    rig.issue()
    again = rig.ask(c.CommandWindow("w01", "next"), "a")
    assert (again.status, again.body, again.repeated) == ("refused", refused.body, True)


def test_key_is_remembered_over_a_restart_with_and_without_snapshot(rig):
    first = rig.ask(ISSUE, "a")
    rig.crash()
    rig.boot()
    assert rig.ask(ISSUE, "a").body == first.body
    rig.journal.save_snapshot(rig.engine.seq, rig.engine.snapshot())
    rig.crash()
    rig.boot()
    again = rig.ask(ISSUE, "a")
    assert (again.body, again.repeated) == (first.body, True)


def test_call_cut_off_before_its_commit_is_decided_anew(rig):
    rig.engine.request("a", "desk", ISSUE)
    rig.engine.prepare(rig.now_ms)
    rig.crash()
    rig.boot()
    answer = rig.ask(ISSUE, "a")
    assert (answer.status, answer.repeated) == ("done", False)
    assert answer.body["number"] == "A001"


def test_answers_carry_the_numbers_that_request_gave(rig, read):
    numbers = [rig.engine.request(f"k{i}", "desk", ISSUE) for i in range(5)]
    assert [answer.number for answer in read.answers(rig.round())] == numbers
    assert len(set(numbers)) == 5


def test_answers_are_given_without_a_broker(rig):
    assert rig.ask(ISSUE).body["number"] == "A001"


def test_hundred_calls_at_once_get_a_hundred_numbers_in_one_transaction(rig, read):
    for number in range(100):
        rig.engine.request(f"k{number}", "desk", ISSUE)
    given = [answer.body["number"] for answer in read.answers(rig.round())]
    assert given == [f"A{n:03d}" for n in range(1, 101)]


def test_every_refusal_has_a_sentence_in_both_languages_and_fits_an_acknowledgement():
    for reason, (zh, en) in REASONS.items():
        assert zh
        assert en
        assert len(reason.encode()) <= 60
