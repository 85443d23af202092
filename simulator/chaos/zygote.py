"""A process that has done the imports and forks a fresh gateway or node whenever it is asked.

Starting Python and importing the gateway takes ten times as long as its recovery, and a sweep of a
thousand kills starts it a thousand times. What is forked is the real program, in a process of its
own: it waits at a gate, so that strace can be put on it before its first step, and then runs as
from the command line.

Rules: this side has one thread and opens nothing, so a fork takes over nothing but its pipes. It
speaks lines of JSON: {"run": program, "argv": [...], "log": path, "env": {...}} is answered by
{"pid": n}; {"go": n} opens the gate; {"ended": n, "status": code} comes by itself (minus the
signal for one that was killed). `--plant NAME` plants a bug first (planted.py).
"""

import argparse
import importlib
import json
import os
import selectors
import signal
import sys
from typing import Any

# By name: the simulator's rules of import let nothing lean on the command line.
PROGRAMS = {
    "gateway": ("gateway.cli.main", "app"),
    "node": ("firmware.shell.run_pi", "main"),
    "host": ("simulator.chaos.node_host", "main"),
    "store": ("simulator.chaos.store_writer", "main"),
    "journal": ("simulator.chaos.journal_writer", "main"),
}


def run_program(name: str, argv: list[str]) -> None:
    """Run it as from the command line; ends by SystemExit."""
    module, function = PROGRAMS[name]
    sys.argv = [name, *argv]
    sys.exit(getattr(importlib.import_module(module), function)())


class Zygote:
    """The loop of the parent. `serve` returns in a child only: with what to run."""

    def __init__(self) -> None:
        self._gates: dict[int, int] = {}
        self._selector = selectors.DefaultSelector()
        self._bell, ringer = os.pipe()
        os.set_blocking(ringer, False)
        self._pipes = (self._bell, ringer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        self._selector.register(self._bell, selectors.EVENT_READ)

    def serve(self) -> tuple[str, list[str]] | None:
        """(program, arguments) in a child; None in the parent when nobody asks any more."""
        waiting = b""
        while True:
            for key, _ in self._selector.select():
                if key.fd == self._bell:
                    os.read(self._bell, 4096)
                    self._reap()
                    continue
                data = os.read(key.fd, 65536)
                if not data:
                    return None
                waiting += data
                *lines, waiting = waiting.split(b"\n")
                for line in lines:
                    to_run = self._obey(json.loads(line))
                    if to_run is not None:
                        return to_run

    def _obey(self, order: dict[str, Any]) -> tuple[str, list[str]] | None:
        if "go" in order:
            os.close(self._gates.pop(order["go"]))
            return None
        gate, opener = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_child(order, gate, opener)
            return order["run"], order["argv"]
        os.close(gate)
        self._gates[pid] = opener
        _say({"pid": pid})
        return None

    def _become_child(self, order: dict[str, Any], gate: int, opener: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for descriptor in (opener, *self._pipes, *self._gates.values()):
            os.close(descriptor)
        os.setsid()
        os.environ.update(order.get("env", {}))
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(nothing)
        os.close(log)
        os.read(gate, 1)
        os.close(gate)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._gates:
                os.close(self._gates.pop(pid))
            _say({"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _say(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Warm up, then serve; a child leaves by the exit code of its program."""
    parser = argparse.ArgumentParser(prog="python -m simulator.chaos.zygote")
    parser.add_argument("--plant", default="")
    parser.add_argument("programs", nargs="+", choices=sorted(PROGRAMS))
    given = parser.parse_args()
    for program in given.programs:
        importlib.import_module(PROGRAMS[program][0])
    if given.plant:
        importlib.import_module("simulator.chaos.planted").plant(given.plant)
    _say({"pid": os.getpid()})
    to_run = Zygote().serve()
    if to_run is not None:
        run_program(*to_run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
