"""What a `board.toml` may say, and the rules a board must keep. Pure: values in, a Board out.

Rules (each with its reason in the error): a signal has one pin and a pin one signal; every signal
is used, by one part; a pin can do what its part needs; flash, console and, on Ethernet boards, RMII
pins are not for parts; a strapping pin carries only an output (or the RMII clock), and says under
`[strapping]` why that does not disturb the start; a board has all the parts its kinds of node need.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from boards import chips
from boards.parts import (
    ESP32_DRIVERS,
    IN,
    IN_PULLED,
    NEEDS,
    OUT,
    PI_DRIVERS,
    Driver,
    Options,
    Role,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Signal = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,15}$")]
Text = Annotated[str, StringConstraints(min_length=3, max_length=200)]
Kind = Literal["pad", "wall", "sign", "lamp", "ticket", "voice", "rating"]

DRIVERS = {chips.ESP32: ESP32_DRIVERS, chips.RASPBERRY_PI: PI_DRIVERS}
ETHERNET = "network"  # the owner of the signals of RMII


class Table(BaseModel):
    """One table of a board file; an option nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Table):
    """What is printed on the box."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Power(Table):
    supply: Text
    current_ma_max: int = Field(ge=10, le=20_000)


class Network(Table):
    """`lan8720` needs mdc, mdio and clock, and power when a pin switches the PHY or its clock."""

    type: Literal["wifi", "lan8720", "host"]
    mdc: Signal | None = None
    mdio: Signal | None = None
    clock: Signal | None = None
    clock_direction: Literal["in", "out"] = "in"
    power: Signal | None = None
    phy_address: int = Field(default=1, ge=0, le=31)

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that are the network's own."""
        return tuple(s for s in (self.mdc, self.mdio, self.clock, self.power) if s is not None)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type == "lan8720":
            missing = [n for n in ("mdc", "mdio", "clock") if getattr(self, n) is None]
            if missing:
                raise ValueError(
                    f"lan8720 needs {', '.join(missing)}: name its signal in [network]"
                )
        elif self.signals:
            raise ValueError(f"type {self.type!r} has no pins: delete {', '.join(self.signals)}")
        return self


class Part(Table):
    """One part: its driver, its signals by role, its options."""

    driver: str
    pins: dict[str, tuple[Signal, ...]] = {}
    options: dict[str, int | str | bool] = {}

    @property
    def signals(self) -> tuple[str, ...]:
        """All its signals, in the order of the file."""
        return tuple(signal for signals in self.pins.values() for signal in signals)


