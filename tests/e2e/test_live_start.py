"""Starting and stopping the whole hall: fast, clean, and where it was."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("e2e")]

Poll = Callable[[Callable[[], Any], float, str], Any]


def children_of(pid: int) -> list[int]:
    """Direct children that still live."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text("ascii").split()]


def test_ctrl_c_ends_everything_and_the_next_start_goes_on(
    start_hall: Callable[..., Any], tmp_path: Path, poll: Poll
) -> None:
    first = start_hall(tmp_path / "live")
    numbers = [first.take_ticket("filing"), first.take_ticket("invoice")]
    first.sign_in("w01")
    children = children_of(first.process.pid)
    assert children, "the gateway is a process of its own"
    assert first.stop() == 0
    assert not [child for child in children if _lives(child)]
    boots = json.loads((tmp_path / "live" / "nodes" / "w01-pad.json").read_text("ascii"))["boot"]

    second = start_hall(tmp_path / "live")
    try:
        assert [one["number"] for one in second.state()["view"]["waiting"]] == numbers
        assert second.account("w01")["officer"] is not None
        second.wait_until_whole(15)
        kept = json.loads((tmp_path / "live" / "nodes" / "w01-pad.json").read_text("ascii"))
        assert kept["boot"] == boots + 1
    finally:
        assert second.stop() == 0


def test_killed_hall_leaves_nothing_behind_and_starts_again(
    start_hall: Callable[..., Any], tmp_path: Path, poll: Poll
) -> None:
    first = start_hall(tmp_path / "live")
    number = first.take_ticket("filing")
    children = children_of(first.process.pid)
    first.client.close()
    first.process.kill()
    first.process.wait(5)
    poll(lambda: not any(_lives(child) for child in children), 20, "no orphans")
    second = start_hall(tmp_path / "live")
    try:
        assert [one["number"] for one in second.state()["view"]["waiting"]] == [number]
    finally:
        assert second.stop() == 0


def _lives(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text("ascii").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(
    shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") is None,
    reason="mosquitto is not installed here",
)
def test_same_hall_runs_over_a_real_mosquitto(
    start_hall: Callable[..., Any], tmp_path: Path, poll: Poll
) -> None:
    live = start_hall(tmp_path / "live", "--broker", "mosquitto")
    try:
        number = live.take_ticket("property")
        live.sign_in("w07")
        live.tap("w07", 0)
        poll(lambda: live.wall_calls(number, "7"), 20, "the call on the wall")
        live.do("fault", kind="broker", seconds=1)
        poll(lambda: live.state()["broker"] == "down", 20, "a dead Mosquitto")
        poll(lambda: live.state()["broker"] == "up", 20, "Mosquitto back")
        live.wait_until_whole(20)
    finally:
        assert live.stop() == 0
