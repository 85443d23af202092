"""`/bootstrap.mpy` of a board: starts the application from the slot that `choice.py` names.

`/boot.py` and `/main.py` call it; MicroPython runs both at every start, and only the first for a
technician's tools, which therefore cost no try. What it needs lies below ROOT, a copy of a few
modules of `firmware` made when the board was flashed; they are forgotten again before the
application's own are imported. The interface to every application there will ever be is
`main(slot)` of firmware.shell.run_esp32: it returns on Ctrl-C and raises what nobody expected.

Whatever of slots and state is damaged, a slot is started; without the copy it is "a", and "b" when
that fails.
MicroPython, no CPython.
"""

import gc
import hashlib
import sys

import machine

ROOT = "/boot"
STORE = "/store"
# Above what an import and a check of both slots may take; the application sets its own.
WATCHDOG_MS = 60000
SERVICE_MS = 900000


def enter() -> None:
    """For boot.py: the modules of the slot can be imported."""
    slot = "a"
    try:
        slot = _choose().slot
    except Exception as error:  # noqa: BLE001  # the tools must come in, whatever is damaged
        _tell(error)
    _take(slot)


def run() -> None:
    """For main.py: start the application. Comes back on Ctrl-C only."""
    slots = ["a", "b"]
    try:
        machine.WDT(timeout=WATCHDOG_MS)
        try:
            choice = _choose()
            try:
                if machine.reset_cause() != machine.PWRON_RESET:
                    choice.check()  # a watchdog, a crash, or an update
                choice.count_try()
            finally:
                slots = [choice.slot]
                choice = None  # and its modules: the application needs the room
        except Exception as error:  # noqa: BLE001  # nothing that chooses may keep a board dark
            _tell(error)
        _start(slots)
    except KeyboardInterrupt:
        machine.WDT(timeout=SERVICE_MS)
    except Exception as error:  # noqa: BLE001  # a reset is the remedy; the next start checks
        _tell(error)
        machine.reset()


def _start(slots: list) -> None:
    for slot in slots:
        _take(slot)
        try:
            from firmware.shell.run_esp32 import main
        except Exception:
            if slot == slots[-1]:
                raise
            _forget()
        else:
            main(slot)
            return


def _choose():  # type: ignore[no-untyped-def]  # a Choice, which is not known up here
    _forget()
    sys.path.insert(0, ROOT)
    try:
        from firmware.boot.choice import Choice
        from firmware.shell.flash import Flash
        from firmware.shell.slot_files import SlotFiles

        slots = {"a": SlotFiles("/a"), "b": SlotFiles("/b")}
        return Choice(Flash(STORE), slots, hashlib.sha256)
    finally:
        sys.path.remove(ROOT)
        _forget()


def _forget() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in ("firmware", "protocols"):
            del sys.modules[name]
    gc.collect()


def _take(slot: str) -> None:
    for other in ("/a", "/b"):
        if other in sys.path:
            sys.path.remove(other)
    sys.path.insert(0, "/" + slot)


def _tell(error: Exception) -> None:
    sys.print_exception(error)  # type: ignore[attr-defined]  # the stubs have CPython's sys
