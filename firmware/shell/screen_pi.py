"""Keeps the browser of a node's screen: starts it, and starts it anew when its page does not live.

    python -m firmware.shell.screen_pi --port 8088 -- cage -d -- chromium ... {url}

Runs beside the node, as a user of its own that may nothing but show (`hallkit-screen@.service`).
Rules:
- the browser is started only when the node answers: a page that could not be loaded at first would
  never be tried again by itself;
- a page that has not told its node for SILENT_MS that it draws is a browser that hangs: it is ended
  with all its processes and started anew, after a delay that doubles while it does not help;
- while the node does not answer nobody is judged: the page itself says so, and comes back;
- the watchdog of systemd is fed by every turn that has looked at all this.
The delay and the judgement are `Care`, without input and output; times are steady milliseconds.
"""

import argparse
import contextlib
import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time

from firmware.drivers.pi.backoff import Backoff
from firmware.shell.systemd_pi import Systemd

SILENT_MS = 30_000
# From its start to its first sign: a browser on a cold board takes its time.
LOADING_MS = 90_000
DELAY_MS_MIN, DELAY_MS_MAX = 1_000, 60_000
# A browser that lived so long was well: the next delay begins anew.
WELL_MS = 300_000
TURN_S = 1.0
ASK_TIMEOUT_S = 3.0
END_TIMEOUT_S = 5.0

log = logging.getLogger("hallkit.screen")


class Care:
    """What to do with the browser: "start", "end" or nothing."""

    def __init__(self) -> None:
        self._started_ms: int | None = None
        self._start_at_ms = 0
        self._backoff = Backoff(DELAY_MS_MIN, DELAY_MS_MAX, WELL_MS)

    def decide(self, now_ms: int, node: bool, silent_ms: int | None, running: bool) -> str:
        """`node` answers; `silent_ms` as it says (`screen_port`); `running` is the browser."""
        if not running:
            if self._started_ms is not None:
                self._start_at_ms = self._backoff.ended(now_ms, self._started_ms)
                self._started_ms = None
            if not node or now_ms < self._start_at_ms:
                return ""
            self._started_ms = now_ms
            return "start"
        assert self._started_ms is not None
        age_ms = now_ms - self._started_ms
        if not node or age_ms < SILENT_MS:
            return ""
        heard = silent_ms is not None and silent_ms < age_ms
        if heard and silent_ms is not None and silent_ms < SILENT_MS:
            return ""
        return "end" if heard or age_ms >= LOADING_MS else ""


class Browser:
    """The program and all that it starts."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        if self._process is not None and self._process.poll() is not None:
            log.warning("browser: ended with %d", self._process.returncode)
            self.end()
        return self._process is not None

    def start(self) -> None:
        """OSError when there is no such program."""
        self._process = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603
        log.info("browser: started")

    def end(self) -> None:
        """All of them, gently and then not."""
        if self._process is None:
            return
        group = self._process.pid
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGTERM)
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                log.warning("browser: does not end, is killed")
            os.killpg(group, signal.SIGKILL)
        self._process.wait()
        self._process = None


def ask(port: int) -> tuple[bool, int | None]:
    """(the node answers, milliseconds since its page was heard or None)."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
    try:
        line.request("GET", "/alive")
        silent_ms = json.loads(line.getresponse().read())["silent_ms"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False, None
    finally:
        line.close()
    return True, silent_ms if isinstance(silent_ms, int) else None


def keep(port: int, command: list[str], stopping: threading.Event) -> None:
    """Until `stopping` is set. OSError when the browser can not be started at all."""
    care, browser, systemd = Care(), Browser(command), Systemd()
    systemd.tell("READY=1")
    try:
        while not stopping.is_set():
            node, silent_ms = ask(port)
            now_ms = time.monotonic_ns() // 1_000_000
            act = care.decide(now_ms, node, silent_ms, browser.running)
            if act == "start":
                browser.start()
            elif act == "end":
                log.warning("browser: its page does not live; starting it anew")
                browser.end()
            systemd.feed(now_ms)
            stopping.wait(TURN_S)
    finally:
        systemd.tell("STOPPING=1")
        browser.end()


def main() -> int:
    """The command line; 0 after SIGTERM, 3 when there is no such browser."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="screen_pi", description="keeps a node's browser")
    parser.add_argument("--port", type=int, required=True, help="of [screen] in the node's file")
    parser.add_argument("command", nargs="+", help="the browser; {url} is the page")
    arguments = parser.parse_args()
    url = f"http://127.0.0.1:{arguments.port}/"
    command = [word.replace("{url}", url) for word in arguments.command]
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        keep(arguments.port, command, stopping)
    except OSError as error:
        sys.stderr.write(f"screen_pi: {error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
