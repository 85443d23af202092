"""A process to be killed: keeps values of a node one after the other, says each once it is kept.

    python -m simulator.chaos.store_writer pi|esp32 FOLDER FIRST LAST

Values number FIRST to LAST of a made-up node; `value_of` says what each must be, so that another
process can hold the store against what was said. Each life counts its start first, as a node does.
"""

import os
import random
import sys
from pathlib import Path

from firmware.shell.flash import Flash
from firmware.shell.store import Store
from firmware.shell.store_pi import PiStore

KEYS = ("outbox", "jobs", "fault")


def key_of(number: int) -> str:
    """The key of the value number `number`."""
    return KEYS[number % len(KEYS)]


def value_of(number: int) -> bytes:
    """Its value: of any length up to some sectors, empty now and then, as an outbox is."""
    rng = random.Random(number)
    return b"" if number % 7 == 0 else b"%d:" % number + rng.randbytes(rng.randrange(1500))


def open_pi(folder: Path) -> tuple[PiStore, int]:
    """The store of a Pi and the number of this start."""
    store = PiStore(folder)
    return store, store.start(random.Random().randrange)


def open_esp32(folder: Path) -> tuple[Store, int]:
    """The store of an ESP32 over real files and the number of this start."""
    store = Store(Flash(str(folder)))
    return store, store.count_boot(0, random.Random().randrange)


def main() -> int:
    """The command line."""
    kind, folder, first, last = sys.argv[1:]
    store, boot = (open_pi if kind == "pi" else open_esp32)(Path(folder))
    _say(f"boot {boot}")
    for number in range(int(first), int(last) + 1):
        store.put(key_of(number), value_of(number))
        _say(f"kept {number}")
    return 0


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
