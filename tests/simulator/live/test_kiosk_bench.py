"""The kiosk's printer is believed only what it says in bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from firmware.logic import events
from gateway.config import HallConfig
from protocols.messages.ticket import TicketJob
from simulator.assets import ensure
from simulator.live.bench import Event
from simulator.live.kiosk_bench import KioskBench


def job(number: str, copy: int = 0) -> TicketJob:
    return TicketJob(
        id=f"p-{number}-{copy}",
        ttl_ms=60_000,
        number=number,
        service_zh="申报纳税",
        service_en="Tax filing",
        ahead=2,
        wait_minutes=None,
        issued="2026-11-23 09:00",
        url="http://127.0.0.1:8081/t/abc",
        copy=copy,
    )


class Wired:
    """A bench with somebody listening."""

    def __init__(self, config: HallConfig, until: Callable[..., Awaitable[None]]) -> None:
        self._until = until
        self.bench = KioskBench(config.hall, ensure())
        self.heard: list[Event] = []
        self.bench.connect(self.heard.append)
        self.bench.set_speed(50)

    def words(self, kind: str) -> list[tuple[object, ...]]:
        return [event[1:] for event in self.heard if event[0] == kind]

    async def until(self, kind: str, count: int) -> None:
        await self._until(lambda: len(self.words(kind)) >= count)


@pytest.fixture
def run(config: HallConfig, until: Callable[..., Awaitable[None]]) -> Any:
    """Run a coroutine function with a wired bench that has power."""

    def runner(story: Any) -> Wired:
        wired = Wired(config, until)

        async def with_power() -> None:
            wired.bench.start()
            await wired.until(events.PRINTER, 1)
            await story(wired)
            wired.bench.stop()

        coroutine: Coroutine[Any, Any, None] = with_power()
        asyncio.run(coroutine)
        return wired

    return runner


def test_ticket_is_told_printed_when_its_paper_is_cut(run: Any) -> None:
    async def story(wired: Wired) -> None:
        wired.bench.apply((events.PRINT, job("A001")), 0)
        assert not wired.words(events.PRINTED)
        await wired.until(events.PRINTED, 1)

    wired = run(story)
    assert wired.words(events.PRINTED) == [("p-A001-0",)]
    (ticket, told) = wired.bench.tickets[1]
    assert told.number == "A001"
    assert "A001" in ticket.text
    assert "申报纳税" in ticket.text
    assert wired.bench.printer.unknown == []


def test_copy_is_marked_on_the_paper(run: Any) -> None:
    async def story(wired: Wired) -> None:
        wired.bench.apply((events.PRINT, job("A001", copy=1)), 0)
        await wired.until(events.PRINTED, 1)

    assert "补打" in run(story).bench.tickets[1][0].text


def test_ticket_stopped_by_paper_end_comes_out_once_after_reloading(run: Any) -> None:
    async def story(wired: Wired) -> None:
        wired.bench.take_paper_out()
        wired.bench.apply((events.PRINT, job("A002")), 0)
        await wired.until(events.PRINTER, 2)
        assert wired.words(events.PRINTER)[-1][0] == "out"
        assert not wired.words(events.PRINTED)
        wired.bench.load_paper()
        await wired.until(events.PRINTED, 1)

    wired = run(story)
    assert wired.bench.printed == 1
    assert wired.words(events.PRINTER)[-1] == ("ok", "closed", "none")


def test_open_cover_is_heard_and_its_closing_too(run: Any) -> None:
    async def story(wired: Wired) -> None:
        wired.bench.set_cover(True)
        await wired.until(events.PRINTER, 2)
        assert wired.words(events.PRINTER)[-1][1] == "open"
        wired.bench.set_cover(False)
        await wired.until(events.PRINTER, 3)

    assert run(story).words(events.PRINTER)[-1][1] == "closed"


def test_tickets_keep_the_order_of_their_jobs(run: Any) -> None:
    async def story(wired: Wired) -> None:
        for number in ("A001", "B001", "C001"):
            wired.bench.apply((events.PRINT, job(number)), 0)
        await wired.until(events.PRINTED, 3)

    tickets = run(story).bench.tickets
    assert all(told.number in ticket.text for ticket, told in tickets.values())
    assert [told.number for _, told in tickets.values()] == ["A001", "B001", "C001"]


def test_name_the_printer_has_no_character_for_is_printed_as_a_picture(run: Any) -> None:
    async def story(wired: Wired) -> None:
        rare = job("A001")
        rare.service_zh = "王𬭎业务"
        wired.bench.apply((events.PRINT, rare), 0)
        await wired.until(events.PRINTED, 1)

    ticket = run(story).bench.tickets[1][0]
    assert ticket.missing == ()
    assert "业务" not in ticket.text, "drawn, not written"
