"""The parts on a node's pins: they take its effects and show what a person sees.

One class per kind of node. `apply` takes one effect of `firmware.logic.events`; what is physical
goes through the byte-level models of `simulator.devices`. `power_off` is the node losing its
supply; the printer and the loudspeaker have their own and go on.
"""

import random
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from protocols.announcement import CHIME, announcement_tokens
from protocols.peripherals import tm1637
from simulator.devices.display4 import Display4
from simulator.devices.keys import Key
from simulator.devices.speaker import Speaker
from simulator.virtual_time import Timeline

BRIGHTNESS = 5
# Lengths of the clips that `simulator.voice_synthesis` makes, so that a run needs no sound files
# and is the same wherever it runs.
CLIP_MS = {"chime": 1300, "chongfu": 1520, "chuangkou": 840, "dao": 260, "hao": 360, "pause": 600}
CLIP_MS |= {"qing": 500, "shi": 400, "yao": 300}
CLIP_MS |= dict(zip("0123456789", (460, 300, 300, 400, 320, 360, 320, 360, 280, 380), strict=True))
CLIP_MS |= dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 400)
GAP_MS = 40
READINGS = 1
# Longer than a finger: a key that is held down by something else.
HELD_MS = 3000

Effect = tuple[Any, ...]  # as firmware.logic.events says: the shapes differ by kind
Input = Callable[[Effect], None]
Changed = Callable[[], None]


class Device:
    """What all kinds have: a way to tell the node, and somebody who looks."""

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        self.timeline = timeline
        self.tell = tell
        self.on_change: Changed = _nobody

    def apply(self, effect: Effect) -> None:
        """Carry out one effect."""
        raise NotImplementedError(effect[0])

    def power_on(self) -> list[Effect]:
        """The node starts; what its pins tell it before ("start",)."""
        return []

    def power_off(self) -> None:
        """The node loses its supply."""

    def seen(self) -> str:
        """What it shows, for the trace; "" when that changes by itself all the time."""
        return ""


def _nobody() -> None:
    """Nobody looks."""


class KeyPanel:
    """Keys under fingers: contact bounce in, raw edges out."""

    def __init__(self, timeline: Timeline, tell: Input, rng: random.Random, count: int) -> None:
        self.keys = [Key() for _ in range(count)]
        self._timeline = timeline
        self._tell = tell
        self._rng = rng
        self._levels = [0] * count
        self._free_ms = [0] * count

    def press(self, index: int, hold_ms: int) -> int | None:
        """A finger goes down now, or as soon as it has come up from the press before.

        When that is; None on a key that is held down by something else: nothing happens.
        """
        now_ms = self._timeline.now_ms
        if self._free_ms[index] > now_ms + HELD_MS:
            return None
        at_ms = max(now_ms, self._free_ms[index])
        edges = self.keys[index].press(at_ms, hold_ms, self._rng)
        for edge_ms, level in edges:
            self._timeline.at(edge_ms, self._edge, index, 1 - level)
            self._free_ms[index] = edge_ms + 40
        return at_ms

    def spike(self, index: int) -> None:
        """A relay nearby makes a spike on the line of a key: no finger, no press."""
        if self._free_ms[index] <= self._timeline.now_ms:
            for edge_ms, level in self.keys[index].glitch(self._timeline.now_ms):
                self._timeline.at(edge_ms, self._edge, index, 1 - level)

    def held_down(self) -> list[Effect]:
        """The levels a starting node finds."""
        return [("key", index, 1) for index, level in enumerate(self._levels) if level]

    def _edge(self, index: int, level: int) -> None:
        self._levels[index] = level
        self._tell(("key", index, level))


class PadDevice(Device):
    """Nine keys, a TM1637 with four digits, a light, a beeper."""

    def __init__(self, timeline: Timeline, tell: Input, rng: random.Random) -> None:
        super().__init__(timeline, tell)
        self.panel = KeyPanel(timeline, tell, rng, 9)
        self.on_press: Callable[[int, int], None] | None = None
        self.display = "    "
        self.light = "off"
        self.light_since_ms = 0
        self._digits = Display4()

    def press(self, key: int, hold_ms: int) -> None:
        """A finger on a key; see `KeyPanel`."""
        at_ms = self.panel.press(key, hold_ms)
        if at_ms is not None:
            self.timeline.at(at_ms, self._goes_down, key, hold_ms)

    def _goes_down(self, key: int, hold_ms: int) -> None:
        if self.on_press is not None:
            self.on_press(key, hold_ms)

    def apply(self, effect: Effect) -> None:
        if effect[0] == "display":
            for transaction in tm1637.show(effect[1], BRIGHTNESS, False):
                self._digits.transact(transaction)
            self.display = self._digits.text().upper()
        elif effect[0] == "light":
            self.light = effect[1]
            self.light_since_ms = self.timeline.now_ms
        elif effect[0] == "beep":
            return
        else:
            super().apply(effect)
        self.on_change()

    def power_on(self) -> list[Effect]:
        return self.panel.held_down()

    def power_off(self) -> None:
        self._digits.power_cut()
        self.display = "    "
        self.light = "off"
        self.light_since_ms = self.timeline.now_ms
        self.on_change()

    def seen(self) -> str:
        return f"[{self.display}] {self.light}"


