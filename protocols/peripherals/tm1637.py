"""TM1637, the driver of the four-digit seven-segment display on a call pad.

Text -> **transactions**: each is the bytes between a start and a stop condition of the two-wire
bus (least significant bit first on the wire; that is the driver's work). Segments: bit 0 is a
(top), then clockwise b c d e f, bit 6 is g (middle), bit 7 the point or colon.

Seven segments cannot show every letter. A letter is shown in the case that exists (B as b,
S as 5); one that has no shape (K M Q V W X Z ...) is refused, and `can_show` tells it
beforehand, so that a service prefix is checked when the hall is configured.

Source: TM1637 datasheet: 0x40 write with address counting up, 0xC0 first digit, 0x80 control.
"""

DIGITS = 4

WRITE_DATA = 0x40
FIRST_ADDRESS = 0xC0
CONTROL = 0x80
CONTROL_ON = 0x08
POINT = 0x80

SHAPES = {
    "0": 0x3F,
    "1": 0x06,
    "2": 0x5B,
    "3": 0x4F,
    "4": 0x66,
    "5": 0x6D,
    "6": 0x7D,
    "7": 0x07,
    "8": 0x7F,
    "9": 0x6F,
    "A": 0x77,
    "b": 0x7C,
    "C": 0x39,
    "c": 0x58,
    "d": 0x5E,
    "E": 0x79,
    "F": 0x71,
    "G": 0x3D,
    "H": 0x76,
    "h": 0x74,
    "J": 0x1E,
    "L": 0x38,
    "n": 0x54,
    "o": 0x5C,
    "P": 0x73,
    "r": 0x50,
    "S": 0x6D,
    "t": 0x78,
    "U": 0x3E,
    "u": 0x1C,
    "y": 0x6E,
    "-": 0x40,
    "_": 0x08,
    " ": 0x00,
}


def _shape(character: str) -> int | None:
    for candidate in (character, character.upper(), character.lower()):
        if candidate in SHAPES:
            return SHAPES[candidate]
    return None


def can_show(text: str) -> bool:
    """Whether every character has a shape; length is not looked at."""
    return all(_shape(character) is not None for character in text)


def segments(text: str) -> bytes:
    """At most four characters -> the four digit bytes, text on the left, blanks after it."""
    if len(text) > DIGITS:
        raise ValueError(f"{text!r} has {len(text)} characters; the display has {DIGITS}")
    digits = bytearray(DIGITS)
    for place in range(len(text)):
        shape = _shape(text[place])
        if shape is None:
            raise ValueError(f"seven segments cannot show {text[place]!r} of {text!r}")
        digits[place] = shape
    return bytes(digits)


def show(text: str, brightness: int, colon: bool) -> list[bytes]:
    """The transactions that show `text` at brightness 0 to 7; colon lights the middle points."""
    if not 0 <= brightness <= 7:
        raise ValueError(f"brightness is {brightness}; it must be from 0 to 7")
    digits = bytearray(segments(text))
    if colon:
        digits[1] |= POINT
    return [
        bytes((WRITE_DATA,)),
        bytes((FIRST_ADDRESS,)) + bytes(digits),
        bytes((CONTROL | CONTROL_ON | brightness,)),
    ]


def dark() -> list[bytes]:
    """The transaction that switches the display off; its digits are kept."""
    return [bytes((CONTROL,))]
