"""Which drivers there are: their module, the effects they carry out, their pins and options.

A driver is a file of `firmware/drivers`; a part on a board names it. The drivers themselves check
nothing of what stands here: a board that loads has been checked on the technician's computer.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# What a pin has to be able to do.
OUT = "output"
OPEN_DRAIN = "open drain"
IN = "input"  # with a pull-up beside the chip
IN_PULLED = "input with pull-up"  # the chip's own

Brightness = Annotated[int, Field(ge=1, le=255)]


class Options(BaseModel):
    """No options."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KeyOptions(Options):
    """`external`: resistors pull the keys up; pins 34 to 39 need that."""

    pull: Literal["internal", "external"] = "internal"


class Tm1637Options(Options):
    brightness: int = Field(default=5, ge=0, le=7)


class Max7219Options(Options):
    """A chain of 8 x 8 blocks on a hardware SPI."""

    width: int = Field(ge=8, le=128, multiple_of=8)
    height: int = Field(default=16, ge=16, le=16)
    brightness: int = Field(default=4, ge=0, le=15)
    spi: Literal[1, 2] = 2
    baud_hz: int = Field(default=1_000_000, ge=100_000, le=10_000_000)


class SwitchOptions(Options):
    """`active_low`: low switches on, as most relay boards want it."""

    active_low: bool = False


class PixelLampOptions(Options):
    count: int = Field(ge=1, le=120)
    brightness: Brightness = 96


class PixelLightOptions(Options):
    brightness: Brightness = 48


@dataclass(frozen=True)
class Role:
    """The pins of one purpose: how many, and what they must be able to do."""

    direction: str
    least: int = 1
    most: int = 1


@dataclass(frozen=True)
class Driver:
    """`effects` are words of firmware.logic.events; a driver of keys has none, it makes events."""

    module: str
    effects: tuple[str, ...]
    roles: dict[str, Role]
    options: type[Options] = Options
    keys: Literal["", "one each", "matrix"] = ""


_ESP32 = "firmware.drivers.esp32."
ESP32_DRIVERS = {
    "keys": Driver(
        _ESP32 + "keys", (), {"keys": Role(IN_PULLED, 1, 16)}, KeyOptions, keys="one each"
    ),
    "key_matrix": Driver(
        _ESP32 + "keys",
        (),
        {"rows": Role(OPEN_DRAIN, 1, 8), "columns": Role(IN_PULLED, 1, 8)},
        KeyOptions,
        keys="matrix",
    ),
    "tm1637": Driver(
        _ESP32 + "tm1637",
        ("display",),
        {"clock": Role(OPEN_DRAIN), "data": Role(OPEN_DRAIN)},
        Tm1637Options,
    ),
    "max7219": Driver(
        _ESP32 + "max7219",
        ("sign",),
        {"clock": Role(OUT), "data": Role(OUT), "load": Role(OUT)},
        Max7219Options,
    ),
    "relays": Driver(
        _ESP32 + "relays",
        ("lamp",),
        {"red": Role(OUT), "amber": Role(OUT), "green": Role(OUT)},
        SwitchOptions,
    ),
    "pixel_lamp": Driver(_ESP32 + "pixels", ("lamp",), {"data": Role(OUT)}, PixelLampOptions),
    "pixel_light": Driver(_ESP32 + "pixels", ("light",), {"data": Role(OUT)}, PixelLightOptions),
    "rgb_light": Driver(
        _ESP32 + "leds",
        ("light",),
        {"red": Role(OUT), "green": Role(OUT), "blue": Role(OUT)},
        SwitchOptions,
    ),
    "face_leds": Driver(_ESP32 + "leds", ("face",), {"leds": Role(OUT, 5, 5)}, SwitchOptions),
    "beeper": Driver(_ESP32 + "beeper", ("beep",), {"output": Role(OUT)}),
}

# A Raspberry Pi drives its parts through USB, serial ports and buses of its own.
PI_DRIVERS = {
    "ticket_printer": Driver("firmware.drivers.pi.ticket_printer", ("print", "screen"), {}),
    "led_wall": Driver("firmware.drivers.pi.led_wall", ("rows",), {}),
    "voice_clips": Driver("firmware.drivers.pi.voice_clips", ("speak",), {}),
    "voice_chip": Driver("firmware.drivers.pi.voice_chip", ("speak",), {}),
}

# What a kind of node cannot do without: its effects, and how many keys.
NEEDS: dict[str, tuple[frozenset[str], int]] = {
    "pad": (frozenset({"display", "light", "beep"}), 9),
    "lamp": (frozenset({"lamp"}), 0),
    "sign": (frozenset({"sign"}), 0),
    "rating": (frozenset({"face"}), 5),
    "wall": (frozenset({"rows"}), 0),
    "ticket": (frozenset({"print", "screen"}), 0),
    "voice": (frozenset({"speak"}), 0),
}
