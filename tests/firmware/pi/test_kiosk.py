"""A kiosk as it is installed: the real process, a virtual printer on TCP or a serial line, the
real gateway. From a touch to paper, and what happens when paper, cable or the node fail.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]


def new_numbers(hall: Any, before: list[str]) -> list[str]:
    return [number for number in waiting(hall) if number not in before]


def waiting(hall: Any) -> list[str]:
    """The numbers of all tickets of the day that wait."""
    return [ticket["number"] for ticket in hall.view()["waiting"]]


@pytest.mark.parametrize("line", ["tcp", "serial"])
def test_a_touch_becomes_one_ticket_on_paper(
    kiosk: Callable[..., Any], hall: Any, tmp_path: Path, line: str
) -> None:
    k = kiosk(tmp_path / "printer" if line == "serial" else None)
    before = waiting(hall)
    k.node.touch("filing")
    k.until(k.papers, "no ticket came out")
    [number] = new_numbers(hall, before)
    [paper] = k.papers()
    assert number in paper
    assert "测试厅" in paper
    assert "补打" not in paper
    k.ready()
    assert k.node.end() == 0


def test_paper_out_in_the_middle_gives_exactly_one_ticket_after_the_new_roll(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "paper_left_mm", 60))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "paper_out", "the end of the paper is not on the screen")
    assert k.papers() == []
    # Questions go on meanwhile, and nothing is sent again.
    patient = time.monotonic() + 3
    k.until(lambda: time.monotonic() > patient, "")
    k.port.change(lambda now_ms: k.printer.reload_paper(50_000, now_ms))
    k.until(k.papers, "the ticket did not come out")
    k.ready()
    [number] = new_numbers(hall, before)
    k.node.touch("invoice")
    k.until(lambda: len(k.papers()) == 2, "the next ticket did not come out")
    first, second = k.papers()
    assert number in first
    assert number not in second
    assert "补打" not in first + second


def test_an_unplugged_printer_is_offline_and_its_ticket_comes_out_later(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    k.port.unplug()
    k.until(lambda: k.node.mode() == "paper_out", "the printer is not missed")
    before = waiting(hall)
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "refused", "a ticket was promised that can not be printed")
    assert new_numbers(hall, before) == []
    k.port.plug()
    k.ready()
    k.node.touch("social")
    k.until(k.papers, "no ticket came out")
    assert len(k.papers()) == 1


def test_a_printer_unplugged_in_the_middle_loses_no_print(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 100))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "printing", "nothing is printed")
    k.until(lambda: k.port.change(lambda _: k.printer.waiting_bytes), "nothing reached the printer")
    k.port.unplug()
    k.port.change(k.printer.power_cut)
    k.port.change(k.printer.power_on)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 1200))
    k.port.plug()
    [number] = new_numbers(hall, before)
    k.until(lambda: any("补打" in paper for paper in k.papers()), "the ticket was lost", 60)
    k.ready()
    whole = [paper for paper in k.papers() if number in paper and "补打" not in paper]
    copies = [paper for paper in k.papers() if number in paper and "补打" in paper]
    assert len(whole) <= 1
    assert len(copies) == 1


def test_a_node_killed_in_the_middle_prints_nothing_unmarked_twice(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 100))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "printing", "nothing is printed")
    k.node.end(signal.SIGKILL)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 1200))
    k.start()
    [number] = new_numbers(hall, before)
    k.until(lambda: any("补打" in paper for paper in k.papers()), "the doubt was not mended", 60)
    k.ready()
    unmarked = [paper for paper in k.papers() if number in paper and "补打" not in paper]
    assert len(unmarked) <= 1
