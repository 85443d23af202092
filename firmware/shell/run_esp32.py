"""An ESP32 node from its files: settings, store, parts, network, loop. MicroPython.

Files on the board: the firmware, `config/node.json` and `config/board.json` (settings.py),
`config/glyphs.bin` on a sign, certificates named by node.json, and the folder `store`.

An error nobody expected is kept (key "fault", with how many there were in a row) and the chip is
reset; from the third in a row on it waits, dark, before it tries again, so that a fault at every
start neither wears out the flash nor shows an old number. An hour of health forgets them. Ctrl-C
on the console ends the loop and gives a technician SERVICE_MS before the watchdog bites.
"""

import gc

from firmware import VERSION
from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.interface import Ethernet, Wifi
from firmware.drivers.esp32.parts import make_parts
from firmware.logic.registry import make_logic
from firmware.shell.flash import Flash, read_file
from firmware.shell.link import Link
from firmware.shell.loop import Loop
from firmware.shell.node import Node
from firmware.shell.settings import Settings
from firmware.shell.store import Store
from protocols.ticks import ticks_add, ticks_diff

WATCHDOG_MS = 30000
SERVICE_MS = 900000
FAULT_KEY = "fault"
FAULT_TEXT_MAX = 300
PATIENT_FAULTS = 3
FAULT_PAUSE_MAX_S = 64
HEALTHY_MS = 3600000
KEY_DRIVERS = ("keys", "key_matrix")


def read_settings(folder: str) -> Settings:
    """The settings below `folder`. Raises SettingsError, OSError."""
    return Settings(read_file(f"{folder}/node.json"), read_file(f"{folder}/board.json"))


def make_loop(settings: Settings, store: Store, folder: str, feed) -> Loop:  # type: ignore[no-untyped-def]  # no Callable
    """The loop of this board; its outputs are dark, its boot is counted, nothing is said yet."""
    parts = make_parts(settings.parts, lambda: read_file(f"{folder}/glyphs.bin"))
    year, month, day = settings.date
    hal.set_clock_if_unset(year, month, day)
    boot = store.count_boot(settings.boot_floor, hal.chance)
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
    )
    tls: tuple | None = None
    if settings.tls is not None:
        names = [settings.tls[key] for key in ("ca", "certificate", "key")]
        tls = tuple([read_file(f"{folder}/{name}") for name in names])
    link = Link(settings.broker_host, settings.broker_port, settings.broker_name, tls)
    interface: Wifi | Ethernet
    if settings.wifi is not None and settings.network["type"] == "wifi":
        interface = Wifi(settings.node, settings.wifi["ssid"], settings.wifi["password"])
    else:
        interface = Ethernet(settings.node, settings.network)
    has_keys = any(row[0] in KEY_DRIVERS for row in settings.parts)
    return Loop(node, parts, link, interface, store, hal, feed, gc.collect, has_keys)


def fault_count(store: Store) -> int:
    """How many faults there were in a row."""
    text = str(store.get(FAULT_KEY), "utf-8")
    return int(text.split(" ", 1)[0]) if text else 0


def note_fault(store: Store, error: Exception) -> None:
    """Keep what went wrong, for the technician."""
    text = f"{fault_count(store) + 1} {type(error).__name__}: {error}"
    store.put(FAULT_KEY, text.encode()[:FAULT_TEXT_MAX])


def run(loop: Loop, store: Store) -> None:
    """Turn for ever."""
    loop.start()
    healthy_at: int | None = ticks_add(hal.ticks_ms(), HEALTHY_MS)
    while True:
        loop.turn()
        if healthy_at is not None and ticks_diff(hal.ticks_ms(), healthy_at) >= 0:
            healthy_at = None
            store.put(FAULT_KEY, b"")


def main() -> None:
    """What `main.py` of the board calls; comes back on Ctrl-C only."""
    store: Store | None = None
    try:
        store = Store(Flash("store"))
        faults = fault_count(store)
        settings = read_settings("config")
        if faults >= PATIENT_FAULTS:
            make_parts(settings.parts, lambda: read_file("config/glyphs.bin"))  # dark
            hal.sleep_ms(1000 * min(FAULT_PAUSE_MAX_S, 1 << faults))
        watchdog = hal.Watchdog(WATCHDOG_MS)
        run(make_loop(settings, store, "config", watchdog.feed), store)
    except KeyboardInterrupt:
        hal.Watchdog(SERVICE_MS)
    except Exception as error:  # noqa: BLE001  # kept for the technician; the reset is the remedy
        try:
            if store is not None:
                note_fault(store, error)
        finally:
            hal.reset()
