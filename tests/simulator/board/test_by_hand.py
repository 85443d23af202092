"""The board by hand: lines in, what can be seen out."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "seen"),
    [
        ("esp32-pad", "digits  '    '\nlights  off\n"),
        ("esp32-lamp", "lamp    off\n"),
        ("esp32-rating", "faces   []\n"),
        ("esp32-sign", "." * 64 + "\n"),
    ],
)
def test_one_board_by_hand_takes_lines_and_shows_its_parts(board: str, seen: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulator.board", "--board", board, "--empty"],
        input="look\nnonsense\npress 99\nnetwork off\nloader\nconsole\nquit\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rfc2217://127.0.0.1:")
    assert seen in done.stdout
    assert "nonsense: 'nonsense'; see python -m simulator.board --help" in done.stdout
    assert "press 99: key 99: this board has" in done.stdout
    assert "invalid header: 0xffffffff" in done.stdout
