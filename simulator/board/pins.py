"""The lines of a chip: who drives them, who pulls them, what one reads there. Pure."""

from collections.abc import Callable

IN, OUT, OPEN_DRAIN = "in", "out", "open_drain"
PINS_MAX = 40
# Pins from here on have no output and no pull-up (ESP32 datasheet, table 2).
INPUT_ONLY_FROM = 34


class Pins:
    """A line is low when anybody pulls it low; with nobody at all on it, it is at `floating`."""

    def __init__(self, floating: int = 1) -> None:
        self.modes: dict[int, str] = {}
        self.driven: dict[int, int] = {}
        self.pulled_up: set[int] = set()  # by a resistor, beside the chip or in it
        self.pulled_low: set[int] = set()  # by what hangs on the line
        # Rows and columns joined by keys that are down: column -> row.
        self.bridges: dict[int, set[int]] = {}
        self.watchers: list[Callable[[int], None]] = []
        self._floating = floating
        self._pulled_inside: set[int] = set()

    def configure(self, pin: int, mode: str, pull_up: bool) -> None:
        """The chip sets a pin up."""
        assert mode == IN or pin < INPUT_ONLY_FROM, f"pin {pin} can only read"
        assert not pull_up or pin < INPUT_ONLY_FROM, f"pin {pin} has no pull-up"
        self.modes[pin] = mode
        if pull_up:
            self._pulled_inside.add(pin)
        else:
            self._pulled_inside.discard(pin)
        if mode == IN:
            self.driven.pop(pin, None)
            self._changed(pin)

    def drive(self, pin: int, level: int) -> None:
        """The chip's own output."""
        assert self.modes[pin] in (OUT, OPEN_DRAIN), f"pin {pin} is no output"
        self.driven[pin] = level
        self._changed(pin)

    def level(self, pin: int) -> int:
        """What one reads at the line now."""
        if pin in self.pulled_low or self.driven.get(pin) == 0:
            return 0
        if any(self.driven.get(row) == 0 for row in self.bridges.get(pin, ())):
            return 0
        is_driven = self.modes.get(pin) == OUT and self.driven.get(pin) == 1
        if is_driven or pin in self.pulled_up or pin in self._pulled_inside:
            return 1
        return self._floating

    def reset(self) -> None:
        """Every pin is an input without pull-up; what hangs on the lines stays."""
        driven = sorted(self.driven)
        self.modes.clear()
        self.driven.clear()
        self._pulled_inside.clear()
        for pin in driven:
            self._changed(pin)

    def _changed(self, pin: int) -> None:
        for watcher in self.watchers:
            watcher(pin)
