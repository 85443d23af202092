"""A chain of WS2812 LEDs: bytes after a pause in, colours out.

Each LED keeps the first 24 bits that reach it (green, red, blue) and passes the rest on; the pause
that follows makes it show them. Fault: `broken_after` (the wire after that many LEDs is cut).
Source: WS2812B datasheet, "Data transfer time", "Composition of 24 bit data".
"""

OFF = "off"
_LEAST = 12  # of 255: darker is not seen in a lit hall


class PixelChain:
    """`count` LEDs, dark until they are told otherwise."""

    def __init__(self, count: int) -> None:
        self.colours = [(0, 0, 0)] * count  # red, green, blue
        self.broken_after: int | None = None

    def transfer(self, data: bytes) -> None:
        """What goes in between two pauses; LEDs that nothing reaches keep their colour."""
        reached = len(self.colours) if self.broken_after is None else self.broken_after
        for place in range(min(reached, len(data) // 3)):
            green, red, blue = data[3 * place : 3 * place + 3]
            self.colours[place] = (red, green, blue)

    def seen(self) -> str:
        """The colour a person names, "mixed" when the LEDs differ."""
        names = {colour_name(colour) for colour in self.colours}
        return names.pop() if len(names) == 1 else "mixed"

    def power_cut(self) -> None:
        """The supply fails and comes back: dark."""
        self.colours = [(0, 0, 0)] * len(self.colours)


def colour_name(colour: tuple[int, int, int]) -> str:
    """off, red, amber, green, blue or white, whatever the brightness."""
    most = max(colour)
    if most < _LEAST:
        return OFF
    red, green, blue = (10 * part // most for part in colour)
    if min(red, green, blue) >= 7:
        return "white"
    if blue == 10:
        return "blue"
    if green == 10:
        return "green"
    return "amber" if green >= 2 else "red"
