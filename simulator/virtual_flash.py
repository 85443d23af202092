"""The flash of a virtual node: the real `Store` over a small disk that a cut of power may tear."""

import random

from firmware.shell.store import Store
from simulator.vm.disk import LITTLEFS, TORN, Disk, PowerCutError

CAPACITY_BYTES = 64 * 1024

__all__ = ["PowerCutError", "VirtualFlash"]


class VirtualFlash:
    """What survives the boots of one board. `put` and `start` raise PowerCutError."""

    def __init__(self, rng: random.Random) -> None:
        model = rng.choice((LITTLEFS, TORN))
        self._disk = Disk(capacity_bytes=CAPACITY_BYTES, model=model, seed=rng.randrange(1 << 30))
        self._rng = rng
        self._store: Store | None = None

    def start(self, floor: int) -> int:
        """The node boots: read what is there, and count the boot."""
        self._store = Store(_Files(self._disk))
        boot = self._store.count_boot(floor, self._rng.randrange)
        assert not self._store.damaged, f"no cut damages {self._store.damaged}"
        return boot

    def kept(self) -> dict[str, bytes]:
        """What was stored, by key."""
        assert self._store is not None, "start first"
        return self._store.kept()

    def put(self, key: str, value: bytes) -> None:
        """Store a value; durable when it returns."""
        assert self._store is not None, "start first"
        self._store.put(key, value)

    def cut_after(self, operations: int) -> None:
        """Power will fail at the so-manieth operation from now, 1 is the next one."""
        self._disk.cut_at = self._disk.operations + operations

    def cut_never(self) -> None:
        """No cut is planned any more."""
        self._disk.power_on()

    def power_off(self) -> None:
        """The supply is gone, by whatever cause."""
        self._disk.power_on()
        self._disk.lose_power()


class _Files:
    """What `Store` asks of a flash."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def names(self) -> list[str]:
        return self._disk.names("")

    def read(self, name: str) -> bytes | None:
        return self._disk.get(name) if self._disk.exists(name) else None

    def write(self, name: str, data: bytes) -> None:
        if self._disk.exists(name):
            self._disk.truncate(name)
        else:
            self._disk.create(name)
        self._disk.write(name, 0, data)
        self._disk.sync(name)
