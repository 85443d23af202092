"""The keeper of a screen's browser: when it starts it, when it ends it, what it leaves behind."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.screen_port import ScreenPort
from firmware.shell import screen_pi
from firmware.shell.screen_pi import (
    DELAY_MS_MAX,
    DELAY_MS_MIN,
    LOADING_MS,
    SILENT_MS,
    WELL_MS,
    Care,
    ask,
    keep,
)

DEADLINE_S = 20.0


def until(holds: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    deadline = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


# ---- the judgement ----


def test_a_browser_is_started_when_the_node_answers_and_left_alone_while_its_page_lives() -> None:
    care = Care()
    assert care.decide(0, False, None, False) == ""
    assert care.decide(5_000, True, None, False) == "start"
    for now_ms in range(6_000, 1_000_000, 5_000):
        silent_ms = None if now_ms < 30_000 else 4_999
        assert care.decide(now_ms, True, silent_ms, True) == "", now_ms


def test_a_page_that_falls_silent_ends_the_browser_and_one_that_never_spoke_has_longer() -> None:
    care = Care()
    care.decide(0, True, None, False)
    assert care.decide(100_000, True, SILENT_MS - 1, True) == ""
    assert care.decide(100_001, True, SILENT_MS, True) == "end"
    fresh = Care()
    fresh.decide(0, True, None, False)
    assert fresh.decide(LOADING_MS - 1, True, None, True) == ""
    assert fresh.decide(LOADING_MS, True, None, True) == "end"


def test_what_the_page_of_the_browser_before_said_does_not_count() -> None:
    care = Care()
    care.decide(0, True, None, False)
    # Last heard before this browser was started: it is still loading.
    assert care.decide(60_000, True, 70_000, True) == ""
    assert care.decide(LOADING_MS, True, LOADING_MS + 10_000, True) == "end"


def test_nobody_is_judged_while_the_node_is_away() -> None:
    care = Care()
    care.decide(0, True, None, False)
    assert care.decide(1_000_000, False, None, True) == ""
    assert care.decide(1_000_001, True, 1_000, True) == ""


def started_at(care: Care, now_ms: int) -> int:
    """When a browser that is not there is started, looked for twice a second."""
    while care.decide(now_ms, True, None, False) != "start":
        now_ms += 500
        assert now_ms < 100_000_000
    return now_ms


def test_a_browser_that_ends_again_and_again_is_started_ever_more_slowly() -> None:
    care = Care()
    at_ms = started_at(care, 0)
    waits = []
    for _ in range(9):
        again_ms = started_at(care, at_ms + 500)
        waits.append(again_ms - at_ms - 500)
        at_ms = again_ms
    assert waits[:4] == [DELAY_MS_MIN, 2 * DELAY_MS_MIN, 4 * DELAY_MS_MIN, 8 * DELAY_MS_MIN]
    assert waits[-2:] == [DELAY_MS_MAX, DELAY_MS_MAX]
    # Once it was well for long, the next fault is one of its own.
    assert care.decide(at_ms + WELL_MS, True, 0, True) == ""
    assert started_at(care, at_ms + WELL_MS) == at_ms + WELL_MS + DELAY_MS_MIN


# ---- the processes ----


class Node(http.server.ThreadingHTTPServer):
    """Answers /alive as it is told to."""

    daemon_threads = True
    silent_ms: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Node)
        text = json.dumps({"silent_ms": self.server.silent_ms}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    yield made
    made.stop()


# It tells its number and its child's, and does not want to end.
BROWSER = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()} {child.pid} {sys.argv[2]}\\n")
time.sleep(600)
"""


