"""The SPI flash of a module: a NOR chip, erased in sectors, whose bits a write can only clear.

So a write without an erase leaves damage, as it does on the bench, and a write that is cut short
leaves a sector erased and half filled. `on_erase` and `on_program` hear (start, end) afterwards.
"""

from collections.abc import Callable

SECTOR_BYTES = 4096
# Winbond W25Q32: manufacturer, type, capacity as a power of two.
JEDEC_ID = bytes.fromhex("ef4016")


Listener = Callable[[int, int], None]


class FlashChip:
    """All of it erased at first; survives every reset and power cut."""

    def __init__(self, size_bytes: int = 4 << 20) -> None:
        self.data = bytearray(b"\xff" * size_bytes)
        self.on_erase: list[Listener] = []
        self.on_program: list[Listener] = []

    def erase(self, start: int, size: int) -> None:
        """Erase every sector that these bytes touch. Raises ValueError outside the chip."""
        self._check(start, size)
        first = start // SECTOR_BYTES * SECTOR_BYTES
        end = -(-(start + size) // SECTOR_BYTES) * SECTOR_BYTES
        self.data[first:end] = b"\xff" * (end - first)
        _tell(self.on_erase, first, end)

    def program(self, start: int, data: bytes) -> None:
        """Clear the bits that are clear in `data`. Raises ValueError outside the chip."""
        self._check(start, len(data))
        end = start + len(data)
        old = int.from_bytes(self.data[start:end], "little")
        new = old & int.from_bytes(data, "little")
        self.data[start:end] = new.to_bytes(len(data), "little")
        _tell(self.on_program, start, end)

    def read(self, start: int, size: int) -> bytes:
        """A copy. Raises ValueError outside the chip."""
        self._check(start, size)
        return bytes(self.data[start : start + size])

    def _check(self, start: int, size: int) -> None:
        if start + size > len(self.data):
            raise ValueError(f"{size} bytes at {start:#x}: the chip has {len(self.data):#x}")


def _tell(listeners: list[Listener], start: int, end: int) -> None:
    for listener in list(listeners):
        listener(start, end)
