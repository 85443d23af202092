"""What the two voice chips SYN6288 and XFS5152 share: their replies, and text in pieces.

Text is bytes in GBK (of which GB 2312 is a part), because MicroPython has no codecs. A chip
speaks one frame of text at a time and a new one cuts it off, so a long text is sent piece by
piece, each after the chip has said that it is idle.
Replies are single bytes. Source: SYN6288 data sheet of the maker (2016-03-09); for XFS5152 only
"idle" was confirmed by public sources, the other bytes are taken to be the same.
"""

INITIALISED = 0x4A
ACCEPTED = 0x41
REJECTED = 0x45
BUSY = 0x4E
IDLE = 0x4F

REPLIES = (
    (INITIALISED, "initialised"),
    (ACCEPTED, "accepted"),
    (REJECTED, "rejected"),
    (BUSY, "busy"),
    (IDLE, "idle"),
)

# A pause is heard between pieces, so a piece ends best after one of these.
_STOPS = (b",", b".", b";", b"!", b"?", b" ", b"\n")
_WIDE_STOPS = (b"\xa1\xa3", b"\xa3\xac", b"\xa3\xbb", b"\xa3\xa1", b"\xa3\xbf", b"\xa1\xa2")


class ReplyParser:
    """Bytes from the chip -> words of REPLIES; any other byte is noise and counted in `stray`."""

    def __init__(self) -> None:
        self.stray = 0

    def feed(self, data: bytes) -> list[str]:
        """Take bytes in any portions; the words they stand for, in order."""
        words = []
        for byte in data:
            word = _word(byte)
            if word:
                words.append(word)
            else:
                self.stray += 1
        return words


def _word(byte: int) -> str:
    for value, word in REPLIES:
        if value == byte:
            return word
    return ""


def check_text(gbk: bytes) -> bytes:
    """The same bytes; ValueError for a control byte or half a character."""
    units(gbk)
    return bytes(gbk)


def units(gbk: bytes) -> list[bytes]:
    """The parts that must not be torn apart: characters, and marks such as [v10]."""
    found = []
    at = 0
    while at < len(gbk):
        end = _end_of_unit(gbk, at)
        found.append(bytes(gbk[at:end]))
        at = end
    return found


def _end_of_unit(gbk: bytes, at: int) -> int:
    byte = gbk[at]
    if byte == 0x5B:
        close = gbk.find(b"]", at, at + 6)
        return close + 1 if close > 0 else at + 1
    if byte < 0x80:
        if (byte < 0x20 and byte != 0x0A) or byte == 0x7F:
            raise ValueError(
                f"byte {at} of the text is the control byte 0x{byte:02x}; leave it out"
            )
        return at + 1
    wide = at + 1 < len(gbk) and 0x81 <= byte <= 0xFE
    if not wide or not 0x40 <= gbk[at + 1] <= 0xFE or gbk[at + 1] == 0x7F:
        raise ValueError(f"byte {at} of the text is no character of GBK; encode the text in GBK")
    return at + 2


def split(gbk: bytes, limit: int) -> list[bytes]:
    """Pieces of at most `limit` bytes that together are the text, cut after a stop if there is one.

    `limit` is at least 8, so that every mark fits.
    """
    if limit < 8:
        raise ValueError(f"limit is {limit}; it must be at least 8")
    pieces = []
    piece = b""
    stop = 0  # the length of `piece` up to and with its last stop
    for unit in units(gbk):
        # Twice, when what is left behind an early stop has no room for the unit either.
        while len(piece) + len(unit) > limit:
            cut = stop or len(piece)
            pieces.append(piece[:cut])
            piece = piece[cut:]
            stop = 0
        piece += unit
        if unit in _STOPS or unit in _WIDE_STOPS:
            stop = len(piece)
    if piece:
        pieces.append(piece)
    return pieces
