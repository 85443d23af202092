"""What the pins of a chip and of a module can do.

Sources: ESP32 datasheet 2.4 (strapping pins), table 2 (34 to 39 have no output and no pull-up);
ESP32-WROOM-32E datasheet 3.1 (pins led out); schematic of the WT32-ETH01; Raspberry Pi: the BCM
numbers of the 40-pin header. Pins 1 and 3 are the console and the way a technician flashes a board.
"""

from dataclasses import dataclass

ESP32 = "esp32"
RASPBERRY_PI = "raspberry-pi"

FLASH_PINS = (6, 7, 8, 9, 10, 11)
CONSOLE_PINS = (1, 3)
INPUT_ONLY_PINS = (34, 35, 36, 37, 38, 39)
# Pin -> what the chip reads from it while it starts.
STRAPPING_PINS = {
    0: "low starts the loader instead of the program",
    2: "high keeps the loader from starting",
    5: "timing of SDIO",
    12: "high selects 1.8 V for the flash: the board does not start",
    15: "low silences the messages of the ROM",
}
# Wired inside the chip for the RMII of an Ethernet board; nothing else may use them.
RMII_PINS = {
    "eth_tx_en": 21,
    "eth_txd0": 19,
    "eth_txd1": 22,
    "eth_rxd0": 25,
    "eth_rxd1": 26,
    "eth_crs_dv": 27,
}
CLOCK_IN_PINS = (0,)
CLOCK_OUT_PINS = (0, 16, 17)


@dataclass(frozen=True)
class Module:
    """A module or development board: the pins on its left and right header, from the top."""

    chip: str
    flash_mb: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    # Wired on the module itself, not led out.
    inside: tuple[int, ...] = ()

    @property
    def pins(self) -> tuple[int, ...]:
        """Every pin that a board may name."""
        return tuple(sorted({*self.left, *self.right, *self.inside}))


MODULES = {
    "esp32-wroom-32e": Module(
        ESP32,
        4,
        (36, 39, 34, 35, 32, 33, 25, 26, 27, 14, 12, 13),
        (23, 22, 1, 3, 21, 19, 18, 5, 17, 16, 4, 0, 2, 15),
    ),
    "wt32-eth01": Module(
        ESP32,
        4,
        (32, 33, 5, 17),
        (39, 36, 15, 14, 12, 35, 4, 2, 3, 1, 0),
        (16, 18, 19, 21, 22, 23, 25, 26, 27),
    ),
    "raspberry-pi": Module(
        RASPBERRY_PI,
        0,
        (2, 3, 4, 17, 27, 22, 10, 9, 11, 5, 6, 13, 19, 26),
        (14, 15, 18, 23, 24, 25, 8, 7, 12, 16, 20, 21),
    ),
}
