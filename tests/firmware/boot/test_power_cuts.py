"""The power fails at every operation of the flash during an update, from the offer to the end.

At every start after the cut the auditor of the bench looks: one whole release, never a mixture, a
boot that was never counted before. And the update comes to its end all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.releases.release import Release
from simulator.vm.disk import LITTLEFS, TORN

PARTS = 4  # of a sweep, so that they may run beside each other
GOOD, CRASHES, MUTE = 2, 3, 5
FINAL = {GOOD: "confirmed", CRASHES: "returned", MUTE: "returned"}


def preloaded(releases: dict[int, Release]) -> dict[str, bytes]:
    """What older releases left in slot b: half of the files as they will be, one of no release."""
    half = dict(sorted(releases[GOOD].contents.items())[::2])
    files = {f"b/{path}": data for path, data in half.items()}
    return {**files, "b/firmware/old/gone.mpy": b"M\x06", "b/protocols/wire.mpy": b"M\x06 old"}


def cuts(make: Callable[[int], Any], first: int, part: int) -> Iterator[tuple[int, Any]]:
    """(operation, a board whose power fails there), up to the last operation of a whole run."""
    whole = make(0)
    whole.run()
    for cut in range(first + part, whole.disk.operations + 1, PARTS):
        board = make(cut)
        board.disk.cut_at = cut
        yield cut, board


def check(board: Any, cut: int, wanted: int) -> None:
    told = board.run()
    place = f"cut at {cut}: {board.ends} {board.boots}"
    assert (told.release, told.state) == (wanted, FINAL[wanted]), place
    assert "cut" in board.ends, place
    if FINAL[wanted] == "confirmed":
        assert board.state() == f"b 0 0 {wanted} 0", place
    else:
        assert board.state() == f"a 0 0 1 {wanted}", place
    slot, release = board.boots[-1][1:]
    assert release == (wanted if slot == "b" else 1), place


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("model", [LITTLEFS, TORN])
def test_a_cut_anywhere_in_an_update_leaves_a_board_that_boots_and_is_updated(
    bench: Callable[..., Any], model: str, part: int
) -> None:
    cases = 0
    for cut, board in cuts(lambda seed: bench(GOOD, model=model, seed=seed), 1, part):
        check(board, cut, GOOD)
        cases += 1
    assert cases >= 25


@pytest.mark.slow
@pytest.mark.parametrize("model", [LITTLEFS, TORN])
def test_a_cut_over_what_an_older_release_left_mixes_nothing(
    bench: Callable[..., Any], releases: dict[int, Release], model: str
) -> None:
    extra = preloaded(releases)
    cases = 0
    for cut, board in cuts(lambda seed: bench(GOOD, model=model, seed=seed, extra=extra), 1, 0):
        check(board, cut, GOOD)
        cases += 1
    assert cases >= 16


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [CRASHES, MUTE])
@pytest.mark.parametrize("model", [LITTLEFS, TORN])
def test_a_cut_during_a_trial_that_fails_comes_back_to_the_old_release(
    bench: Callable[..., Any], model: str, wanted: int
) -> None:
    """From the moment on at which the release is ready."""
    ready = bench(wanted, model=model)
    ready.board.start()
    cases = 0
    first = ready.disk.operations - 3
    for part in range(PARTS):
        for cut, board in cuts(lambda seed: bench(wanted, model=model, seed=seed), first, part):
            check(board, cut, wanted)
            cases += 1
    assert cases >= 20
