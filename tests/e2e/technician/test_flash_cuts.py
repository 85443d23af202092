"""Cut anywhere, the same command goes on from what the board shows and ends with a right board."""

from collections.abc import Callable
from typing import Any

import pytest

NODE = "w04-pad"


class Cut:
    """Does something to a command once it has written this part of the files."""

    def __init__(self, step: str, part: float, act: Callable[[Any], None]) -> None:
        self._step, self._part, self._act = step, part, act
        self.happened = False

    def __call__(self, running: Any, event: dict[str, Any]) -> None:
        if self.happened or event.get("step") != self._step:
            return
        total = event.get("total", 0)
        if self._part == 0 or (total and event["done"] >= self._part * total):
            self.happened = True
            self._act(running)


def started(board: Any) -> bool:
    """Whether the application would be started at the next reset."""
    return "main.py" in board.disk.names("")


@pytest.mark.slow
def test_a_flash_that_is_cut_again_and_again_goes_on_each_time(
    hall: Any, make_board: Callable[..., Any], interrupt: Callable[[Any], None]
) -> None:
    board = make_board(3)
    arguments = ("flash", NODE, "--port", board.address, "--no-self-test", *hall.image_options())

    def cut(step: str, part: float, act: Callable[[Any], None]) -> Any:
        """One more attempt, and what came of it; the files it wrote stay."""
        plan = Cut(step, part, act)
        ended = hall.begin(*arguments, on_event=plan).end()
        assert plan.happened, (step, part, ended.events)
        assert not started(board), "half a node must not start"
        return ended

    ended = cut("files", 0.2, lambda running: running.process.kill())  # kill -9
    assert ended.code == -9
    ended = cut("files", 0.2, lambda _: board.port.unplug())
    assert ended.code == 12
    assert "检查数据线" in ended.last["error"]
    board.port.plug()
    ended = cut("files", 0.2, interrupt)  # Ctrl-C
    assert ended.code == 130
    assert "the same command goes on" in ended.last["error"]
    ended = cut("files", 0.2, lambda _: board.power_off())
    assert ended.code == 12
    board.power_on()
    ended = cut("verify", 0, lambda running: running.process.kill())
    assert ended.code == -9

    ended = hall.run(*arguments)
    assert ended.code == 0, (ended.last, ended.rest)
    assert ended.last["written"] == 1, "all was there but node.json, which has the date"
    assert started(board)
    assert hall.node(NODE)["online"]
    credentials = hall.do("credentials", "list").last["certificates"]
    mine = [row for row in credentials if row["identity"] == NODE]
    assert len(mine) == 1
    assert mine[0]["board"] == "24:6f:28:aa:bb:03"

    # A finished board has nothing to be done to it, but is started anew and waited for.
    boot = hall.node(NODE)["boot"]
    again = hall.run(*arguments)
    assert again.code == 0
    assert again.last["written"] == 0
    assert not again.acts("press")
    assert boot < hall.node(NODE)["boot"] < boot + 5, "its count goes on, a start or two later"


@pytest.mark.slow
def test_a_cable_that_is_pulled_under_the_loader_is_told_and_mended(
    hall: Any, make_board: Callable[..., Any]
) -> None:
    board = make_board(4, empty=True)
    arguments = ("flash", "w05-pad", "--port", board.address, "--no-self-test")
    first = hall.image_options()
    board.port.unplug_after = 60_000  # bytes: in the middle of the interpreter
    ended = hall.run(*arguments, *first)
    assert ended.code == 12, (ended.last, ended.rest)
    assert ended.events[-2]["step"] == "interpreter"
    board.port.plug()
    ended = hall.run(*arguments)  # the image is known by now
    assert ended.code == 0, (ended.last, ended.rest)
    assert hall.node("w05-pad")["online"]
