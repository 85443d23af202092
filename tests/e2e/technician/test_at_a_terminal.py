"""As a technician sees it: bars that go, ticks that stay, questions that are answered by hand."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.terminal_picture import picture, screen

ROOT = Path(__file__).parents[3]
ARTIFACT = ROOT / "build" / "artifacts" / "flash.svg"
COMMAND_S = 300.0
_SGR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command on a terminal, and somebody in front of it."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        more = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.main", *arguments],
            cwd=ROOT,
            env={**env, **more},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self.written = ""

    def run(self, on_words: Callable[[str], str]) -> int:
        """Type what `on_words` says about each piece that appears; the exit code."""
        deadline = time.monotonic() + COMMAND_S
        while time.monotonic() < deadline:
            if select.select([self._master], [], [], 0.2)[0]:
                try:
                    piece = os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:
                    break  # the other side is closed
                self.written += piece
                typed = on_words(_SGR.sub("", piece))
                if typed:
                    os.write(self._master, typed.encode())
            elif self._process.poll() is not None:
                break
        os.close(self._master)
        return self._process.wait(10)


@pytest.mark.slow
def test_a_flash_at_a_terminal_ticks_its_steps_and_asks_for_keys(
    hall: Any, make_board: Callable[..., Any]
) -> None:
    board = make_board(12)
    node = "w01-pad"
    hall.do("provision", node, "--wifi", *hall.image_options()[-3:])
    options = [str(each) for each in hall.image_options()[:4]]
    pressed: list[int] = []

    def on_words(words: str) -> str:
        for _ in re.findall(r"▶ 请按", words):
            board.parts.press(len(pressed), after_ms=300)
            pressed.append(len(pressed))
        return "\n" if "[Y/n]" in words else ""

    terminal = Terminal(["flash", node, "--port", board.address, *options], hall.env)
    code = terminal.run(on_words)
    left = screen(terminal.written)
    plain = [_SGR.sub("", line) for line in left]
    assert code == 0, "\n".join(plain)
    ticks = [line for line in plain if line.startswith("✓")]
    titles = [line.split("·")[1].split("  ")[0].strip() for line in ticks]
    assert titles == [
        *("port", "chip", "credential", "interpreter", "look", "files", "verify"),
        *("self-test", "start", "gateway"),
    ]
    assert len(pressed) == 9
    assert any("灯红 · light red" in line for line in plain)
    assert f"{node}: 完成 · done in" in plain[-1]
    assert not any("━" in line for line in plain), "no bar is left behind"
    ARTIFACT.parent.mkdir(parents=True, exist_ok=True)
    shown = ["\x1b[1m$ hallkit flash w03-pad\x1b[0m", *left]
    text = "\n".join(shown).replace(node, "w03-pad").replace(board.address, "/dev/ttyUSB0")
    ARTIFACT.write_text(picture(text.split("\n")), encoding="utf-8")
