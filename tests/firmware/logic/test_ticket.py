"""The kiosk: one touch asks once, one job prints once, and what is not known is called unknown."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.ticket import DOUBT_MS, REFUSED_MS, TAKE_MS, WAITING_MAX, TicketLogic
from protocols.messages.node import JobResult
from protocols.messages.ticket import (
    KioskService,
    KioskWant,
    PrinterChanged,
    TicketJob,
    TicketRequested,
)

Make = Callable[[Any], Any]
OK = ("ok", "closed", "none")
OUT = ("out", "closed", "none")


def want(open_: bool = True) -> KioskWant:
    services = (
        KioskService(code="tax", zh="个税", en="Income tax", waiting=3),
        KioskService(code="invoice", zh="发票", en="Invoices", waiting=0),
    )
    return KioskWant(epoch=1, rev=1, open=open_, services=services)


def job(job_id: str, ttl_ms: int = 60000) -> TicketJob:
    return TicketJob(
        id=job_id,
        ttl_ms=ttl_ms,
        number="A007",
        service_zh="个税",
        service_en="Income tax",
        ahead=3,
        wait_minutes=9,
        issued="2026-09-01 09:00",
        url="",
        copy=0,
    )


@pytest.fixture
def kiosk(bench: Make) -> Any:
    bench = bench(TicketLogic())
    bench.online(want())
    bench.send("printer", *OK)
    bench.ack(bench.reports()[-1])
    return bench


def results(kiosk: Any) -> list[tuple[str, str]]:
    return [(r.id, r.state) for r in kiosk.reports() if isinstance(r, JobResult)]


def printed(kiosk: Any) -> list[str]:
    return [effect[1].id for effect in kiosk.all("print")]


def requests(kiosk: Any) -> list[str]:
    return [r.service for r in kiosk.reports() if isinstance(r, TicketRequested)]


def restarted(bench: Make, kiosk: Any, reports: list[Any] | None = None) -> Any:
    """A new logic with what the old one had stored."""
    stored = {effect[1]: effect[2] for effect in kiosk.all("store")}
    again = bench(TicketLogic())
    again.send("restore", stored, reports or [])
    again.online(want())
    return again


def test_a_job_is_stored_before_it_is_printed_and_confirmed_after(kiosk: Any) -> None:
    effects = kiosk.send("job", job("t1"))
    assert [effect[0] for effect in effects] == ["store", "print", "screen"]
    assert kiosk.last("screen") == ("screen", "printing", ("A007",), "ok")
    assert results(kiosk) == []
    kiosk.send("printed", "t1")
    assert results(kiosk) == [("t1", "done")]
    assert kiosk.last("screen")[1] == "printed"
    kiosk.run(TAKE_MS)
    assert kiosk.last("screen")[1] == "ready"


def test_the_same_id_is_never_printed_twice_and_is_answered_again(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("job", job("t1"))
    assert printed(kiosk) == ["t1"]
    kiosk.send("printed", "t1")
    kiosk.send("job", job("t1"))
    assert printed(kiosk) == ["t1"]
    assert results(kiosk) == [("t1", "done"), ("t1", "done")]


def test_the_same_id_waits_once_in_the_queue(kiosk: Any) -> None:
    for name in ("t1", "t2", "t2"):
        kiosk.send("job", job(name))
    kiosk.send("printed", "t1")
    kiosk.send("printed", "t2")
    assert printed(kiosk) == ["t1", "t2"]


def test_one_ticket_at_a_time_in_order(kiosk: Any) -> None:
    for name in ("t1", "t2", "t3"):
        kiosk.send("job", job(name))
    assert printed(kiosk) == ["t1"]
    kiosk.send("printed", "t2")
    assert printed(kiosk) == ["t1"], "a confirmation of another job proves nothing"
    kiosk.send("printed", "t1")
    assert printed(kiosk) == ["t1", "t2"]


def test_a_full_queue_fails_a_job_as_busy_and_the_id_keeps_that_answer(kiosk: Any) -> None:
    for place in range(WAITING_MAX + 1):
        kiosk.send("job", job(f"t{place}"))
    kiosk.send("job", job("late"))
    assert results(kiosk) == [("late", "failed")]
    assert kiosk.reports()[-1].why == "busy"
    kiosk.send("printed", "t0")
    kiosk.send("job", job("late"))
    assert results(kiosk)[-1] == ("late", "failed")


def test_a_ticket_in_a_printer_out_of_paper_waits_and_is_not_sent_again(kiosk: Any) -> None:
    kiosk.send("job", job("t1", ttl_ms=5000))
    kiosk.send("printer", *OUT)
    kiosk.run(3_600_000)
    assert results(kiosk) == []
    assert kiosk.last("screen") == ("screen", "paper_out", (*OUT, "A007"), "out")
    kiosk.send("printer", *OK)
    kiosk.run(DOUBT_MS - 1)
    kiosk.send("printed", "t1")
    assert results(kiosk) == [("t1", "done")]
    assert kiosk.last("screen")[1] == "printed"
    kiosk.run(TAKE_MS)
    assert printed(kiosk) == ["t1"]


def test_nothing_is_handed_to_a_printer_with_an_open_cover(kiosk: Any) -> None:
    kiosk.send("printer", "ok", "open", "none")
    kiosk.send("job", job("t1"))
    kiosk.run(1000)
    assert printed(kiosk) == []
    kiosk.send("printer", *OK)
    assert printed(kiosk) == ["t1"]


def test_a_job_that_waits_too_long_fails_as_expired_and_is_not_printed(kiosk: Any) -> None:
    kiosk.send("printer", *OUT)
    kiosk.send("job", job("t1", ttl_ms=5000))
    kiosk.run(4999)
    assert results(kiosk) == []
    kiosk.run(1)
    assert results(kiosk) == [("t1", "failed")]
    kiosk.send("printer", *OK)
    kiosk.run(1000)
    assert printed(kiosk) == []


def test_no_confirmation_from_a_healthy_printer_is_unknown_not_printed_again(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("job", job("t2"))
    kiosk.run(DOUBT_MS - 1)
    assert results(kiosk) == []
    kiosk.run(1)
    assert results(kiosk) == [("t1", "unknown")]
    assert printed(kiosk) == ["t1", "t2"]
    kiosk.send("printed", "t1")
    assert results(kiosk) == [("t1", "unknown")], "an answer once given stays"


def test_a_ticket_that_is_still_being_sent_is_not_doubted(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    for _ in range(10):
        kiosk.run(DOUBT_MS - 1)
        kiosk.send("sending", "t1")
        kiosk.send("sending", "another")
    assert results(kiosk) == []
    kiosk.run(DOUBT_MS)
    assert results(kiosk) == [("t1", "unknown")]


def test_bytes_that_go_out_do_not_count_while_the_printer_is_known_to_be_unable(
    kiosk: Any,
) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("printer", *OUT)
    kiosk.send("sending", "t1")
    kiosk.run(3_600_000)
    assert results(kiosk) == []


def test_a_mute_printer_is_tried_and_its_tickets_are_unknown(bench: Make) -> None:
    kiosk = bench(TicketLogic())
    kiosk.online(want())
    kiosk.send("printer", "unknown", "unknown", "unknown")
    kiosk.send("job", job("t1"))
    kiosk.run(DOUBT_MS)
    assert printed(kiosk) == ["t1"]
    assert results(kiosk) == [("t1", "unknown")]


def test_a_job_under_way_at_a_restart_is_unknown_and_not_printed_again(
    bench: Make, kiosk: Any
) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("job", job("t2"))
    again = restarted(bench, kiosk)
    assert results(again) == [("t1", "unknown")]
    again.send("job", job("t1"))
    again.send("job", job("t2"))
    assert printed(again) == ["t2"], "the queued one was lost and the gateway sent it again"


def test_an_answer_still_in_the_outbox_is_not_contradicted_after_a_restart(
    bench: Make, kiosk: Any
) -> None:
    kiosk.send("job", job("t1"))
    kiosk.log = [entry for entry in kiosk.log if entry[1][0] == "store"]
    answer = JobResult(id="t1", state="done", why="")
    again = restarted(bench, kiosk, [answer])
    assert results(again) == []
    again.send("job", job("t1"))
    assert results(again) == [("t1", "done")]
    assert printed(again) == []


def test_the_last_32_ids_are_remembered_over_a_restart(bench: Make, kiosk: Any) -> None:
    for place in range(40):
        kiosk.send("job", job(f"号{place}"))
        kiosk.send("printed", f"号{place}")
    again = restarted(bench, kiosk)
    again.send("job", job("号8"))
    assert printed(again) == []
    again.send("job", job("号7"))
    assert printed(again) == ["号7"]


def test_an_answer_the_outbox_refused_is_reported_until_it_is_taken(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("printed", "t1")
    kiosk.send("full", kiosk.reports()[-1])
    kiosk.run(1000)
    assert results(kiosk) == [("t1", "done"), ("t1", "done")]
    kiosk.run(60000)
    assert len(results(kiosk)) == 2


@pytest.mark.parametrize("stored", [b"\x09\x01a", b"\x00\x05ab", b"\x00"])
def test_stored_bytes_of_another_make_are_named_not_guessed(bench: Make, stored: bytes) -> None:
    kiosk = bench(TicketLogic())
    with pytest.raises(ValueError, match="stored jobs"):
        kiosk.send("restore", {"jobs": stored}, [])


# ---- touches ----


def test_a_touch_asks_for_one_ticket(kiosk: Any) -> None:
    kiosk.send("touch", "tax")
    assert requests(kiosk) == ["tax"]
    assert kiosk.last("screen") == ("screen", "asking", ("tax",), "ok")
    kiosk.ack(kiosk.reports()[-1])
    assert kiosk.last("screen")[1] == "ready"


def test_a_double_touch_is_one_ticket_and_a_later_one_another(kiosk: Any) -> None:
    kiosk.send("touch", "tax")
    kiosk.ack(kiosk.reports()[-1])
    kiosk.run(1499)
    kiosk.send("touch", "tax")
    assert requests(kiosk) == ["tax"]
    kiosk.run(1)
    kiosk.send("touch", "tax")
    assert requests(kiosk) == ["tax", "tax"]


def test_another_service_may_be_touched_at_once_after_the_answer(kiosk: Any) -> None:
    kiosk.send("touch", "tax")
    kiosk.send("touch", "invoice")
    assert requests(kiosk) == ["tax"], "one is being asked for"
    kiosk.ack(kiosk.reports()[-1])
    kiosk.send("touch", "invoice")
    assert requests(kiosk) == ["tax", "invoice"]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (("lease", False), "offline"),
        (("link", False), "offline"),
        (("want", want(open_=False)), "closed"),
        (("printer", *OUT), "printer"),
        (("printer", "ok", "open", "none"), "printer"),
        (("printer", "ok", "closed", "cutter"), "printer"),
    ],
)
def test_a_touch_that_cannot_be_served_is_refused_visibly(kiosk: Any, event: Any, why: str) -> None:
    kiosk.send(*event)
    before = kiosk.last("screen")
    kiosk.send("touch", "tax")
    assert requests(kiosk) == []
    assert kiosk.last("screen") == ("screen", "refused", (why,), kiosk.last("screen")[3])
    kiosk.run(REFUSED_MS)
    assert kiosk.last("screen") == before


def test_a_denied_request_says_why(kiosk: Any) -> None:
    kiosk.send("touch", "tax")
    kiosk.ack(kiosk.reports()[-1], "denied")
    assert kiosk.last("screen") == ("screen", "refused", ("denied",), "ok")


def test_a_request_the_outbox_refused_may_be_made_again_at_once(kiosk: Any) -> None:
    kiosk.send("touch", "tax")
    kiosk.send("full", kiosk.reports()[-1])
    assert kiosk.last("screen") == ("screen", "refused", ("busy",), "ok")
    kiosk.send("touch", "tax")
    assert requests(kiosk) == ["tax", "tax"]


def test_an_old_picture_is_not_offered(kiosk: Any) -> None:
    assert kiosk.last("screen")[1] == "ready"
    kiosk.send("lease", False)
    assert kiosk.last("screen") == ("screen", "offline", (), "ok")


# ---- the ticket in the slot ----


def test_a_confirmed_ticket_is_offered_to_its_holder_for_a_while(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("printed", "t1")
    assert kiosk.last("screen") == ("screen", "printed", ("A007",), "ok")
    kiosk.run(TAKE_MS - 1)
    assert kiosk.last("screen")[1] == "printed"
    kiosk.run(1)
    assert kiosk.last("screen")[1] == "ready"
    assert kiosk.run(60_000) == []


def test_the_last_ticket_of_a_roll_is_offered_before_the_end_of_the_paper_is_told(
    kiosk: Any,
) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("printed", "t1")
    kiosk.send("printer", *OUT)
    assert kiosk.last("screen") == ("screen", "printed", ("A007",), "out")
    kiosk.run(TAKE_MS)
    assert kiosk.last("screen") == ("screen", "paper_out", (*OUT, ""), "out")


def test_nothing_is_offered_that_the_printer_did_not_confirm(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.run(DOUBT_MS)
    assert results(kiosk) == [("t1", "unknown")]
    assert "printed" not in [effect[1] for effect in kiosk.all("screen")]


def test_a_touch_while_a_ticket_is_offered_asks_for_the_next(kiosk: Any) -> None:
    kiosk.send("job", job("t1"))
    kiosk.send("printed", "t1")
    kiosk.send("touch", "tax")
    assert requests(kiosk) == ["tax"]
    assert kiosk.last("screen")[1] == "asking"
    kiosk.send("job", job("t2"))
    assert kiosk.last("screen")[1] == "printing"


def test_paper_that_runs_low_is_told_with_every_screen(kiosk: Any) -> None:
    kiosk.send("printer", "low", "closed", "none")
    assert kiosk.last("screen")[1::2] == ("ready", "low")


# ---- printer reports ----


def test_the_printer_is_reported_on_changes_one_at_a_time(bench: Make) -> None:
    def reports() -> list[PrinterChanged]:
        return [report for report in kiosk.reports() if isinstance(report, PrinterChanged)]

    kiosk = bench(TicketLogic())
    kiosk.online(want())
    assert reports() == []
    kiosk.send("printer", *OK)
    kiosk.send("printer", *OK)
    kiosk.send("printer", "low", "closed", "none")
    kiosk.send("printer", *OUT)
    assert [report.paper for report in reports()] == ["ok"]
    kiosk.ack(reports()[0])
    assert [report.paper for report in reports()] == ["ok", "out"]
    kiosk.send("full", reports()[1])
    assert len(reports()) == 2
    kiosk.run(1000)
    assert [report.paper for report in reports()] == ["ok", "out", "out"]
