"""What officers, taxpayers and devices may do, and what comes of it."""

import pytest

from gateway.systems.calling import commands as c
from gateway.systems.calling import events as e


def test_next_calls_the_oldest_ticket_the_window_may_serve(desk):
    property_deal = desk.issue("property")
    first = desk.issue("invoice")
    desk.issue("filing")
    desk.press("w01", "next")
    assert desk.state.window("w01").ticket == first.id
    assert property_deal.state == "waiting"


def test_next_finishes_the_ticket_at_the_window_first(desk):
    first, second = desk.issue(), desk.issue()
    desk.press("w01", "next")
    desk.press("w01", "next")
    assert (first.state, second.state) == ("served", "called")


def test_next_with_nobody_waiting_and_nothing_to_finish_is_refused(desk):
    assert desk.press("w01", "next") == "empty"


def test_next_ends_the_last_service_though_nobody_waits(desk):
    ticket = desk.issue()
    desk.press("w01", "next")
    assert isinstance(desk.press("w01", "next"), list)
    assert ticket.state == "served"
    assert desk.state.mode("w01") == "open"


def test_service_without_start_counts_from_the_walk_after_the_call(desk):
    ticket = desk.issue()
    desk.press("w01", "next")
    called_ms = ticket.called_ms
    desk.pass_minutes(5)
    desk.press("w01", "finish")
    assert ticket.started_ms == called_ms + 60_000


def test_numbers_count_up_per_service_from_001(desk):
    numbers = [desk.issue(code).number for code in ("filing", "invoice", "filing", "filing")]
    assert numbers == ["A001", "B001", "A002", "A003"]


def test_numbers_of_a_service_end_at_999(desk):
    desk.state.issued["filing"] = 999
    assert desk.do(c.IssueTicket("filing", None, token="t")) == "numbers_exhausted"


def test_a_press_against_an_older_picture_is_refused(desk):
    desk.issue(), desk.issue()
    seen = desk.state.window("w01").turn
    assert isinstance(desk.press("w01", "next", seen=seen), list)
    assert desk.press("w01", "next", seen=seen) == "seen"


def test_a_press_older_than_its_limit_is_stale_and_has_no_effect(desk):
    ticket = desk.issue()
    command = c.CommandWindow("w01", "next", age_ms=10_001)
    assert desk.do(command) == "stale"
    assert ticket.state == "waiting"
    assert isinstance(desk.do(c.CommandWindow("w01", "next", age_ms=10_000)), list)


def test_an_officer_signs_in_at_one_window_only(desk):
    assert desk.do(c.SignIn("w02", "1111")) == "officer_elsewhere"
    assert desk.do(c.SignIn("w01", "1122")) == "already_signed_in"
    assert desk.do(c.SignIn("w02", "9999")) == "unknown_officer"
    desk.press("w01", "sign_off")
    assert isinstance(desk.do(c.SignIn("w02", "1111")), list)


def test_a_closed_window_calls_nobody(desk):
    desk.issue()
    assert desk.press("w02", "next") == "not_signed_in"


def test_an_officer_with_fewer_skills_gets_fewer_services(desk):
    desk.sign_in("w07", "1199")  # filing, invoice, social, enquiry at a window without them
    desk.issue("property")
    assert desk.press("w07", "next") == "empty"


def test_missed_comes_back_behind_three_others(desk):
    missed = desk.issue()
    others = [desk.issue() for _ in range(5)]
    desk.press("w01", "next")
    desk.press("w01", "missed")
    assert missed.state == "missed"
    desk.do(c.ReturnTicket(missed.id))
    assert missed.state == "returned"
    called = []
    for _ in range(6):
        desk.press("w01", "next")
        called.append(desk.state.window("w01").ticket)
    assert called == [t.id for t in (*others[:3], missed, *others[3:])]


def test_only_a_missed_ticket_comes_back(desk):
    assert desk.do(c.ReturnTicket(desk.issue().id)) == "not_missed"
    assert desk.do(c.ReturnTicket("20261123-A999")) == "unknown_ticket"


def test_recall_repeats_the_call_until_the_limit(desk):
    desk.issue()
    desk.press("w01", "next")
    assert [type(made) for made in desk.press("w01", "recall")] == [
        e.TicketCalled,
        e.AnnouncementQueued,
    ]
    desk.press("w01", "recall")
    assert desk.press("w01", "recall") == "called_too_often"


def test_held_ticket_waits_at_its_window_and_is_called_back(desk):
    held, other = desk.issue(), desk.issue()
    desk.press("w01", "next")
    desk.press("w01", "start")
    desk.press("w01", "hold")
    desk.press("w01", "next")
    assert desk.press("w01", "unhold") == "busy"
    assert other.state == "called"
    desk.press("w01", "finish")
    desk.press("w01", "unhold")
    assert (held.state, held.window) == ("called", "w01")
    assert desk.state.window("w01").held == []


