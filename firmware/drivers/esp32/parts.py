"""The parts of one board, made from `board.json`: effects go to those that take them.

A driver's module is imported only where the board has such a part, because memory is small. What
a board lacks was refused where its file was checked (`boards`). MicroPython subset.
"""

from firmware.drivers.esp32.part import Part
from firmware.logic.timers import earlier


def make_part(driver: str, pins: dict, options: dict, read_glyphs) -> Part:  # type: ignore[no-untyped-def]  # the subset has no Callable
    """One part. `pins`: role -> list of pins; `read_glyphs()` gives the bytes of glyphs.bin."""
    if driver == "keys":
        from firmware.drivers.esp32.keys import Keys

        return Keys(pins["keys"], options["pull"] == "internal")
    if driver == "key_matrix":
        from firmware.drivers.esp32.keys import KeyMatrix

        return KeyMatrix(pins["rows"], pins["columns"], options["pull"] == "internal")
    if driver == "tm1637":
        from firmware.drivers.esp32.tm1637 import Display

        return Display(pins["clock"][0], pins["data"][0], options["brightness"])
    if driver == "max7219":
        from firmware.drivers.esp32.glyphs import Glyphs
        from firmware.drivers.esp32.max7219 import Sign

        wires = (pins["clock"][0], pins["data"][0], pins["load"][0])
        return Sign(wires, options, Glyphs(read_glyphs()))
    return _make_light(driver, pins, options)


def _make_light(driver: str, pins: dict, options: dict) -> Part:
    if driver == "relays":
        from firmware.drivers.esp32.relays import Relays

        wires = (pins["red"][0], pins["amber"][0], pins["green"][0])
        return Relays(wires, options["active_low"])
    if driver == "pixel_lamp":
        from firmware.drivers.esp32.pixels import PixelLamp

        return PixelLamp(pins["data"][0], options["count"], options["brightness"])
    if driver == "pixel_light":
        from firmware.drivers.esp32.pixels import PixelLight

        return PixelLight(pins["data"][0], options["brightness"])
    if driver == "rgb_light":
        from firmware.drivers.esp32.leds import RgbLight

        return RgbLight(pins["red"] + pins["green"] + pins["blue"], options["active_low"])
    if driver == "face_leds":
        from firmware.drivers.esp32.leds import FaceLeds

        return FaceLeds(pins["leds"], options["active_low"])
    if driver == "beeper":
        from firmware.drivers.esp32.beeper import Beeper

        return Beeper(pins["output"][0])
    raise ValueError(f"board.json: driver {driver!r} is not in this firmware: update it")


class Parts:
    """All parts of a board."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Carry out one effect. Raises ValueError when no part takes it."""
        taken = False
        for part in self._parts:
            if effect[0] in part.takes:
                part.apply(effect, now_ms)
                taken = True
        if not taken:
            raise ValueError(f"effect {effect[0]!r}: this board has no part for it")

    def poll(self) -> list[tuple]:
        """What has happened at the pins, in the order of the parts."""
        found: list[tuple] = []
        for part in self._parts:
            found += part.poll()
        return found

    def wake(self, now_ms: int) -> None:
        """Time has passed."""
        for part in self._parts:
            part.wake(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is wanted at the latest."""
        deadline: int | None = None
        for part in self._parts:
            deadline = earlier(deadline, part.wake_at())
        return deadline


def make_parts(rows: list, read_glyphs) -> Parts:  # type: ignore[no-untyped-def]  # as above
    """The parts of the "parts" in `board.json`: [driver, pins, options] each."""
    return Parts([make_part(driver, pins, options, read_glyphs) for driver, pins, options in rows])