@pytest.fixture
def keeper(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], list[list[str]]]]:
    """A running keeper; what its browsers told, one line each."""
    for name, value in (("TURN_S", 0.02), ("END_TIMEOUT_S", 0.2), ("SILENT_MS", 300)):
        monkeypatch.setattr(screen_pi, name, value)
    monkeypatch.setattr(screen_pi, "LOADING_MS", 60_000)
    monkeypatch.setattr(screen_pi, "DELAY_MS_MIN", 50)
    told = tmp_path / "told"
    told.touch()
    stopping = threading.Event()
    url = f"http://127.0.0.1:{node.port}/"
    command = [sys.executable, "-c", BROWSER, str(told), url]
    thread = threading.Thread(target=keep, args=(node.port, command, stopping))
    thread.start()
    yield lambda: [line.split() for line in told.read_text().splitlines()]
    stopping.set()
    thread.join(DEADLINE_S)
    assert not thread.is_alive()
    left = [int(process) for line in told.read_text().splitlines() for process in line.split()[:2]]
    until(lambda: not any(map(lives, left)), "a browser was left behind")


def lives(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_silent_page_costs_the_browser_its_life_with_all_its_children(
    keeper: Callable[[], list[list[str]]], node: Node
) -> None:
    until(lambda: len(keeper()) == 1, "no browser")
    first = keeper()[0]
    assert first[2] == f"http://127.0.0.1:{node.port}/"
    node.silent_ms = 10
    until(lambda: ask(node.port) == (True, 10), "the node does not answer")
    assert lives(int(first[0]))
    started = time.monotonic()
    node.silent_ms = 400
    until(lambda: len(keeper()) == 2 or time.monotonic() - started > 5, "no new browser")
    assert len(keeper()) == 2
    node.silent_ms = 10
    until(lambda: not any(lives(int(process)) for process in first[:2]), "the old one lives on")


def test_a_browser_that_ends_by_itself_is_started_anew(
    keeper: Callable[[], list[list[str]]],
) -> None:
    until(lambda: len(keeper()) == 1, "no browser")
    first = keeper()[0]
    os.kill(int(first[0]), signal.SIGKILL)
    until(lambda: len(keeper()) == 2, "no new browser")
    until(lambda: not lives(int(first[1])), "the child of the old one lives on")


def test_a_node_that_is_not_there_is_waited_for() -> None:
    made = Node()
    made.stop()
    assert ask(made.port) == (False, None)


def test_a_browser_that_is_not_there_is_told_with_its_name(node: Node) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "firmware.shell.screen_pi"),
            *("--port", str(node.port), "--", "no-such-browser"),
        ],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert result.returncode == 3
    assert "no-such-browser" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.xdist_group("screens")
def test_a_real_browser_that_hangs_is_replaced_and_the_page_lives_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(screen_pi, "SILENT_MS", 8_000)
    caplog.set_level("INFO")
    loop = Loop()
    events: list[object] = []
    port = ScreenPort(loop, events.append, "wall", 0, ("厅", "Hall"))
    port.start()
    running, stopping = threading.Event(), threading.Event()
    running.set()

    def run() -> None:
        while running.is_set():
            loop.run_once(50)

    threads = [threading.Thread(target=run)]
    command = [
        *("/usr/bin/chromium", "--headless=new", "--no-sandbox", "--disable-gpu"),
        *("--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"),
        f"http://127.0.0.1:{port.port}/",
    ]
    threads.append(threading.Thread(target=keep, args=(port.port, command, stopping)))
    for thread in threads:
        thread.start()

    def page_lives() -> bool:
        silent_ms = port.page_silent_ms()
        return silent_ms is not None and silent_ms < 2_000

    until(page_lives, "the page was never drawn", 60)
    [group] = {
        os.getpgid(int(path.name))
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and str(tmp_path).encode() in cmdline(path)
    }
    os.killpg(group, signal.SIGSTOP)
    until(lambda: "its page does not live" in caplog.text, "a hanging browser was not noticed", 60)
    until(page_lives, "the page did not come back", 60)
    stopping.set()
    threads[1].join(DEADLINE_S)
    running.clear()
    threads[0].join()
    port.stop()
    loop.close()
    assert not any(str(tmp_path).encode() in cmdline(path) for path in Path("/proc").iterdir())


def cmdline(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