class SignDevice(Device):
    """The sign above a window."""

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        super().__init__(timeline, tell)
        self.mode = "dark"
        self.number = ""
        self.window = ""

    def apply(self, effect: Effect) -> None:
        if effect[0] != "sign":
            super().apply(effect)
        _, self.mode, self.number, self.window = effect
        self.on_change()

    def power_off(self) -> None:
        self.mode, self.number, self.window = "dark", "", ""
        self.on_change()

    def seen(self) -> str:
        return f"{self.mode} {self.number}"


class WallDevice(Device):
    """The LED wall: rows of (number, window), whatever the phase of their flashing."""

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        super().__init__(timeline, tell)
        self.mode = "dark"
        self.rows: tuple[tuple[str, str], ...] = ()
        self.waiting = 0

    def apply(self, effect: Effect) -> None:
        if effect[0] != "rows":
            super().apply(effect)
        rows = tuple((number, window) for number, window, _, _ in effect[2])
        picture = (effect[1], rows, effect[4])
        if picture != (self.mode, self.rows, self.waiting):
            self.mode, self.rows, self.waiting = picture
            self.on_change()

    def power_off(self) -> None:
        self.mode, self.rows, self.waiting = "dark", (), 0
        self.on_change()

    def seen(self) -> str:
        return f"{self.mode} {' '.join('>'.join(row) for row in self.rows)} +{self.waiting}"


class LampDevice(Device):
    """The overtime lamp: its colours of the last seconds, because blinking is seen over time."""

    SEEN_MS = 2500

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        super().__init__(timeline, tell)
        self.colour = "dark"
        self.history: list[tuple[int, str]] = []

    def apply(self, effect: Effect) -> None:
        if effect[0] != "lamp":
            super().apply(effect)
        self._show(effect[1])

    def power_off(self) -> None:
        self._show("dark")

    def _show(self, colour: str) -> None:
        self.colour = colour
        now_ms = self.timeline.now_ms
        if self.history and self.history[-1][0] == now_ms:
            del self.history[-1]  # nobody sees what is over at the same instant
        self.history.append((now_ms, colour))
        if len(self.history) > 12:
            del self.history[0]

    def looks(self) -> tuple[str, bool]:
        """(colour, blinking) as seen over the last seconds; dark phases do not count as off.

        What was lit in another colour before is over, and no part of a blinking.
        """
        start_ms = self.timeline.now_ms - self.SEEN_MS
        recent = [colour for at_ms, colour in self.history if at_ms > start_ms]
        lit = next((colour for colour in reversed(recent) if colour != "off"), "off")
        alike = list(takewhile(lambda colour: colour in (lit, "off"), reversed(recent)))
        return (lit, True) if len(alike) >= 3 else (self.colour, False)


class FaceDevice(Device):
    """The rating pad: five keys, five faces."""

    def __init__(self, timeline: Timeline, tell: Input, rng: random.Random) -> None:
        super().__init__(timeline, tell)
        self.panel = KeyPanel(timeline, tell, rng, 5)
        self.on_press: Callable[[int, int], None] | None = None
        self.mode = "dark"
        self.was = "dark"
        self.number = ""

    def press(self, key: int, hold_ms: int) -> None:
        """A finger on a face."""
        at_ms = self.panel.press(key, hold_ms)
        if at_ms is not None:
            self.timeline.at(at_ms, self._goes_down, key, hold_ms)

    def _goes_down(self, key: int, hold_ms: int) -> None:
        if self.on_press is not None:
            self.on_press(key, hold_ms)

    def apply(self, effect: Effect) -> None:
        if effect[0] != "face":
            super().apply(effect)
        self.was = self.mode
        self.mode, self.number = effect[1], effect[2]
        self.on_change()

    def power_on(self) -> list[Effect]:
        return self.panel.held_down()

    def power_off(self) -> None:
        self.was, self.mode, self.number = self.mode, "dark", ""
        self.on_change()

    def seen(self) -> str:
        return f"{self.mode} {self.number}"


class VoiceDevice(Device):
    """The loudspeaker; it has its own supply and talks on when its node restarts."""

    def __init__(self, timeline: Timeline, tell: Input) -> None:
        super().__init__(timeline, tell)
        self.speaker = Speaker(CLIP_MS, GAP_MS)
        self.on_speech: Callable[[str, str, str], None] | None = None

    def apply(self, effect: Effect) -> None:
        if effect[0] == "speak":
            _, job, number, window, again = effect
            self._play(job, announcement_tokens(number, int(window), READINGS, again))
            if self.on_speech is not None and not self.speaker.unplugged:
                self.on_speech(job, number, window)
        elif effect[0] == "chime":
            self._play(effect[1], (CHIME,))
        else:
            super().apply(effect)

    def _play(self, job: str, tokens: tuple[str, ...]) -> None:
        self.speaker.play(job, tokens, self.timeline.now_ms)
        self.timeline.after(self.speaker.length_ms(tokens), self._ended)

    def plug_speaker(self) -> None:
        """The loudspeaker is heard again."""
        self.speaker.unplugged = False
        self._ended()

    def _ended(self) -> None:
        for utterance in self.speaker.take_finished(self.timeline.now_ms):
            self.tell(("spoken", utterance.job))
