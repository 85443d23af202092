"""A chain of MAX7219 chips at the level of its shift register: bytes in, lit LEDs out.

Every chip has a 16-bit shift register; bits leave it into the next chip. LOAD latches, in every
chip, the 16 bits it holds then: 4 bits of address, 8 of data. So a transfer that is too short
or too long does here what it does on the bench. The first chip drives the top left 8x8 block.

Also takes the place of luma's serial interface (`command`, `data`), one LOAD per call.
Fault knobs: `dead_chips` (dark, still passing bits on), `broken_after` (the wire after that many
chips is cut: the rest gets nothing), `unplugged` (nothing arrives).
Source: MAX7219 datasheet, tables 1, 2, 5 (code B), 7 and 8.
"""

from protocols.peripherals import max7219

# Code B, for chips left in decode mode by a driver's mistake: segments as bits G..A in 0..6.
_CODE_B = (
    0x7E,
    0x30,
    0x6D,
    0x79,
    0x33,
    0x5B,
    0x5F,
    0x70,
    0x7F,
    0x7B,
    0x01,
    0x4F,
    0x37,
    0x0E,
    0x67,
    0,
)


class Max7219Chip:
    """The registers of one chip, as they are after power-on: everything dark and shut down."""

    def __init__(self) -> None:
        self.shift = 0
        self.digits = bytearray(8)
        self.decode_mode = 0
        self.intensity = 0
        self.scan_limit = 0
        self.running = False
        self.display_test = False

    def latch(self) -> None:
        """LOAD rises: carry out what stands in the shift register."""
        address, value = self.shift >> 8 & 0x0F, self.shift & 0xFF
        if max7219.DIGIT_0 <= address <= max7219.DIGIT_0 + 7:
            self.digits[address - max7219.DIGIT_0] = value
        elif address == max7219.DECODE_MODE:
            self.decode_mode = value
        elif address == max7219.INTENSITY:
            self.intensity = value & 0x0F
        elif address == max7219.SCAN_LIMIT:
            self.scan_limit = value & 0x07
        elif address == max7219.SHUTDOWN:
            self.running = bool(value & 0x01)
        elif address == max7219.DISPLAY_TEST:
            self.display_test = bool(value & 0x01)

    def columns(self) -> bytes:
        """What each of the 8 digit lines lights now, bit 0 at the top."""
        if self.display_test:
            return b"\xff" * 8
        if not self.running:
            return bytes(8)
        lit = bytearray(8)
        for digit in range(self.scan_limit + 1):
            value = self.digits[digit]
            if self.decode_mode >> digit & 1:
                value = _CODE_B[value & 0x0F] | value & 0x80
            lit[digit] = value
        return bytes(lit)

    def brightness(self) -> int:
        """Odd 32nds of full current: 1 to 31; 0 when dark; display test is full."""
        if self.display_test:
            return 31
        return 2 * self.intensity + 1 if self.running else 0


class LedChain:
    """A wall of `width` x `height` LEDs on one chain of chips."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.chips = [Max7219Chip() for _ in range(max7219.chip_count(width, height))]
        self.loads = 0
        self.dead_chips: set[int] = set()
        self.broken_after: int | None = None
        self.unplugged = False
        self._frame: bytes | None = None

    def transfer(self, data: bytes) -> None:
        """Shift `data` in, most significant bits first, then pulse LOAD."""
        if self.unplugged:
            return
        # All registers together are one long one; whole bytes make it a shift of a byte string.
        # A bit that leaves chip k enters chip k + 1, so the string is read from the last chip.
        reached = self.chips[: self.broken_after]
        held = bytearray()
        for chip in reversed(reached):
            held += chip.shift.to_bytes(2, "big")
        held = (held + data)[len(data) :]
        for place, chip in enumerate(reversed(reached)):
            chip.shift = held[2 * place] << 8 | held[2 * place + 1]
            chip.latch()
        self.loads += 1
        self._frame = None

    def data(self, values: list[int]) -> None:
        """luma's serial interface: one transfer."""
        self.transfer(bytes(values))

    def command(self, *values: int) -> None:
        """luma's serial interface: the MAX7219 has no separate commands; the same transfer."""
        self.transfer(bytes(values))

    def cleanup(self) -> None:
        """luma's serial interface: nothing to close."""

    def power_cut(self) -> None:
        """The supply fails and comes back: all registers are lost."""
        self.chips = [Max7219Chip() for _ in self.chips]
        self._frame = None

    def frame(self) -> bytes:
        """The lit LEDs, in the layout of `protocols.peripherals.max7219`."""
        if self._frame is None:
            self._frame = self._decode()
        return self._frame

    def rows(self) -> list[list[bool]]:
        """The lit LEDs as rows of booleans, for tests and drawings."""
        frame, stride = self.frame(), self.width // 8
        return [
            [bool(frame[y * stride + x // 8] >> (7 - x % 8) & 1) for x in range(self.width)]
            for y in range(self.height)
        ]

    def brightness(self) -> int:
        """Brightness of the brightest chip in 32nds; 0 means that nothing can be seen."""
        return max(chip.brightness() for chip in self.chips)

    def _decode(self) -> bytes:
        stride = self.width // 8
        frame = bytearray(stride * self.height)
        for place, chip in enumerate(self.chips):
            if place in self.dead_chips:
                continue
            columns = chip.columns()
            if not any(columns):
                continue
            first = place // stride * 8 * stride + place % stride
            for row in range(8):
                bits = 0
                for column in columns:
                    bits = bits << 1 | column >> row & 1
                frame[first + row * stride] = bits
        return bytes(frame)
