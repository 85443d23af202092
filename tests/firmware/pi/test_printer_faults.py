"""Every fault of a ticket printer through the installed kiosk: nothing is lost, nothing is claimed
that is not known, and no number comes out twice unmarked.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator import assets as set_up

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

MARK = "补打"


def waiting(hall: Any) -> list[str]:
    """The numbers of all tickets of the day that wait."""
    return [ticket["number"] for ticket in hall.view()["waiting"]]


def take(k: Any, hall: Any, service: str) -> str:
    """Touch a service; the number that was given."""
    before = waiting(hall)
    k.node.touch(service)
    k.until(lambda: len(waiting(hall)) > len(before), "no number was given")
    [number] = [each for each in waiting(hall) if each not in before]
    return str(number)


def whole_and_marked(k: Any, number: str) -> tuple[int, int]:
    """How many papers carry this number unmarked, and how many marked as a copy."""
    mine = [paper for paper in k.papers() if number in paper]
    return sum(MARK not in paper for paper in mine), sum(MARK in paper for paper in mine)


def test_a_cover_opened_in_the_middle_gives_one_ticket_when_it_is_closed(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    k.turn(dots_per_second=150)
    number = take(k, hall, "filing")
    k.shows("printing")
    k.turn(cover_open=True)
    k.shows("paper_out")
    assert whole_and_marked(k, number) == (0, 0)
    k.turn(cover_open=False, dots_per_second=1200)
    k.shows("printed", 40)
    assert whole_and_marked(k, number) == (1, 0)


def test_a_jammed_cutter_is_a_doubt_that_ends_in_one_marked_copy_at_most(
    kiosk: Callable[..., Any], hall: Any, tmp_path: Path
) -> None:
    # On a serial line: when its power is cut to free it, nobody tells the node.
    k = kiosk(tmp_path / "printer")
    k.turn(cutter_jam=True)
    number = take(k, hall, "invoice")
    k.shows("paper_out")
    # It is known to be unable: however long that lasts, nothing is sent again.
    patient = time.monotonic() + 3
    k.until(lambda: time.monotonic() > patient, "")
    assert whole_and_marked(k, number) == (0, 0)
    k.port.change(k.printer.power_cut)
    k.turn(cutter_jam=False)
    k.port.change(k.printer.power_on)
    k.until(lambda: whole_and_marked(k, number)[1] == 1, "the ticket was lost", 60)
    k.ready()
    whole, marked = whole_and_marked(k, number)
    assert whole <= 1
    assert marked == 1
    second = take(k, hall, "filing")
    k.until(lambda: whole_and_marked(k, second) == (1, 0), "the next ticket did not come out")


def test_a_printer_that_falls_mute_is_never_taken_at_no_word(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk()
    k.turn(mute=True)
    number = take(k, hall, "social")
    k.until(lambda: whole_and_marked(k, number)[0] == 1, "a mute printer is tried")
    # Silence is no proof: after its time the print is doubtful, and repeated with its mark.
    k.until(lambda: whole_and_marked(k, number)[1] >= 1, "the doubt was not mended", 60)
    assert "printed" not in k.node.modes
    k.turn(mute=False)
    k.until(lambda: "printed" in k.node.modes, "a word of the printer was not believed", 60)
    assert whole_and_marked(k, number)[0] == 1


def test_a_slow_line_is_no_doubt_while_it_takes_bytes(
    kiosk: Callable[..., Any], hall: Any, tmp_path: Path
) -> None:
    made = set_up.ensure(only=("unifont",))
    fonts = f'\nfont_regular = "{made.ticket_regular}"\nfont_bold = "{made.ticket_bold}"'
    k = kiosk(tmp_path / "printer", baud=19200, more=fonts + "\npicture = true")
    # A picture of a ticket is some 60 KB: at this speed it takes longer than a doubt.
    k.turn(bytes_per_second=1920, buffer_bytes=20_000)
    number = take(k, hall, "filing")
    k.shows("printing")
    k.until(lambda: "printed" in k.node.modes, "the ticket was not confirmed", 90)
    assert "lost" not in k.node.log
    [paper] = k.port.change(lambda _: list(k.printer.tickets))
    assert paper.length_mm > 60
    k.ready()
    assert len(k.port.change(lambda _: list(k.printer.tickets))) == 1, "it was printed again"
    assert number in waiting(hall)


def test_a_printer_without_process_ids_prints_by_the_barrier(
    kiosk: Callable[..., Any], hall: Any
) -> None:
    k = kiosk(more='\ncompletion = "barrier"')
    k.turn(knows_process_id=False, paper_left_mm=60)
    number = take(k, hall, "filing")
    k.shows("paper_out")
    k.port.change(lambda now_ms: k.printer.reload_paper(50_000, now_ms))
    k.shows("printed", 40)
    assert whole_and_marked(k, number) == (1, 0)


@pytest.mark.parametrize("knob", ["completions_to_drop", "completions_to_double"])
def test_a_confirmation_lost_or_doubled_marks_or_changes_nothing(
    kiosk: Callable[..., Any], hall: Any, knob: str
) -> None:
    k = kiosk()
    k.turn(**{knob: 1})
    number = take(k, hall, "social")
    marked = 1 if knob == "completions_to_drop" else 0
    k.until(lambda: whole_and_marked(k, number) == (1, marked), "wrong papers", 60)
    k.shows("printed", 40)
    k.ready()
    second = take(k, hall, "invoice")
    k.until(lambda: whole_and_marked(k, second) == (1, 0), "the next ticket did not come out")
    assert whole_and_marked(k, number) == (1, marked)
