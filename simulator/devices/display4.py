"""A TM1637 four-digit display: bus transactions in, lit segments out.

A transaction is the bytes between a start and a stop condition. The chip keeps six digits of
memory; four are wired. Fault knobs: `unplugged` (nothing arrives, all dark), `dead_segments`
(a mask, for every digit, of segments that never light).
Source: TM1637 datasheet: data command 0x40-0x4F, address 0xC0-0xC5, control 0x80-0x8F.
"""

from protocols.peripherals import tm1637

_LETTERS: dict[int, str] = {}
for _letter, _segments in tm1637.SHAPES.items():
    _LETTERS.setdefault(_segments, _letter)


class Display4:
    """One display; dark until it is told otherwise."""

    def __init__(self) -> None:
        self.memory = bytearray(6)
        self.on = False
        self.brightness = 0
        self.unplugged = False
        self.dead_segments = bytes(tm1637.DIGITS)
        self.unknown: list[bytes] = []
        self._fixed_address = False

    def transact(self, data: bytes) -> None:
        """Take one transaction; one that the chip does not know is kept in `unknown`."""
        if self.unplugged:
            return
        command = data[0] & 0xC0 if data else 0
        if command == 0x40 and len(data) == 1 and not data[0] & 0x0B:
            self._fixed_address = bool(data[0] & 0x04)
        elif command == 0xC0 and data[0] & 0x0F < 6 and len(data) > 1:
            self._write(data[0] & 0x0F, data[1:])
        elif command == 0x80 and len(data) == 1:
            self.on = bool(data[0] & 0x08)
            self.brightness = data[0] & 0x07
        else:
            self.unknown.append(bytes(data))

    def _write(self, address: int, digits: bytes) -> None:
        for place, digit in enumerate(digits):
            at = address if self._fixed_address else address + place
            if at < len(self.memory):
                self.memory[at] = digit

    def segments(self) -> bytes:
        """What is lit on the four digits now: bit 0 is segment a, bit 6 is g, bit 7 the point."""
        if not self.on or self.unplugged:
            return bytes(tm1637.DIGITS)
        wired = zip(self.memory[: tm1637.DIGITS], self.dead_segments, strict=True)
        return bytes(digit & ~dead & 0xFF for digit, dead in wired)

    def text(self) -> str:
        """What a person reads; '?' for a shape that is no character. Points are left out."""
        return "".join(_LETTERS.get(digit & 0x7F, "?") for digit in self.segments())

    def power_cut(self) -> None:
        """The supply fails and comes back: dark and empty."""
        self.memory = bytearray(6)
        self.on = False
        self.brightness = 0
        self._fixed_address = False
