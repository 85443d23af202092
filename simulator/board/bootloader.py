"""What an ESP32 does between reset and program: ROM, second stage, checks, and what it says.

The texts are those of a board with the official MicroPython: its second stage is silent but for
errors. A board that cannot boot says so again and again, as the real one does: the caller repeats.
Sources: ESP-IDF components/bootloader_support, and logs of real boards.
"""

from dataclasses import dataclass

from simulator.board import image
from simulator.board.chips import Chip
from simulator.board.image import ChecksumError, ImageError

POWER_ON, SOFTWARE, WATCHDOG, RTC_WATCHDOG = (
    "rst:0x1 (POWERON_RESET)",
    "rst:0xc (SW_CPU_RESET)",
    "rst:0x8 (TG1WDT_SYS_RESET)",
    "rst:0x10 (RTCWDT_RTC_RESET)",
)
REPEAT_S = 1.0
_RUN, _LOADER = (
    "boot:0x13 (SPI_FAST_FLASH_BOOT)",
    ("boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"),
)
_SETTINGS = (
    "configsip: 0, SPIWP:0xee\n"
    "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\n"
    "mode:DIO, clock div:2\n"
)


@dataclass(frozen=True)
class Start:
    """What was said, and the version of the application; None when there is nothing to run."""

    said: str
    version: str | None


def loader_text(chip: Chip) -> str:
    """What the ROM says when it waits for a download."""
    return f"{chip.banner}\n\n{POWER_ON},{_LOADER}\nwaiting for download\n"


def start(chip: Chip, flash: bytearray, cause: str) -> Start:
    """Go through the flash as ROM and second stage do."""
    said = f"{chip.banner}\n\n{cause},{_RUN}\n"
    at = chip.bootloader_offset
    if flash[at] != image.IMAGE_MAGIC:
        return Start(said + f"invalid header: 0x{flash[at : at + 4][::-1].hex()}\n" * 8, None)
    said += _SETTINGS
    try:
        segments = image.read_image(flash, at, image.TABLE_AT - at)
    except ImageError as error:
        # It says no more than this, and starts over by its own watchdog.
        numbers = error.numbers if isinstance(error, ChecksumError) else "0x0!=0x0"
        return Start(f"{said}csum err:{numbers}\nets_main.c 371 \n", None)
    said += "".join(
        f"load:{segment.address:#010x},len:{len(segment.data)}\n" for segment in segments
    )
    said += "entry 0x40080400\n"
    try:
        partitions = image.read_table(flash)
    except ImageError as error:
        return Start(
            f"{said}E (29) flash_parts: {error}\nE (30) boot: Failed to verify partition table\n"
            "E (31) boot: load partition table error!\n",
            None,
        )
    for partition in partitions:
        if partition.kind == 0:
            try:
                segments = image.read_image(flash, partition.offset, partition.size)
            except ImageError as error:
                said += f"E (84) esp_image: {error}\n"
                said += "E (93) boot: Factory app partition is not bootable\n"
            else:
                return Start(said, image.read_version(segments))
    return Start(said + "E (94) boot: No bootable app partitions in the partition table\n", None)
