"""Runs in the VM: the smallest application that updates itself. MicroPython subset.

It takes the place of firmware/shell/run_esp32.py in a release of the tests: the real boot code, the
real store, slots and update around it, messages of the hardware's in the place of MQTT. `BEHAVIOUR`
says how it fails; the tests write another word in there.
"""

# ruff: noqa: I001, F401  # from the bottom up: a long chain of imports is too deep for the stack
import protocols.wire
from time import sleep_ms, ticks_ms

import machine
from hardware import call

from firmware.shell.flash import Flash
from firmware.shell.store import Store
from firmware.shell.update_esp32 import make_updater
from protocols.messages.service import Block, UpdateOffer
from protocols.ticks import ticks_diff
from protocols.wire import decode, encode

BEHAVIOUR = "good"
IDLE_MS = 1000
if BEHAVIOUR == "import":
    import protocols.there_is_no_such_module


def main(slot: str) -> None:
    """As run_esp32.main."""
    store = Store(Flash("store"))
    boot = store.count_boot(1, lambda limit: limit // 2)
    call("boot", b"%d %s" % (boot, slot.encode()))
    if BEHAVIOUR == "crash":
        raise ValueError("planted")
    updater = make_updater(ticks_ms(), slot, store, "config")
    machine.WDT(timeout=30000)
    while True:
        if BEHAVIOUR == "hang":
            continue
        now_ms = ticks_ms()
        payload = call("take")
        if payload:
            updater.receive(now_ms, decode(payload, (UpdateOffer, Block)))
        updater.wake(now_ms, BEHAVIOUR != "mute", False)
        for message in updater.take_messages():
            call("say", encode(message))
        if updater.wants_reset:
            machine.reset()
        deadline = updater.wake_at()
        pause_ms = IDLE_MS if deadline is None else ticks_diff(deadline, now_ms)
        if not call("waiting") and pause_ms > 0:
            sleep_ms(min(pause_ms, IDLE_MS))
