"""The chips a virtual board can carry: what a loader's host reads to tell one from another.

Sources: technical reference manuals of the ESP32, ESP32-S3 and ESP32-C3 (eFuse and SPI chapters);
the values that identify a chip are those of its ROM.
"""

from dataclasses import dataclass

MAC = bytes.fromhex("246f28aabb01")
# Offsets of the user command, of the data and, on all of them, of the start bit in SPI_CMD_REG.
SPI_USER_START = 1 << 18


@dataclass(frozen=True)
class Chip:
    """One kind of chip. `number` is None where the ROM has no command that tells it."""

    name: str
    banner: str
    bootloader_offset: int
    magic: int  # at 0x40001000
    number: int | None
    mac_register: int
    spi_base: int
    spi_command: int
    spi_data: int
    revision: tuple[int, int] = (3, 1)  # of an ESP32 only

    def registers(self, mac: bytes) -> dict[int, int]:
        """Address -> value of what differs from zero after a reset."""
        low, high = int.from_bytes(mac[2:], "big"), int.from_bytes(mac[:2], "big")
        found = {0x40001000: self.magic, self.mac_register: low, self.mac_register + 4: high}
        return found | (_esp32_registers(*self.revision) if self.number is None else {})


def _esp32_registers(major: int, minor: int) -> dict[int, int]:
    """Package D0WD at full speed with a 40 MHz crystal."""
    bits = (1 << major) - 1  # of the major number, one more for each
    return {
        0x3FF5A00C: 1 << 9 | 1 << 13 | (bits & 1) << 15,
        0x3FF5A010: 204,  # the 8 MHz clock
        0x3FF5A014: (bits >> 1 & 1) << 20 | minor << 24,
        0x3FF6607C: (bits >> 2 & 1) << 31,
        0x3FF40014: 40_000_000 // 115_200,  # the UART's divider
        0x3FF5F06C: 502 << 7,  # calibration
    }


ESP32 = Chip(
    name="esp32",
    banner="ets Jul 29 2019 12:21:46",
    bootloader_offset=0x1000,
    magic=0x00F01D83,
    number=None,
    mac_register=0x3FF5A004,
    spi_base=0x3FF42000,
    spi_command=0x24,
    spi_data=0x80,
)
ESP32_S3 = Chip(
    name="esp32s3",
    banner="ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021",
    bootloader_offset=0,
    magic=0x00000009,
    number=9,
    mac_register=0x60007044,
    spi_base=0x60002000,
    spi_command=0x20,
    spi_data=0x58,
)
ESP32_C3 = Chip(
    name="esp32c3",
    banner="ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021",
    bootloader_offset=0,
    magic=0x1B31506F,
    number=5,
    mac_register=0x60008844,
    spi_base=0x60002000,
    spi_command=0x20,
    spi_data=0x58,
)
CHIPS = {chip.name: chip for chip in (ESP32, ESP32_S3, ESP32_C3)}