def test_transfer_keeps_the_place_by_the_time_of_issue(desk):
    moved = desk.issue("filing")
    desk.issue("property")
    desk.press("w01", "next")
    assert desk.press("w01", "transfer", "filing") == "same_service"
    assert desk.press("w01", "transfer", "") == "unknown_service"
    desk.press("w01", "transfer", "property")
    assert (moved.state, moved.service) == ("transferred", "property")
    desk.sign_in("w07", "1177")
    desk.press("w07", "next")
    assert desk.state.window("w07").ticket == moved.id
    assert desk.state.waiting(("property",)) == 1


@pytest.mark.parametrize("command", ["pause", "sign_off"])
def test_a_window_with_a_ticket_cannot_leave(desk, command):
    desk.issue()
    desk.press("w01", "next")
    assert desk.press("w01", command) == "busy"


def test_a_paused_window_calls_nobody_until_it_resumes(desk):
    ticket = desk.issue()
    desk.press("w01", "pause")
    assert desk.press("w01", "next") == "paused"
    desk.press("w01", "resume")
    desk.press("w01", "next")
    assert ticket.state == "called"


def test_help_is_asked_for_once_and_cleared_once(desk):
    assert isinstance(desk.press("w01", "help"), list)
    assert desk.press("w01", "help") == "help_asked"
    assert isinstance(desk.press("w01", "help_cancel"), list)
    assert desk.press("w01", "help_cancel") == "no_help"


NONSENSE = {
    "start": "not_called",
    "recall": "not_called",
    "missed": "not_called",
    "finish": "not_serving",
    "hold": "not_serving",
    "transfer": "not_serving",
    "resume": "not_paused",
    "unhold": "nothing_held",
    "dance": "unknown_command",
}


@pytest.mark.parametrize(("command", "reason"), NONSENSE.items())
def test_a_command_that_makes_no_sense_now_is_refused_with_its_reason(desk, command, reason):
    assert desk.press("w01", command) == reason


def test_a_ticket_at_a_window_cannot_be_cancelled(desk):
    ticket, other = desk.issue(), desk.issue()
    desk.press("w01", "next")
    assert desk.do(c.CancelTicket(ticket.id)) == "not_cancellable"
    desk.do(c.CancelTicket(other.id))
    assert other.state == "cancelled"
    assert desk.press("w02", "next") == "not_signed_in"
    assert desk.state.waiting(("filing",)) == 0


def test_a_visit_takes_one_verdict_even_after_the_pad_closed(desk):
    ticket = desk.issue()
    assert desk.do(c.GiveRating(ticket.id, 5)) == "no_rating"
    desk.press("w01", "next")
    desk.press("w01", "finish")
    assert desk.state.window("w01").rating.visit == ticket.id
    desk.pass_minutes(2)
    assert desk.state.window("w01").rating is None
    assert isinstance(desk.do(c.GiveRating(ticket.id, 4)), list)
    assert desk.do(c.GiveRating(ticket.id, 1)) == "already_rated"
    assert ticket.grade == 4


def test_the_next_finished_visit_takes_over_the_rating_pad(desk):
    desk.issue()
    second = desk.issue()
    desk.press("w01", "next")
    desk.press("w01", "next")
    desk.press("w01", "finish")
    assert desk.state.window("w01").rating.visit == second.id


def test_a_doubtful_print_is_repeated_marked_with_the_same_number(desk):
    ticket = desk.issue(kiosk="kiosk-1")
    (job,) = desk.state.prints.values()
    desk.do(c.SettleJob(job.job, "unknown", "power", "kiosk-1"))
    (again,) = desk.state.prints.values()
    assert (again.ticket, again.copy) == (ticket.id, 1)
    assert again.job != job.job
    desk.do(c.SettleJob(again.job, "done", "", "kiosk-1"))
    assert desk.state.prints == {}
    assert desk.do(c.SettleJob(again.job, "done", "", "kiosk-1")) == "unknown_job"


def test_a_failed_print_that_never_reached_paper_is_repeated_unmarked(desk):
    desk.issue(kiosk="kiosk-1")
    (job,) = desk.state.prints.values()
    desk.do(c.SettleJob(job.job, "failed", "busy", "kiosk-1"))
    (again,) = desk.state.prints.values()
    assert again.copy == 0


def test_doubtful_prints_end_with_an_alarm(desk):
    desk.issue(kiosk="kiosk-1")
    for _ in range(3):
        (job,) = desk.state.prints.values()
        desk.do(c.SettleJob(job.job, "unknown", "", "kiosk-1"))
    assert desk.state.prints == {}
    assert isinstance(desk.events[-1], e.PrintAbandoned)


def test_a_ticket_for_an_unknown_kiosk_or_service_is_not_issued(desk):
    assert desk.do(c.IssueTicket("filing", "wall-1", token="t")) == "no_kiosk"
    assert desk.do(c.IssueTicket("flying", None, token="t")) == "unknown_service"
    assert desk.state.tickets == {}
