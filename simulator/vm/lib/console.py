"""Runs boot.py, main.py and what comes from the prompt: in the VM of a board only.

Stands for MicroPython's own main(); the prompt itself is on the host (simulator/board/console.py).
An error in boot.py keeps main.py from running; sys.exit() is a soft reset. A Ctrl-C interrupts only
between "console.running" and "console.ran"; else it is a character like any other.
"""

import io
import os
import struct
import sys

from hardware import call

_globals = {"__name__": "__main__"}


def start() -> None:
    """Never returns; a soft reset or the end of the power ends it."""
    boot_went_well = _run_file("boot.py")
    if boot_went_well and call("console.friendly"):
        _run_file("main.py")
    call("console.begin")
    while True:
        try:
            _serve()
        except KeyboardInterrupt:  # a second one, while the first was being shown
            call("console.ran")
            call("console.finished")


def _serve() -> None:
    is_single, size = struct.unpack("<BI", call("console.next"))
    source = ""
    while len(source) < size:
        source += str(call("console.source", struct.pack("<I", len(source))), "utf-8")
    trace = _run(source, "<stdin>", "single" if is_single else "exec")
    if trace:
        call("console.failing")
        sys.stdout.write(trace)
    call("console.finished")


def _run_file(name: str) -> bool:
    if name not in os.listdir("/"):
        return True
    with open("/" + name) as file:
        source = file.read()
    trace = _run(source, name, "exec")
    sys.stdout.write(trace)
    return not trace


def _run(source: str, name: str, mode: str) -> str:
    """The trace of the error that ended it, "" when there was none."""
    try:
        call("console.running")
        exec(compile(source, name, mode), _globals)  # noqa: S102  # it is the prompt
        call("console.ran")
    except SystemExit:
        call("console.exit")
    except BaseException as error:  # noqa: BLE001  # shown to whoever sits at the console
        call("console.ran")
        trace = io.StringIO()
        sys.print_exception(error, trace)  # type: ignore[attr-defined]  # MicroPython's
        lines = trace.getvalue().split("\n")
        return "\n".join([line for line in lines if 'File "console"' not in line])
    return ""
