"""Real boot code and update in the real MicroPython: every bad release returns by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware.shell.slots import encode_slot
from gateway.releases.release import Release
from simulator.vm.vm import Vm

pytestmark = pytest.mark.slow


def test_an_update_is_taken_tried_and_confirmed(bench: Callable[..., Any]) -> None:
    board = bench(2)
    told = board.run()
    assert (told.release, told.state) == (2, "confirmed")
    assert board.ends == ["reset", "enough"]
    assert board.boots == [(1, "a", 1), (2, "b", 2)]
    assert board.state() == "b 0 0 2 0"


def test_an_update_goes_into_the_other_slot_each_time(bench: Callable[..., Any]) -> None:
    board = bench(2)
    board.run()
    board.want(7)
    assert board.run().state == "confirmed"
    assert board.boots[-1][1:] == ("a", 7)
    assert board.state() == "a 0 0 7 0"


@pytest.mark.parametrize(
    ("wanted", "ends"),
    [
        (3, ["reset"] * 4 + ["enough"]),
        (4, ["reset"] + ["watchdog"] * 3 + ["enough"]),
        (5, ["reset"] * 4 + ["enough"]),
        (6, ["reset"] * 4 + ["enough"]),
    ],
    ids=["crashes", "hangs", "never connects", "cannot be imported"],
)
def test_a_release_that_fails_returns_by_itself(
    bench: Callable[..., Any], wanted: int, ends: list[str]
) -> None:
    board = bench(wanted)
    told = board.run()
    assert (told.release, told.state) == (wanted, "returned")
    assert board.ends == ends
    assert board.boots[-1][1:] == ("a", 1)
    assert board.state() == f"a 0 0 1 {wanted}"
    # A higher one is taken all the same.
    board.want(7)
    assert board.run().state == "confirmed"
    assert board.state() == f"b 0 0 7 {wanted}"


def test_a_full_flash_refuses_and_the_board_goes_on(bench: Callable[..., Any]) -> None:
    board = bench(2)
    used = sum(len(data) for data in board.disk.files().values())
    board.disk.capacity_bytes = used + 20_000
    told = board.run()
    assert told.state == "refused"
    assert "does not fit" in told.why
    assert board.boots == [(1, "a", 1)]
    assert not [path for path in board.disk.files() if path.startswith("b/firmware")]
    board.disk.capacity_bytes = 2 << 20
    assert board.run().state == "confirmed"


def test_files_that_are_there_already_are_not_fetched_again(
    bench: Callable[..., Any], releases: dict[int, Release]
) -> None:
    half = dict(sorted(releases[2].contents.items())[::2])
    board = bench(2, extra={f"b/{path}": data for path, data in half.items()})
    asked: list[int] = []
    answer = board.gateway.blocks.answer
    board.gateway.blocks.answer = lambda wanted: asked.append(wanted.file) or answer(wanted)
    assert board.run().state == "confirmed"
    files = [path for path, _, _ in releases[2].manifest.files]
    fetched = {files[file - 2] for file in asked if file >= 2}
    assert fetched == set(files) - set(half)


# What is spoilt after release 2 was confirmed in slot b -> the slot that is started.
DAMAGES = {
    "the choice": (("boot/firmware/boot/choice.mpy",), "a"),
    "all of /boot": (("boot/",), "a"),
    "the state": (("store/release.",), "a"),
    "the slot that does not count": (("a/",), "b"),
    "the manifest": (("b/manifest.json",), "b"),
    "the slot that counts": (("b/",), "a"),
    "a module of it": (("b/firmware/shell/run_esp32.mpy",), "a"),
    "the state and a slot": (("store/release.", "a/"), "b"),
}


@pytest.mark.parametrize("what", DAMAGES)
@pytest.mark.parametrize("damage", [b"", b"M\x06\x00\x1f damaged"], ids=["empty", "noise"])
def test_whatever_is_damaged_one_of_the_slots_is_started(
    bench: Callable[..., Any], what: str, damage: bytes
) -> None:
    board = bench(2)
    board.run()
    starts, slot = DAMAGES[what]
    for path in board.disk.files():
        if path.startswith(starts):
            # The interpreter hangs on most damaged .mpy files; of its own the boot code must not.
            board.disk.put(path, b"damaged" if path.startswith("boot/") and damage else damage)
    assert board.boot() == slot


def test_without_its_copy_of_modules_the_boot_code_tries_both_slots(
    bench: Callable[..., Any],
) -> None:
    board = bench(2)
    board.run()
    for path in board.disk.files():
        if path.startswith(("boot/", "a/")):
            board.disk.put(path, b"")
    assert board.boot() == "b"


def test_a_slot_that_is_damaged_and_fails_is_left_for_the_other(bench: Callable[..., Any]) -> None:
    board = bench(2)
    board.run()
    board.disk.put("b/firmware/shell/run_esp32.mpy", b"M\x06\x00\x1f damaged")
    board.want(7)
    assert board.run().state == "confirmed"
    assert [boot[1:] for boot in board.boots] == [("a", 1), ("b", 2), ("a", 1), ("b", 7)]
    assert board.state() == "b 0 0 7 0"


def test_a_technician_s_tools_cost_no_try(bench: Callable[..., Any]) -> None:
    """They restart the interpreter, which runs boot.py and not main.py."""
    board = bench(2)
    assert board.board.start() == "reset"
    assert board.state() == "a 2 3 1 0"
    program = """
exec(open("/boot.py").read())
import sys, firmware
print(sys.path[0], firmware.VERSION)
"""
    for _ in range(4):
        vm = Vm(disk=board.disk, heap_kib=110)
        assert vm.run("-c", program) == 0, vm.stderr.decode()
        assert vm.stdout.decode() == "/b 2\n"
    assert board.state() == "a 2 3 1 0"


def test_without_memory_for_an_update_it_is_refused_and_nothing_else_suffers(
    bench: Callable[..., Any],
) -> None:
    board = bench(2, extra={"store/release.0": encode_slot(1, b"a 0 0 1 0")})
    for heap_kib in range(40, 90, 2):  # up from where not even the application begins
        board.board.heap_kib = heap_kib
        if board.board.start() == "enough":
            break
    told = board.board.told[-1]
    assert (told.state, board.boots[-1][1:]) == ("refused", ("a", 1))
    assert "no memory is left for an update" in told.why
    board.board.heap_kib = 110
    assert board.run().state == "confirmed"
