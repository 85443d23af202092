"""The glyphs a window sign can show, cut out of Unifont, in the form its ESP32 reads.

The form is told in firmware/drivers/esp32/glyphs.py: 35 bytes a glyph, some 1.7 KB in all, where
the whole font would take 238 KB of a flash.
"""

from pathlib import Path

from firmware.drivers.esp32.glyphs import MAGIC
from firmware.drivers.pi.glyphs import LedFont
from firmware.drivers.words import sign_characters


def sign_glyphs(unifont: Path) -> bytes:
    """The contents of glyphs.bin."""
    font = LedFont(unifont)
    characters = sign_characters()
    data = bytearray(MAGIC + len(characters).to_bytes(2, "big"))
    for character in characters:
        width, rows = font.glyph(character)
        data += ord(character).to_bytes(2, "big") + bytes((width,))
        for row in rows:
            data += row.to_bytes(2, "big")
    return bytes(data)
