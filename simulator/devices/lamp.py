"""An overtime lamp: relay outputs switched by a node -> the colour a person sees.

Three channels (red, amber, green), level 1 lit. Red with green and no amber bulb is an RGB lamp's
amber. Whether it blinks is seen, not told: a channel that changed at least three times in the
last `BLINK_WINDOW_MS` blinks.
Fault knobs: `dead` (channels whose bulb is gone), `welded` (channels whose relay is stuck on),
`unplugged` (no supply: all dark). Every change of a level is kept in `history`.
"""

from dataclasses import dataclass

CHANNELS = ("red", "amber", "green")
OFF = "off"
BLINK_WINDOW_MS = 2_500

RGB = {
    OFF: (38, 41, 46),
    "red": (255, 59, 48),
    "amber": (255, 176, 32),
    "green": (52, 199, 89),
}


@dataclass(frozen=True)
class LampView:
    """What is seen: the colour shown (also in the dark phase of a blink), and lit or not now."""

    colour: str
    lit: bool
    blinking: bool
    rgb: tuple[int, int, int]


class Lamp:
    """One lamp with three relay channels."""

    def __init__(self) -> None:
        self.levels = dict.fromkeys(CHANNELS, 0)
        self.history: list[tuple[int, str, int]] = []
        self.dead: set[str] = set()
        self.welded: set[str] = set()
        self.unplugged = False

    def set_level(self, channel: str, level: int, now_ms: int) -> None:
        """Drive one relay; the same level again is no change."""
        if channel not in self.levels:
            raise ValueError(f"lamp has no channel {channel!r}; it has {', '.join(CHANNELS)}")
        if self.levels[channel] != level:
            self.levels[channel] = level
            self.history.append((now_ms, channel, level))

    def view(self, now_ms: int) -> LampView:
        """What is seen at `now_ms`."""
        burning = [channel for channel in CHANNELS if self._burns(channel)]
        blinking = [] if self.unplugged else self._blinking_channels(now_ms)
        colour = _mixed(burning or blinking)
        lit = bool(burning)
        return LampView(colour, lit, bool(blinking), RGB[colour if lit else OFF])

    def _burns(self, channel: str) -> bool:
        if self.unplugged or channel in self.dead:
            return False
        return bool(self.levels[channel]) or channel in self.welded

    def _blinking_channels(self, now_ms: int) -> list[str]:
        changes = dict.fromkeys(CHANNELS, 0)
        for at_ms, channel, _ in reversed(self.history):
            if at_ms <= now_ms - BLINK_WINDOW_MS:
                break
            changes[channel] += 1
        still = self.dead | self.welded
        return [channel for channel in CHANNELS if changes[channel] >= 3 and channel not in still]


def _mixed(channels: list[str]) -> str:
    """Several at once: red with green is amber, else the more urgent one is what is seen."""
    if channels == ["red", "green"]:
        return "amber"
    return channels[0] if channels else OFF
