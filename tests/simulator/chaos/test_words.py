"""What the campaign is told and what it says: points, sizes, and the word at the end."""

import pytest

from simulator.chaos.__main__ import PARTS, arguments_of, sizes_of, table
from simulator.chaos.points import Point, choose
from simulator.chaos.tally import Tally


def tally(name: str, points: int = 1, problems: tuple[str, ...] = (), skipped: str = "") -> Tally:
    made = Tally(name, quiet=True, skipped=skipped)
    for number in range(points):
        made.tried(f"point {number}", list(problems) if number == 0 else [])
    return made


def test_a_point_is_read_back_as_it_was_written() -> None:
    point = Point("gateway", "busy", "fdatasync", 17, "EIO")
    command, option, text = str(point).split(" ")
    assert (command, option, Point.parse(text)) == ("errors", "--point", point)
    with pytest.raises(ValueError, match="use KILL, EIO"):
        Point.parse("gateway:busy:fdatasync:17:OOPS")


def test_rare_calls_are_tried_at_every_place() -> None:
    chosen = choose("gateway", "first", {"sendto": 600, "rename": 2}, 20)
    assert [point.when for point in chosen if point.call == "rename"] == [1, 2]
    assert len(chosen) == 20


def test_the_figures_asked_for_reach_every_part() -> None:
    given = arguments_of(["all", "--points", "1000", "--images", "20000", "--minutes", "10"])
    sizes = sizes_of(given)
    assert sizes.keys() == PARTS.keys()
    assert (sizes["kill"], sizes["images"], sizes["hall"]) == (1250, 20_000, 600)
    assert all(size > 0 for size in sizes_of(arguments_of(["all"])).values())


def test_the_last_line_is_a_clear_word() -> None:
    good, bad = tally("kill", 9), tally("images", 3, ("P1: lost",))
    away = tally("clock", 0, skipped="libfaketime is missing")
    assert table([good]).splitlines()[-1] == "chaos: SOUND"
    assert table([good, bad]).splitlines()[-1] == "chaos: BROKEN: images"
    said = table([good, away]).splitlines()[-1]
    assert said == "chaos: SOUND; not tried on this machine: clock"


def test_a_run_that_tried_nothing_proves_nothing() -> None:
    assert tally("kill", 0).word == "BROKEN"
