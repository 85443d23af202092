"""The few glyphs a sign can show, from `glyphs.bin`, and one line of text made of them.

The file (made at set-up from GNU Unifont by simulator/assets_glyphs.py; 35 bytes a glyph instead
of a font of 238 KB): b"HKG1", number of glyphs (2 bytes), then for each, in the order of the code
points: code point (2), width in dots (1), 16 rows of `width` bits (2 each). All big-endian.
MicroPython subset, pure.
"""

MAGIC = b"HKG1"
HEIGHT = 16
_HEAD = 6
_ENTRY = 35


class Glyphs:
    """The glyphs of one file; looked up in its bytes, not unpacked."""

    def __init__(self, data: bytes) -> None:
        count = int.from_bytes(data[4:_HEAD], "big")
        if data[:4] != MAGIC or len(data) != _HEAD + _ENTRY * count:
            raise ValueError("glyphs.bin is damaged: write it to the board again")
        self._data = data
        self._count = count

    def find(self, character: str) -> int:
        """Where the entry of a character begins. Raises ValueError."""
        code = ord(character)
        low = 0
        high = self._count
        while low < high:
            middle = (low + high) // 2
            at = _HEAD + _ENTRY * middle
            found = int.from_bytes(self._data[at : at + 2], "big")
            if found == code:
                return at
            if found < code:
                low = middle + 1
            else:
                high = middle
        raise ValueError(f"{character!r} is not in glyphs.bin: make it anew and write it again")

    def line(self, text: str, width: int) -> bytes:
        """A frame (protocols.peripherals.max7219) of `width` x 16 dots, text in the middle.

        A glyph that does not fit whole is left out with all after it: half a digit on a sign is a
        wrong digit.
        """
        used = 0
        fits = True
        rows = [0] * HEIGHT
        for character in text:
            at = self.find(character)
            glyph_width = self._data[at + 2]
            if used + glyph_width > width:
                fits = False
                break
            used += glyph_width
            for row in range(HEIGHT):
                place = at + 3 + 2 * row
                bits = self._data[place] << 8 | self._data[place + 1]
                rows[row] = rows[row] << glyph_width | bits
        spare = width - used
        # Cut text begins at the left, where one begins to read.
        shift = spare - spare // 2 if fits else spare
        frame = bytearray()
        for bits in rows:
            frame += (bits << shift).to_bytes(width // 8, "big")
        return bytes(frame)
