"""Keys: levels of pins -> ("key", index, level) on every change, 1 is down; bounce and all.

They are polled every few milliseconds by the shell's loop, not by interrupts: on this chip a
handler runs between bytecodes, so it would come no earlier than the next turn of the loop, and a
queue of edges could overflow and leave a key down for ever. A level that is read is right.
Keys that are down at the first poll are told then, before ("start",): held down at boot.
MicroPython subset.
"""

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.part import Part
from firmware.logic import events

# A column follows its row within nanoseconds; long wires take longer.
SETTLE_US = 5


class Keys(Part):
    """One pin for each key, low while it is down."""

    def __init__(self, pins: list[int], pull_up: bool) -> None:
        self._pins = [hal.key_input(pin, pull_up) for pin in pins]
        self._levels = [0] * len(pins)

    def poll(self) -> list[tuple]:
        """The keys whose level has changed."""
        found: list[tuple] = []
        for index in range(len(self._pins)):
            level = 0 if self._pins[index].value() else 1
            if level != self._levels[index]:
                self._levels[index] = level
                found.append((events.KEY, index, level))
        return found


class KeyMatrix(Part):
    """Rows pulled low one after the other, columns read; keys counted row by row."""

    def __init__(self, rows: list[int], columns: list[int], pull_up: bool) -> None:
        self._rows = [hal.open_drain(pin) for pin in rows]
        self._columns = [hal.key_input(pin, pull_up) for pin in columns]
        self._levels = [0] * (len(rows) * len(columns))

    def poll(self) -> list[tuple]:
        """The keys whose level has changed."""
        found: list[tuple] = []
        index = 0
        for row in self._rows:
            row.value(0)
            hal.sleep_us(SETTLE_US)
            for column in self._columns:
                level = 0 if column.value() else 1
                if level != self._levels[index]:
                    self._levels[index] = level
                    found.append((events.KEY, index, level))
                index += 1
            row.value(1)
        return found
