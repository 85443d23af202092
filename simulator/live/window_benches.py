"""The parts at a window: call pad, lamp, sign, rating pad, each down to its bytes or levels."""

import base64
import random

from firmware.drivers.pi.glyphs import LedFont
from firmware.drivers.pi.wall_picture import (
    SIGN_HEIGHT,
    SIGN_WIDTH,
    WALL_HEIGHT,
    WALL_WIDTH,
    sign_frame,
    wall_frame,
)
from firmware.logic import events
from gateway.core.json import JsonObject
from protocols.peripherals import max7219, tm1637
from simulator.devices.display4 import Display4
from simulator.devices.lamp import CHANNELS, OFF, Lamp
from simulator.devices.led_chain import LedChain
from simulator.live.bench import Bench, Event
from simulator.live.clock import steady_ms
from simulator.live.keyboard import Keyboard

BRIGHTNESS = 7
LAMP_HISTORY = 64


class PadBench(Bench):
    """Nine keys, a TM1637 with four digits, a status light, a beeper."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.display = Display4()
        self.keyboard = Keyboard(9, self._edge, rng)
        self.light = "off"
        self.refusals = 0

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """Digits, light, beep."""
        if effect[0] == events.DISPLAY:
            for transaction in tm1637.show(str(effect[1]), BRIGHTNESS, colon=False):
                self.display.transact(transaction)
        elif effect[0] == events.LIGHT:
            self.light = str(effect[1])
        elif effect[0] == events.BEEP and effect[1] == "refused":
            self.refusals += 1

    def _edge(self, index: int, level: int) -> None:
        self._post((events.KEY, index, level))


class RatingBench(Bench):
    """Five keys with faces that light up."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.keyboard = Keyboard(5, self._edge, rng)
        self.mode, self.number, self.officer, self.grade = "closed", "", "", 0

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """The face shown."""
        if effect[0] == events.FACE:
            _, mode, number, officer, grade = effect
            self.mode, self.number, self.officer = str(mode), str(number), str(officer)
            self.grade = int(str(grade))

    def _edge(self, index: int, level: int) -> None:
        self._post((events.KEY, index, level))


class LampBench(Bench):
    """Three relays and three bulbs."""

    def __init__(self) -> None:
        super().__init__()
        self.lamp = Lamp()

    def apply(self, effect: Event, now_ms: int) -> None:
        """Switch the relays to a colour."""
        if effect[0] == events.LAMP:
            for channel in CHANNELS:
                lit = effect[1] == channel and effect[1] != OFF
                self.lamp.set_level(channel, 1 if lit else 0, now_ms)
            del self.lamp.history[:-LAMP_HISTORY]


class LedBench(Bench):
    """A panel of MAX7219 blocks: text is drawn, encoded, shifted out and decoded again."""

    def __init__(self, font: LedFont, width: int, height: int) -> None:
        super().__init__()
        self.chain = LedChain(width, height)
        self.font = font
        for transfer in max7219.start(width, height, BRIGHTNESS):
            self.chain.transfer(transfer)

    def show(self, frame: bytes) -> None:
        """Shift a picture out to the chips."""
        for transfer in max7219.frame_transfers(frame, self.chain.width, self.chain.height):
            self.chain.transfer(transfer)

    def pixels(self) -> str:
        """What the chips light now, as base64 of the bits."""
        return base64.b64encode(self.chain.frame()).decode()


class SignBench(LedBench):
    """The sign above a window."""

    def __init__(self, font: LedFont) -> None:
        super().__init__(font, SIGN_WIDTH, SIGN_HEIGHT)
        self.mode = events.STALE

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """Draw the sign."""
        if effect[0] == events.SIGN:
            _, mode, number, _ = effect
            self.mode = str(mode)
            self.show(sign_frame(self.font, self.mode, str(number)))


class WallBench(LedBench):
    """The LED wall."""

    def __init__(self, font: LedFont) -> None:
        super().__init__(font, WALL_WIDTH, WALL_HEIGHT)
        self.mode = events.STALE

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """Draw the wall."""
        if effect[0] == events.ROWS:
            _, mode, rows, page, waiting, _ = effect
            self.mode = str(mode)
            assert isinstance(rows, tuple)
            self.show(wall_frame(self.font, self.mode, rows, str(page), int(str(waiting))))


def lamp_view(bench: LampBench) -> JsonObject:
    """Colour and blinking as seen now."""
    seen = bench.lamp.view(steady_ms())
    return {"colour": seen.colour, "lit": seen.lit, "blinking": seen.blinking}
