"""The command line: `python -m simulator.chaos kill|images|errors|... [--size N]`; `all` runs each.

Each part ends with a word: SOUND, BROKEN (exit code 1), or SKIPPED with the reason; `all` with a
table of points tried and violations, and one word for everything. docs/CHAOS.md says what is tried.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from simulator.chaos.bad_line import bend_line
from simulator.chaos.cable import NoCableError
from simulator.chaos.clock_jumps import jump_clock
from simulator.chaos.copy_sweep import kill_copies
from simulator.chaos.cut_images import cut_images
from simulator.chaos.fake_wall import NoFakeClockError
from simulator.chaos.full_disk import fill_disk
from simulator.chaos.gateway_sweep import fail_gateway, kill_gateway
from simulator.chaos.kiosk_sweep import kill_kiosk
from simulator.chaos.link_down import pull_cable
from simulator.chaos.points import Point
from simulator.chaos.processes import StartError
from simulator.chaos.small_disk import NoDiskError
from simulator.chaos.store_sweep import fail_stores, kill_stores
from simulator.chaos.strace import StraceError
from simulator.chaos.tally import Tally, say
from simulator.chaos.whole_hall import kill_hall
from simulator.live.brokers import BrokerError

Part = Callable[[Tally, argparse.Namespace, Path, int], Awaitable[None]]
POINTS, IMAGES, MINUTES = 40, 600, 0.5
CONTROL, CONTROL_IMAGES = "synchronous-normal", 300


async def _kill(tally: Tally, given: argparse.Namespace, folder: Path, size: int) -> None:
    only = None if given.point is None else Point.parse(given.point)
    for name, sweep, share in (
        ("gateway", kill_gateway, size * 5 // 10),
        ("store", kill_stores, size * 4 // 10),
        ("kiosk", kill_kiosk, size // 10),
        ("copy", kill_copies, size // 10),
    ):
        if _is_asked_for(name, given, only):
            await sweep(tally, folder / name, share, given.seed, given.plant, only)


def _is_asked_for(name: str, given: argparse.Namespace, only: Point | None) -> bool:
    if only is not None:
        return only.target.startswith(name)
    return given.target in ("", name)


async def _errors(tally: Tally, given: argparse.Namespace, folder: Path, size: int) -> None:
    only = None if given.point is None else Point.parse(given.point)
    for name, sweep, share in (
        ("gateway", fail_gateway, size // 2),
        ("store", fail_stores, size // 2),
    ):
        if _is_asked_for(name, given, only):
            await sweep(tally, folder / name, share, given.seed, given.plant, only)


async def _images(tally: Tally, given: argparse.Namespace, folder: Path, size: int) -> None:
    await cut_images(tally, folder, size, given.seed, given.plant)


async def _control(tally: Tally, given: argparse.Namespace, folder: Path, size: int) -> None:
    """The auditor itself: SQLite's NORMAL loses what was acknowledged, and that must be seen."""
    weak = Tally("control", quiet=True)
    await cut_images(weak, folder, size, given.seed, CONTROL)
    lost = [violation for violation in weak.violations if violation.startswith("P1")]
    missed = [] if lost else [f"{CONTROL} was planted, and {weak.points} images show no loss"]
    tally.tried("control", missed)
    tally.count(f"images under {CONTROL}", weak.points)
    tally.count("kinds of loss seen there, as must be", len(lost))


def _simple(run: Callable[[Tally, Path, int, int, str], Awaitable[None]]) -> Part:
    async def part(tally: Tally, given: argparse.Namespace, folder: Path, size: int) -> None:
        await run(tally, folder, size, given.seed, given.plant)

    return part


# Part: how it runs, and what its size counts.
PARTS: dict[str, tuple[Part, str]] = {
    "kill": (_kill, "points"),
    "images": (_simple(cut_images), "images"),
    "control": (_control, "images"),
    "errors": (_errors, "points"),
    "full": (_simple(fill_disk), "rounds"),
    "hall": (_simple(kill_hall), "seconds"),
    "clock": (_simple(jump_clock), "jumps"),
    "line": (_simple(bend_line), "seconds"),
    "link": (_simple(pull_cable), "pulls"),
}


def sizes_of(given: argparse.Namespace) -> dict[str, int]:
    """How much each part does."""
    minutes = float(given.minutes)
    return {
        # Some of the points chosen are not reached in their own life.
        "kill": given.points * 5 // 4,
        "errors": given.points // 2,
        "images": given.images,
        "control": max(CONTROL_IMAGES, given.images // 50),
        "full": max(3, round(6 * minutes)),
        "hall": max(20, round(60 * minutes)),
        "clock": max(6, round(6 * minutes)),
        "line": max(15, round(30 * minutes)),
        "link": max(1, round(2 * minutes)),
    }


async def run_part(name: str, given: argparse.Namespace, folder: Path) -> Tally:
    """Run one part; a machine that cannot is told so."""
    part, _ = PARTS[name]
    tally = Tally(name)
    say(f"{name} ...")
    try:
        await part(tally, given, folder, given.size or sizes_of(given)[name])
    except (
        StraceError,
        BrokerError,
        StartError,
        NoDiskError,
        NoFakeClockError,
        NoCableError,
    ) as error:
        tally.skipped = str(error)
    except TimeoutError:
        tally.found(name, [f"a hall that must come up did not:\n{traceback.format_exc()}"])
    say(tally.text())
    return tally


def arguments_of(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(prog="python -m simulator.chaos", description=__doc__)
    parser.add_argument("part", choices=(*PARTS, "all"))
    parser.add_argument("--points", type=int, default=POINTS, help="places of a kill (about)")
    parser.add_argument("--images", type=int, default=IMAGES, help="disks after a power cut")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of a whole hall's storm")
    units = ", ".join(f"{unit} of {name}" for name, (_, unit) in PARTS.items())
    parser.add_argument("--size", type=int, default=0, help=f"of one part: {units}")
    parser.add_argument("--seed", type=int, default=1, help="which points, in which order")
    parser.add_argument("--target", default="", help="only its share: gateway, store, kiosk, copy")
    parser.add_argument("--point", help="only this one, as a violation names it")
    parser.add_argument("--plant", default="", help="a bug of planted.py, which must be found")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """1 when a promise was broken."""
    given = arguments_of(words)
    # Every torn tail is reported; thousands of them are counted instead.
    logging.getLogger("hallkit.journal").setLevel(logging.ERROR)
    names = list(PARTS) if given.part == "all" else [given.part]
    with tempfile.TemporaryDirectory(prefix="hallkit-chaos-") as folder:
        tallies = [asyncio.run(run_part(name, given, Path(folder) / name)) for name in names]
    if given.part == "all":
        say(table(tallies))
    return 1 if any(tally.word == "BROKEN" for tally in tallies) else 0


def table(tallies: Sequence[Tally]) -> str:
    """Points tried and violations of each part, and one word for all of them."""
    lines = ["", f"{'':8} {'tried':>7} {'violations':>10}"]
    lines += [f"{t.name:8} {t.points:7} {len(t.violations):10}  {t.word}" for t in tallies]
    broken = [tally.name for tally in tallies if tally.word == "BROKEN"]
    skipped = [tally.name for tally in tallies if tally.word == "SKIPPED"]
    word = f"BROKEN: {', '.join(broken)}" if broken else "SOUND"
    but = f"; not tried on this machine: {', '.join(skipped)}" if skipped else ""
    return "\n".join([*lines, f"chaos: {word}{but}"])


if __name__ == "__main__":
    sys.exit(main())