class Board(Table):
    """A whole board. `pins` is signal -> number of the chip's pin."""

    version: Literal[1]
    name: Name
    kinds: tuple[Kind, ...] = Field(min_length=1)
    chip: Literal["esp32", "raspberry-pi"]
    module: str
    label: Label
    power: Power
    network: Network
    pins: dict[Signal, int] = {}
    part: tuple[Part, ...] = Field(min_length=1)
    strapping: dict[Signal, Text] = {}

    @cached_property
    def drivers(self) -> dict[str, Driver]:
        """The drivers this chip has."""
        return DRIVERS[self.chip]

    @cached_property
    def wiring(self) -> dict[str, int]:
        """Every signal and its pin, with those the chip fixes for RMII."""
        fixed = chips.RMII_PINS if self.network.type == "lan8720" else {}
        return {**self.pins, **fixed}

    @cached_property
    def owner_of(self) -> dict[str, str]:
        """Signal -> driver of its part, or ETHERNET."""
        owners = dict.fromkeys((*self.network.signals, *chips.RMII_PINS), ETHERNET)
        owners = {signal: owner for signal, owner in owners.items() if signal in self.wiring}
        for part in self.part:
            owners |= dict.fromkeys(part.signals, part.driver)
        return owners

    def options_of(self, part: Part) -> Options:
        """The options of a part, checked, with the defaults."""
        return self.drivers[part.driver].options.model_validate(part.options)

    def direction_of(self, part: Part, role: Role) -> str:
        """What the pins of a role must be able to do on this board."""
        if role.direction == IN_PULLED and getattr(self.options_of(part), "pull", "") == "external":
            return IN
        return role.direction

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        module = chips.MODULES.get(self.module)
        if module is None or module.chip != self.chip:
            fitting = [name for name, each in chips.MODULES.items() if each.chip == self.chip]
            raise ValueError(f"module {self.module!r}: there are {', '.join(sorted(fitting))}")
        self._check_parts()
        self._check_signals()
        if self.chip == chips.ESP32:
            for signal, pin in self.wiring.items():
                self._check_pin(signal, pin, module)
            self._check_network()
            self._check_directions()
            self._check_strapping()
        self._check_needs()
        return self

    def _check_parts(self) -> None:
        for index, part in enumerate(self.part, 1):
            where = f"part[{index}]"
            driver = self.drivers.get(part.driver)
            if driver is None:
                known = ", ".join(sorted(self.drivers))
                raise ValueError(f"{where}.driver {part.driver!r}: there is {known}")
            if set(part.pins) != set(driver.roles):
                wanted = ", ".join(driver.roles) or "none"
                raise ValueError(f"{where}.pins: {part.driver} has the roles {wanted}")
            for name, role in driver.roles.items():
                if not role.least <= len(part.pins[name]) <= role.most:
                    count = f"{role.least} to {role.most}" if role.most > role.least else role.least
                    raise ValueError(
                        f"{where}.pins.{name}: {len(part.pins[name])} signals; it takes {count}"
                    )
            self.options_of(part)

    def _check_signals(self) -> None:
        used: set[str] = set(self.network.signals)
        for index, part in enumerate(self.part, 1):
            for signal in part.signals:
                if signal not in self.pins:
                    raise ValueError(f"part[{index}].pins: {signal!r} has no pin: add it to [pins]")
                if signal in used:
                    raise ValueError(f"part[{index}].pins: {signal!r} is used twice")
                used.add(signal)
        for signal in self.network.signals:
            if signal not in self.pins:
                raise ValueError(f"network: {signal!r} has no pin: add it to [pins]")
        for signal in self.pins:
            if signal not in used:
                raise ValueError(f"pins.{signal}: no part uses it: delete it")
        taken: dict[int, str] = {}
        for signal, pin in self.wiring.items():
            if pin in taken:
                raise ValueError(f"pins.{signal}: pin {pin} is already {taken[pin]}")
            taken[pin] = signal

    def _check_pin(self, signal: str, pin: int, module: chips.Module) -> None:
        if pin in chips.FLASH_PINS:
            raise ValueError(f"pins.{signal}: pin {pin} belongs to the flash; choose another")
        if pin in chips.CONSOLE_PINS:
            raise ValueError(f"pins.{signal}: pin {pin} is the console that a board is flashed by")
        if pin not in module.pins:
            raise ValueError(f"pins.{signal}: {self.module} does not lead out pin {pin}")

    def _check_network(self) -> None:
        network = self.network
        if network.type == "host":
            raise ValueError("network.type: 'host' is for a Raspberry Pi; use wifi or lan8720")
        if network.clock is None:
            return
        pin = self.pins[network.clock]
        allowed = chips.CLOCK_IN_PINS if network.clock_direction == "in" else chips.CLOCK_OUT_PINS
        if pin not in allowed:
            listed = ", ".join(map(str, allowed))
            raise ValueError(
                f"network.clock: an RMII clock {network.clock_direction} is on {listed}, not {pin}"
            )

    def _check_directions(self) -> None:
        for part in self.part:
            for name, role in self.drivers[part.driver].roles.items():
                direction = self.direction_of(part, role)
                for signal in part.pins[name]:
                    if self.pins[signal] in chips.INPUT_ONLY_PINS and direction != IN:
                        raise ValueError(
                            f"pins.{signal}: pin {self.pins[signal]} can only read, without a "
                            f"pull-up; {part.driver} needs {direction}"
                        )
        for signal in self.network.signals:
            if self.pins[signal] in chips.INPUT_ONLY_PINS:
                raise ValueError(f"pins.{signal}: pin {self.pins[signal]} can only read")

    def _check_strapping(self) -> None:
        outputs = {
            signal
            for part in self.part
            for name, role in self.drivers[part.driver].roles.items()
            if role.direction == OUT
            for signal in part.pins[name]
        }
        for signal, pin in self.wiring.items():
            if pin not in chips.STRAPPING_PINS:
                continue
            what = f"pins.{signal}: pin {pin} is read while the chip starts"
            if signal not in outputs and signal != self.network.clock:
                raise ValueError(
                    f"{what} ({chips.STRAPPING_PINS[pin]}): only an output may be there"
                )
            if signal not in self.strapping:
                raise ValueError(f"{what}: say under [strapping] why {signal} does no harm there")
        for signal in self.strapping:
            if self.wiring.get(signal) not in chips.STRAPPING_PINS:
                raise ValueError(f"strapping.{signal}: is not on a strapping pin: delete it")

    def _check_needs(self) -> None:
        effects = {effect for part in self.part for effect in self.drivers[part.driver].effects}
        keys = 0
        for part in self.part:
            counts = [len(signals) for signals in part.pins.values()]
            if self.drivers[part.driver].keys == "one each":
                keys += sum(counts)
            elif self.drivers[part.driver].keys == "matrix":
                keys += counts[0] * counts[1]
        for kind in self.kinds:
            needed, key_count = NEEDS[kind]
            missing = sorted(needed - effects)
            if missing:
                raise ValueError(f"kinds: a {kind} needs a part for {', '.join(missing)}")
            if keys != key_count:
                raise ValueError(f"kinds: a {kind} has {key_count} keys, this board {keys}")
