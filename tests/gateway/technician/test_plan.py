"""What is to be done to a board follows from what it shows, and ends with nothing to do."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.technician.plan import (
    STARTER,
    differences,
    has_counted_a_boot,
    make_plan,
    sha256,
)
from gateway.technician.remote import Survey

EXPECTED = {
    "/a/main.mpy": b"application",
    "/config/node.json": b"{}",
    "/boot.py": b"boot",
    STARTER: b"start",
}


def showing(files: dict[str, bytes]) -> Survey:
    return Survey(files={path: sha256(data) for path, data in files.items()})


def test_an_empty_board_gets_everything_but_the_starter_first() -> None:
    plan = make_plan(showing({}), EXPECTED, same_node=False)
    assert plan.write == ("/a/main.mpy", "/config/node.json", "/boot.py")
    assert plan.remove == ()
    assert plan.starter


def test_a_finished_board_has_nothing_to_be_done() -> None:
    board = {**EXPECTED, "/store/boot.0": b"7"}
    assert make_plan(showing(board), EXPECTED, same_node=True).is_finished


def test_a_change_takes_the_starter_away_before_anything_else() -> None:
    board = {**EXPECTED, "/a/main.mpy": b"older", "/b/old.mpy": b"x"}
    plan = make_plan(showing(board), EXPECTED, same_node=True)
    assert plan.remove[0] == STARTER
    assert plan.write == ("/a/main.mpy",)
    assert "/b/old.mpy" in plan.remove
    assert plan.starter


def test_a_board_cut_before_its_start_is_only_started() -> None:
    board = {path: data for path, data in EXPECTED.items() if path != STARTER}
    plan = make_plan(showing(board), EXPECTED, same_node=True)
    assert (plan.remove, plan.write, plan.starter) == ((), (), True)


def test_the_store_stays_with_its_node_and_goes_with_another() -> None:
    board = {**EXPECTED, "/store/boot.0": b"7", "/store/visit.1": b"x"}
    assert make_plan(showing(board), EXPECTED, same_node=True).remove == ()
    plan = make_plan(showing(board), EXPECTED, same_node=False)
    assert plan.remove == (STARTER, "/store")


def test_a_starter_of_another_kind_is_replaced() -> None:
    plan = make_plan(showing({**EXPECTED, STARTER: b"other"}), EXPECTED, same_node=True)
    assert plan.remove == (STARTER,)
    assert plan.starter


def test_a_boot_that_was_counted_is_seen() -> None:
    assert not has_counted_a_boot(showing({"/store/release.0": b""}))
    assert has_counted_a_boot(showing({"/store/boot.1": b""}))


PATHS = st.sampled_from([*EXPECTED, "/b/x.mpy", "/store/boot.0", "/selftest.mpy", "/boot/y.mpy"])
CONTENTS = st.sampled_from([b"application", b"{}", b"boot", b"start", b"torn"])


@given(st.dictionaries(PATHS, CONTENTS), st.booleans(), st.integers(0, 10))
def test_from_any_board_and_after_any_cut_the_plan_ends_with_a_right_board(
    board: dict[str, bytes], same_node: bool, cut: int
) -> None:
    for steps_left in (cut, 1000):  # cut once, then the same command again
        plan = make_plan(showing(board), EXPECTED, same_node)
        steps = [("remove", path) for path in plan.remove]
        steps += [("write", path) for path in plan.write]
        steps += [("write", STARTER)] if plan.starter else []
        for what, path in steps[:steps_left]:
            if what == "write":
                board[path] = EXPECTED[path]
            else:
                board = {
                    p: d for p, d in board.items() if p != path and not p.startswith(path + "/")
                }
        # Whatever is half done is never started.
        if differences(showing(board), EXPECTED) and steps_left < len(steps) and steps_left > 0:
            assert STARTER not in board
    assert not differences(showing(board), EXPECTED)
    if not same_node:
        assert not any(path.startswith("/store/") for path in board)
