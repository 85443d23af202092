"""The real mpremote, over RFC 2217, on the virtual board."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.board.board import Board

pytestmark = pytest.mark.slow

MakeBoard = Callable[..., Board]
Mpremote = Callable[..., Any]
Until = Callable[..., Any]
# Sleeps as a firmware's loop does, and computes without ever sleeping.
SLEEPING = b"import time\nprint('main')\nwhile True:\n    time.sleep_ms(1000)\n"
BUSY = b"print('main')\nn = 0\nwhile True:\n    n += 1\n"
POLLING = b"""
import select, socket
print('main')
poll = select.poll()
poll.register(socket.socket(), 1)
while True:
    poll.poll(1000)
"""


@pytest.fixture
def board(make_board: MakeBoard, until: Until) -> Board:
    """A board with MicroPython and no program."""
    board = make_board()
    board.flash_interpreter("v1.29.0")
    board.start()
    until(lambda: board.console.endswith(">>> "), board.console)
    return board


def test_programs_run_and_their_errors_come_back(
    board: Board, mpremote: Mpremote, tmp_path: Path
) -> None:
    done = mpremote(board, "exec", "print('窗口', 6 * 7)")
    assert (done.code, done.said) == (0, "窗口 42\n")
    script = tmp_path / "script.py"
    script.write_text("def f():\n    raise ValueError('planted')\n\nprint('before')\nf()\n")
    failed = mpremote(board, "run", str(script))
    assert failed.code == 1
    assert failed.said == (
        "before\n"
        "Traceback (most recent call last):\n"
        '  File "<stdin>", line 5, in <module>\n'
        '  File "<stdin>", line 2, in f\n'
        "ValueError: planted\n"
    )
    # What one command leaves in memory is gone with the soft reset of the next, unless it resumes.
    mpremote(board, "exec", "kept = 1")
    assert mpremote(board, "resume", "exec", "print(kept)").said == "1\n"
    assert "NameError" in mpremote(board, "exec", "print(kept)").said
    assert "release='1.29.0'" in mpremote(board, "exec", "import os; print(os.uname())").said


def test_files_and_folders_are_copied_listed_hashed_and_removed(
    board: Board, mpremote: Mpremote, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 12
    (tmp_path / "app" / "inner").mkdir(parents=True)
    (tmp_path / "app" / "inner" / "data.bin").write_bytes(content)
    (tmp_path / "app" / "one.py").write_text("x = 1\n")

    def fs(*arguments: str, code: int = 0) -> str:
        done = mpremote(board, "fs", *arguments)
        assert done.code == code, done.said
        return str(done.said)

    fs("cp", "-r", str(tmp_path / "app"), ":")
    assert board.disk.get("app/inner/data.bin") == content
    assert [line.split() for line in fs("ls", ":app").splitlines()[1:]] == [
        ["0", "inner/"],
        ["6", "one.py"],
    ]
    assert hashlib.sha256(content).hexdigest() in fs("sha256sum", ":app/inner/data.bin")
    fs("mkdir", ":config")
    fs("cp", str(tmp_path / "app" / "one.py"), ":config/two.py")
    assert fs("cat", ":config/two.py") == "x = 1\n"
    fs("cp", ":app/inner/data.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == content
    fs("rm", "-r", ":app")
    fs("rm", ":config/two.py")
    fs("rmdir", ":config")
    assert sorted(board.disk.files()) == ["boot.py"]
    assert "No such file" in fs("cat", ":nothing", code=1)
    assert "2048K" in mpremote(board, "df", "-H").said or "2097152" in mpremote(board, "df").said


@pytest.mark.parametrize("main", [SLEEPING, BUSY, POLLING], ids=["sleeping", "busy", "polling"])
def test_a_running_main_is_interrupted_wherever_it_is(
    board: Board, mpremote: Mpremote, until: Until, main: bytes
) -> None:
    board.disk.put("main.py", main)
    board.press_reset()
    until(lambda: board.console.count("main\r\n") == 1, board.console)
    done = mpremote(board, "exec", "print('mine now')")
    assert done.said == "mine now\n"
    assert "KeyboardInterrupt" in board.console
    assert board.console.count("main\r\n") == 1, "the raw prompt's soft reset does not run it"


def test_soft_and_hard_resets_run_what_they_should_in_order(
    board: Board, mpremote: Mpremote, until: Until
) -> None:
    board.disk.put("boot.py", b"print('boot runs')\n")
    board.disk.put("main.py", b"print('main runs')\n")
    causes = len(board.processor.causes)
    mpremote(board, "soft-reset")
    until(lambda: "MPY: soft reboot\r\nboot runs" in board.console, board.console)
    assert len(board.processor.causes) == causes
    mpremote(board, "reset")
    until(lambda: board.console.endswith("boot runs\r\nmain runs\r\n" + prompt(board)), "hard")
    assert board.processor.causes[causes:] == ["rst:0xc (SW_CPU_RESET)"]
    mpremote(board, "bootloader")
    until(lambda: board.in_loader, "the ROM waits for a download")
    board.press_reset()
    until(lambda: not board.in_loader, "EN leads out of it")


def prompt(board: Board) -> str:
    """What a friendly prompt begins with."""
    return board.console[board.console.rindex("MicroPython v1.29.0") :]


def test_an_error_in_boot_py_keeps_main_py_from_running(board: Board, until: Until) -> None:
    board.disk.put("boot.py", b"1 / 0\n")
    board.disk.put("main.py", b"print('main runs')\n")
    board.press_reset()
    until(lambda: "ZeroDivisionError" in board.console, board.console)
    until(lambda: board.console.endswith(">>> "), board.console)
    assert "main runs" not in board.console


def test_a_person_types_at_the_friendly_prompt(board: Board, until: Until) -> None:
    board.type("x = 20 + 2x\x7f2\r")
    board.type("for i in range(2):\r    print(i, x)\r\r")
    until(lambda: "0 42\r\n1 42\r\n>>> " in board.console, board.console)
    board.type("x\r")
    until(lambda: board.console.endswith("42\r\n>>> "), board.console)
    board.type("\x05a = 1\rprint('pasted')\r\x04")
    until(lambda: board.console.endswith("pasted\r\n>>> "), board.console)
    board.type("import sys; sys.exit()\r")
    until(lambda: "soft reboot" in board.console, board.console)
    board.type("sys = __import__('sys'); sys.stdin.read(2)\rok")
    until(lambda: board.console.endswith("'ok'\r\n>>> "), board.console)
