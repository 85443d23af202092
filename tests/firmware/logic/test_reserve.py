"""A kiosk that does not hear the gateway: real numbers, each once, and every one told later."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.reserve import ASK_AGAIN_MS, DAY_MS, MARGIN_MS, STORE_KEY
from firmware.logic.ticket import DOUBLE_TOUCH_MS, DOUBT_MS, UNSURE_MS, TicketLogic
from protocols.messages.node import Ack, JobResult
from protocols.messages.ticket import (
    KioskService,
    KioskWant,
    ReserveJob,
    ReserveRow,
    ReserveTicket,
    ReserveWanted,
    TicketRequested,
)

Make = Callable[[Any], Any]
OK = ("ok", "closed", "none")
NINE_MS = 9 * 3_600_000
HALL_MS = 1_795_395_600_000


def want() -> KioskWant:
    services = (
        KioskService(code="tax", zh="个税", en="Income tax", waiting=3),
        KioskService(code="invoice", zh="发票", en="Invoices", waiting=0),
    )
    return KioskWant(epoch=1, rev=1, open=True, services=services)


def job(reserve: str = "12-3", day_ms: int = NINE_MS, last: int = 999, job_id: str = "o1") -> Any:
    return ReserveJob(
        id=job_id,
        ttl_ms=60_000,
        reserve=reserve,
        date="2026-11-23",
        day_ms=day_ms,
        hall_ms=HALL_MS + day_ms - NINE_MS,
        rows=(
            ReserveRow(service="tax", prefix="A", first=980, last=last),
            ReserveRow(service="invoice", prefix="B", first=980, last=999),
        ),
    )


def asked(kiosk: Any) -> list[Any]:
    return [report for report in kiosk.reports() if isinstance(report, ReserveWanted)]


def told(kiosk: Any) -> list[Any]:
    return [report for report in kiosk.reports() if isinstance(report, ReserveTicket)]


def printed(kiosk: Any) -> list[str]:
    return [effect[1].number for effect in kiosk.all("print")]


def accept(kiosk: Any, reserve: str = "12-3") -> None:
    boot, seq = (int(word) for word in reserve.split("-"))
    ack = Ack(boot=boot, seq=seq, result="ok", first=None, why="", cumulative=False)
    kiosk.send("ack", ack, asked(kiosk)[-1])


@pytest.fixture
def boot(bench: Make) -> Any:
    """Starts a kiosk from what its store held, printer ready, and the gateway heard."""

    def start(stored: dict[str, bytes] | None = None, online: bool = True) -> Any:
        kiosk = bench(TicketLogic())
        kiosk.send("restore", stored or {}, [])
        if online:
            kiosk.online(want())
        else:
            kiosk.send("start")
        kiosk.send("printer", *OK)
        return kiosk

    return start


@pytest.fixture
def kiosk(boot: Any) -> Any:
    """A kiosk with a reserve; the gateway is gone."""
    kiosk = boot()
    accept(kiosk)
    kiosk.send("job", job())
    kiosk.send("lease", False)
    return kiosk


def stored(kiosk: Any) -> dict[str, bytes]:
    return {effect[1]: effect[2] for effect in kiosk.all("store")}


def give(kiosk: Any, service: str = "tax") -> str:
    before = len(printed(kiosk))
    kiosk.run(DOUBLE_TOUCH_MS)
    kiosk.send("touch", service)
    assert len(printed(kiosk)) == before + 1
    return printed(kiosk)[-1]


def come_out(kiosk: Any) -> None:
    kiosk.send("printed", kiosk.last("print")[1].id)


def test_it_asks_for_a_reserve_once_it_hears_the_gateway(boot: Any) -> None:
    kiosk = boot()
    assert [report.reserve for report in asked(kiosk)] == [""]
    accept(kiosk)
    kiosk.send("job", job())
    answers = [r for r in kiosk.reports() if isinstance(r, JobResult)]
    assert [(a.id, a.state) for a in answers] == [("o1", "done")]
    kiosk.run(ASK_AGAIN_MS * 2)
    assert len(asked(kiosk)) == 1


def test_a_touch_without_the_gateway_prints_a_number_of_the_reserve(kiosk: Any) -> None:
    assert kiosk.last("screen")[1] == "reserve"
    kiosk.run(125_000)
    assert give(kiosk) == "A980"
    ticket = kiosk.last("print")[1]
    assert (ticket.service_zh, ticket.ahead, ticket.url) == ("个税", None, "")
    assert ticket.issued == "2026-11-23 09:02"
    assert not [report for report in kiosk.reports() if isinstance(report, TicketRequested)]
    come_out(kiosk)
    assert [give(kiosk, "invoice"), kiosk.last("screen")[1]] == ["B980", "printing"]


def test_a_number_is_kept_before_it_is_printed(kiosk: Any) -> None:
    kiosk.run(DOUBLE_TOUCH_MS)
    effects = [effect[0] for effect in kiosk.send("touch", "tax")]
    assert effects.index("store") < effects.index("print")


def test_a_restart_within_a_print_gives_no_number_twice(kiosk: Any, boot: Any) -> None:
    first = give(kiosk)
    again = boot(stored(kiosk))
    assert [(t.number, t.printed) for t in told(again)] == [(980, "unknown")]
    assert [report.reserve for report in asked(again)] == ["12-3"]
    again.ack(asked(again)[-1])
    again.send("job", job(job_id="o2"))
    again.send("lease", False)
    assert first == "A980"
    assert give(again) == "A981"


def test_after_a_restart_without_the_gateway_the_time_is_not_known_and_it_refuses(
    kiosk: Any, boot: Any
) -> None:
    give(kiosk)
    again = boot(stored(kiosk), online=False)
    again.send("want", want())
    again.send("touch", "tax")
    assert printed(again) == []
    assert again.last("screen")[1:3] == ("refused", ("offline",))


def test_every_number_is_told_when_the_gateway_is_back_oldest_first(kiosk: Any) -> None:
    give(kiosk)
    come_out(kiosk)
    kiosk.run(60_000)
    give(kiosk, "invoice")
    come_out(kiosk)
    assert [(t.service, t.number) for t in told(kiosk)] == [("tax", 980)]
    kiosk.send("lease", True)
    kiosk.ack(told(kiosk)[0])
    assert [(t.service, t.number) for t in told(kiosk)] == [("tax", 980), ("invoice", 980)]
    assert told(kiosk)[1].issued_ms - told(kiosk)[0].issued_ms == 60_000 + DOUBLE_TOUCH_MS
    assert [t.printed for t in told(kiosk)] == ["done", "done"]
    kiosk.ack(told(kiosk)[1], "denied")
    assert b"given" not in stored(kiosk)[STORE_KEY]


def test_a_print_without_proof_is_told_as_unknown(kiosk: Any) -> None:
    give(kiosk)
    kiosk.run(DOUBT_MS)
    assert [t.printed for t in told(kiosk)] == ["unknown"]


def test_a_print_waits_for_paper_and_is_not_sent_again(kiosk: Any) -> None:
    give(kiosk)
    kiosk.send("printer", "out", "closed", "none")
    kiosk.run(10 * DOUBT_MS)
    assert told(kiosk) == []
    kiosk.send("printer", *OK)
    come_out(kiosk)
    assert [t.printed for t in told(kiosk)] == ["done"]
    assert printed(kiosk) == ["A980"]


def test_the_numbers_of_another_board_are_not_taken(boot: Any) -> None:
    kiosk = boot()
    accept(kiosk, "13-1")
    kiosk.send("job", job("12-3"))
    answers = [r for r in kiosk.reports() if isinstance(r, JobResult)]
    assert [(a.id, a.state) for a in answers] == [("o1", "failed")]
    kiosk.send("lease", False)
    kiosk.send("touch", "tax")
    assert printed(kiosk) == []


def test_a_job_that_overtakes_the_acknowledgement_is_left_to_come_again(boot: Any) -> None:
    kiosk = boot()
    kiosk.send("job", job())
    assert not [r for r in kiosk.reports() if isinstance(r, JobResult)]
    accept(kiosk)
    kiosk.send("job", job())
    kiosk.send("lease", False)
    assert give(kiosk) == "A980"


def test_an_old_offer_that_comes_late_changes_neither_place_nor_time(kiosk: Any) -> None:
    assert give(kiosk) == "A980"
    come_out(kiosk)
    kiosk.run(3_600_000)
    kiosk.send("job", job())
    assert give(kiosk) == "A981"
    assert kiosk.last("print")[1].issued == "2026-11-23 10:00"


def test_the_reserve_ends_before_midnight_and_another_is_asked_for(kiosk: Any) -> None:
    kiosk.run(DAY_MS - NINE_MS - MARGIN_MS)
    kiosk.send("touch", "tax")
    assert printed(kiosk) == []
    assert kiosk.last("screen")[1:3] == ("refused", ("offline",))
    kiosk.send("lease", True)
    kiosk.run(2 * MARGIN_MS)
    assert [report.reserve for report in asked(kiosk)] == ["", "12-3"]
    kiosk.ack(asked(kiosk)[-1], "denied")
    kiosk.send("tick")
    assert [report.reserve for report in asked(kiosk)] == ["", "12-3", ""]


def test_when_few_are_left_more_are_asked_for_by_name(boot: Any) -> None:
    kiosk = boot()
    accept(kiosk)
    kiosk.send("job", job(last=983))
    kiosk.run(ASK_AGAIN_MS)
    assert [report.reserve for report in asked(kiosk)] == ["", "12-3"]


def test_a_service_without_numbers_is_refused_plainly_the_others_go_on(boot: Any) -> None:
    kiosk = boot()
    accept(kiosk)
    kiosk.send("job", job(last=980))
    kiosk.send("lease", False)
    assert give(kiosk) == "A980"
    come_out(kiosk)
    kiosk.run(DOUBLE_TOUCH_MS)
    kiosk.send("touch", "tax")
    assert kiosk.last("screen")[1:3] == ("refused", ("offline",))
    assert give(kiosk, "invoice") == "B980"


def test_while_a_ticket_asked_for_may_still_come_nothing_is_given_out(boot: Any) -> None:
    kiosk = boot()
    accept(kiosk)
    kiosk.send("job", job())
    kiosk.send("touch", "tax")
    kiosk.send("lease", False)
    kiosk.run(30_000)
    kiosk.send("touch", "invoice")
    assert printed(kiosk) == []
    assert kiosk.last("screen")[1] == "offline"
    kiosk.run(UNSURE_MS)
    assert kiosk.last("screen")[1] == "reserve"
    assert give(kiosk, "invoice") == "B980"


def test_two_touches_at_once_give_one_ticket(kiosk: Any) -> None:
    give(kiosk)
    kiosk.send("touch", "tax")
    kiosk.send("touch", "invoice")
    assert printed(kiosk) == ["A980"]
    come_out(kiosk)
    kiosk.send("touch", "tax")
    assert printed(kiosk) == ["A980"]


def test_a_full_outbox_loses_no_number(kiosk: Any) -> None:
    give(kiosk)
    come_out(kiosk)
    kiosk.send("full", told(kiosk)[-1])
    assert len(told(kiosk)) == 1
    kiosk.run(1000)
    assert len(told(kiosk)) == 2


def test_a_damaged_store_says_what_to_do(boot: Any) -> None:
    with pytest.raises(ValueError, match="erase the key"):
        boot({STORE_KEY: b"12-3\nnonsense"})
