"""An ESP32 node from its files: settings, store, parts, network, loop. MicroPython.

Files on the board: the application in the slot `a` or `b`, `config/node.json` and
`config/board.json` (settings.py), `config/glyphs.bin` on a sign, certificates named by node.json,
`config/release.pub` (the key that updates are signed with), and the folder `store`.

An error nobody expected is kept (key "fault", with how many there were in a row) and raised, so
that the boot code (firmware/boot/bootstrap.py) resets the chip; from the third in a row on it
waits, dark, before it tries again, so that a fault at every start neither wears out the flash nor
shows an old number; one that cannot be kept (no memory is left, say) has the longest pause at once.
An hour of health forgets them. Ctrl-C on the console ends the loop and gives a technician
SERVICE_MS before the watchdog bites.
"""

import gc

from firmware import VERSION
from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.interface import Ethernet, Wifi
from firmware.drivers.esp32.parts import make_parts
from firmware.logic.registry import make_logic
from firmware.shell.flash import Flash, read_file
from firmware.shell.health import Health
from firmware.shell.link import Link
from firmware.shell.loop import Loop
from firmware.shell.node import Node
from firmware.shell.settings import Settings
from firmware.shell.store import Store
from firmware.shell.update_esp32 import make_updater
from protocols.ticks import ticks_add, ticks_diff
from protocols.utf8 import shortened

WATCHDOG_MS = 30000
SERVICE_MS = 900000
FAULT_KEY = "fault"
FAULT_BYTES_MAX = 300
PATIENT_FAULTS = 3
FAULT_PAUSE_MAX_S = 64
HEALTHY_MS = 3600000
KEY_DRIVERS = ("keys", "key_matrix")


def read_settings(folder: str) -> Settings:
    """The settings below `folder`. Raises SettingsError, OSError."""
    return Settings(read_file(f"{folder}/node.json"), read_file(f"{folder}/board.json"))


def make_loop(settings: Settings, store: Store, folder: str, feed, slot: str = "") -> Loop:  # type: ignore[no-untyped-def]  # no Callable
    """The loop of this board; its outputs are dark, its boot is counted, nothing is said yet.

    `slot` "": the application is in none, and cannot be updated over the air. What was needed to
    get here is collected before each import: in the middle of one less is found.
    """
    # First what needs much memory in one piece.
    tls: tuple | None = None
    if settings.tls is not None:
        names = [settings.tls[key] for key in ("ca", "certificate", "key")]
        tls = tuple([read_file(f"{folder}/{name}") for name in names])
    link = Link(settings.broker_host, settings.broker_port, settings.broker_name, tls)
    gc.collect()
    parts = make_parts(settings.parts, lambda: read_file(f"{folder}/glyphs.bin"))
    gc.collect()
    year, month, day = settings.date
    hal.set_clock_if_unset(year, month, day)
    boot = store.count_boot(settings.boot_floor, hal.chance)
    updater = make_updater(hal.ticks_ms(), slot, store, folder) if slot else None
    node = Node(
        settings.hall,
        settings.node,
        settings.kind,
        settings.board,
        VERSION,
        boot,
        make_logic(settings.kind),
        hal.chance,
        15,
        settings.password,
        updater,
    )
    interface: Wifi | Ethernet
    if settings.wifi is not None and settings.network["type"] == "wifi":
        interface = Wifi(settings.node, settings.wifi["ssid"], settings.wifi["password"])
    else:
        interface = Ethernet(settings.node, settings.network)
    has_keys = any(row[0] in KEY_DRIVERS for row in settings.parts)
    health = make_health(store, interface, boot)
    return Loop(
        node, parts, link, interface, store, hal, feed, gc.collect, has_keys, health, updater
    )


def make_health(store: Store, interface: Wifi | Ethernet, boot: int) -> Health:
    """What this board tells of itself, and the line of its start."""
    health = Health(
        hal.ticks_ms(),
        lambda: (interface.signal_dbm(), gc.mem_free()),
        lambda: last_fault(store),
    )
    faults, fault = last_fault(store)
    if faults:
        health.note("error", f"start {boot} after {faults} faults in a row, the last: {fault}")
    else:
        health.note("info", f"start {boot}: {hal.reset_cause()}")
    if store.damaged:
        names = ", ".join(store.damaged)
        health.note("error", f"stored values were damaged and are lost: {names}")
    return health


def last_fault(store: Store) -> tuple[int, str]:
    """(how many there were in a row, the last one)."""
    count, _, fault = str(store.get(FAULT_KEY), "utf-8").partition(" ")
    return (int(count) if count else 0, fault)


def note_fault(store: Store, error: Exception) -> None:
    """Keep what went wrong, for the technician."""
    text = f"{last_fault(store)[0] + 1} {type(error).__name__}: {error}"
    store.put(FAULT_KEY, shortened(text, FAULT_BYTES_MAX).encode())


def run(loop: Loop, store: Store) -> None:
    """Turn for ever."""
    loop.start()
    healthy_at: int | None = ticks_add(hal.ticks_ms(), HEALTHY_MS)
    while True:
        loop.turn()
        if healthy_at is not None and ticks_diff(hal.ticks_ms(), healthy_at) >= 0:
            healthy_at = None
            store.put(FAULT_KEY, b"")


def main(slot: str = "") -> None:
    """What the boot code calls with the slot this comes from; comes back on Ctrl-C only."""
    store: Store | None = None
    try:
        store = Store(Flash("store"))
        faults = last_fault(store)[0]
        if faults >= PATIENT_FAULTS:
            try:
                make_parts(read_settings("config").parts, lambda: read_file("config/glyphs.bin"))
            finally:  # dark, or as they are when the settings are the fault
                pause_ms = 1000 * min(FAULT_PAUSE_MAX_S, 1 << faults)
                hal.Watchdog(WATCHDOG_MS + pause_ms)
                hal.sleep_ms(pause_ms)
        settings = read_settings("config")
        watchdog = hal.Watchdog(WATCHDOG_MS)
        run(make_loop(settings, store, "config", watchdog.feed, slot), store)
    except KeyboardInterrupt:
        hal.Watchdog(SERVICE_MS)
    except Exception as error:
        kept = False
        try:
            if store is not None:
                note_fault(store, error)
                kept = True
        finally:
            if not kept:  # and so not counted
                hal.Watchdog(WATCHDOG_MS + 1000 * FAULT_PAUSE_MAX_S)
                hal.sleep_ms(1000 * FAULT_PAUSE_MAX_S)
        raise
