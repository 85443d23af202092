"""What a node keeps over a restart: the count of its boots, and values by key. MicroPython subset.

Rules:
- once `put` returns the value survives any cut of power; cut within, the old one or the new one is
  there, whole (slots.py says how);
- a value that is the same already is not written: flash wears;
- a boot is counted before anything is said, and never below `floor`. A count that is there but
  cannot be read (a worn flash, no cut does that) goes on at a chance place far ahead, because a
  number used twice would make the gateway take a new press for an old one;
- values that cannot be read are named in `damaged`, left out, and free to be written anew.
`files` is the flash: names() -> list, read(name) -> bytes or None, write(name, data) which returns
once the data is durable. Raises what `files` raises, and ValueError for a key that is no name.
"""

from firmware.shell.slots import encode_slot, newest

BOOT_KEY = "boot"
BOOT_MAX = 0x7FFFFFFF
_FAR_AHEAD = 1 << 29
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"


class Store:
    """The flash of one node."""

    def __init__(self, files) -> None:  # type: ignore[no-untyped-def]  # see above; no Protocol here
        self._files = files
        self._values: dict[str, bytes] = {}
        self._places: dict[str, tuple[int, int]] = {}  # key -> (slot that counts, its sequence)
        self.damaged: list[str] = []
        keys: list[str] = []
        for name in files.names():
            if name[-2:] in (".0", ".1") and name[:-2] not in keys:
                keys.append(name[:-2])
        keys.sort()
        for key in keys:
            self._load(key)

    def kept(self) -> dict[str, bytes]:
        """What was stored, by key, for ("restore", values)."""
        found = {}
        for key in sorted(self._values):
            if key != BOOT_KEY:
                found[key] = self._values[key]
        return found

    def get(self, key: str) -> bytes:
        """One value, b"" when there is none."""
        return self._values.get(key, b"")

    def put(self, key: str, value: bytes) -> None:
        """Keep a value; durable when it returns."""
        if not key or any(character not in _CHARACTERS for character in key):
            raise ValueError(f"key {key!r}: use a-z, 0-9, _ and -")
        if self._values.get(key) == value:
            return
        slot, sequence = self._places.get(key, (1, 0))
        other = 1 - slot
        self._files.write(f"{key}.{other}", encode_slot(sequence + 1, value))
        self._places[key] = (other, sequence + 1)
        self._values[key] = value

    def count_boot(self, floor: int, chance) -> int:  # type: ignore[no-untyped-def]  # chance(limit)
        """The number of this boot, kept before it is returned."""
        if BOOT_KEY in self.damaged:
            boot: int = _FAR_AHEAD + chance(_FAR_AHEAD)
        else:
            boot = int(str(self.get(BOOT_KEY), "ascii") or "0") + 1
        boot = min(BOOT_MAX, max(boot, floor, 1))
        self.put(BOOT_KEY, str(boot).encode())
        return boot

    def _load(self, key: str) -> None:
        found = newest([self._files.read(f"{key}.0"), self._files.read(f"{key}.1")])
        if found is None:
            # A first value that was cut: there never was one. Two bad slots: there was.
            if (
                self._files.read(f"{key}.0") is not None
                and self._files.read(f"{key}.1") is not None
            ):
                self.damaged.append(key)
            return
        self._places[key] = (found[0], found[1])
        self._values[key] = found[2]
