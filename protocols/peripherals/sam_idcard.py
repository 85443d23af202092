"""The security module (SAM) of an ID-card reader: requests, replies, and their checksums.

Line: 115200 8N1. A request is `AA AA AA 96 69 length(2) command parameter data xor`, a reply
`AA AA AA 96 69 length(2) SW1 SW2 SW3 data xor`; the length counts all after itself, the xor covers
the length and all after it. A card is read in three steps, every time anew: find, select, read.
What a record holds: `idcard_record`.

Source: copies of the vendors' document for GA/T 450, four that agree; checksums recomputed.
"""

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"
BAUD = 115200

SUCCESS = 0x90
CARD_FOUND = 0x9F

# Of SW3; the modules know more, which are told as numbers.
FAULTS = (
    (0x10, "the module got a damaged request"),
    (0x31, "the module does not trust the card"),
    (0x32, "the card does not trust the module"),
    (0x41, "reading failed: hold the card still"),
    (0x80, "no card is on the reader"),
    (0x81, "the card can not be selected: take it off and put it on again"),
)

# SW1 to SW3, the largest data of the reads above, and the xor.
LENGTH_MIN = 4
LENGTH_MAX = 4096
TEXT_BYTES = 256


def request(command: int, parameter: int, data: bytes = b"") -> bytes:
    """Any request."""
    length = 2 + len(data) + 1
    body = bytes((length >> 8, length & 0xFF, command, parameter)) + data
    return PREAMBLE + body + bytes((_xor(body),))


def reset() -> bytes:
    """Start the module anew."""
    return request(0x10, 0xFF)


def status() -> bytes:
    """Ask whether the module is well: SUCCESS."""
    return request(0x11, 0xFF)


def module_id() -> bytes:
    """Ask for the number of the module."""
    return request(0x12, 0xFF)


def find() -> bytes:
    """Look for a card: CARD_FOUND and 4 bytes, or 0x80."""
    return request(0x20, 0x01)


def select() -> bytes:
    """Take the card found: SUCCESS and 8 bytes, or 0x81."""
    return request(0x20, 0x02)


def read() -> bytes:
    """Read text and photo of the card selected: SUCCESS and data for `text_of`, or 0x41."""
    return request(0x30, 0x01)


def fault(code: int) -> str:
    """What SW3 means for the person at the reader."""
    for value, text in FAULTS:
        if value == code:
            return text
    return f"the module refused with code 0x{code:02x}"


def text_of(data: bytes) -> bytes:
    """The 256 bytes of text in the data of a reply to `read`; the photo is left where it is.

    ValueError when the lengths in the data do not agree with it.
    """
    if len(data) < 4:
        raise ValueError(f"the reply to read has {len(data)} bytes; its two lengths are missing")
    text_length = data[0] << 8 | data[1]
    photo_length = data[2] << 8 | data[3]
    if text_length != TEXT_BYTES:
        raise ValueError(f"the text of the card has {text_length} bytes, not {TEXT_BYTES}")
    if len(data) < 4 + text_length + photo_length:
        raise ValueError(f"the reply to read has {len(data)} bytes, fewer than it says")
    return bytes(data[4 : 4 + text_length])


class ReplyParser:
    """Bytes from the module -> ("reply", SW3, data) and ("damaged",) for a wrong checksum.

    Bytes outside of a reply are dropped and counted in `stray`. A reply that stops half-way is
    given up with `forget`, when the caller's time is over.
    """

    def __init__(self) -> None:
        self.stray = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple]:  # type: ignore[type-arg]  # no typing in the subset
        """Take bytes in any portions; the replies they complete, in order."""
        self._buffer.extend(data)
        found: list[tuple] = []  # type: ignore[type-arg]  # as above
        while self._align():
            length = self._buffer[5] << 8 | self._buffer[6]
            end = 7 + length
            if not LENGTH_MIN <= length <= LENGTH_MAX:
                self._drop(1)
            elif len(self._buffer) < end:
                break
            else:
                found.append(_reply(bytes(self._buffer[5:end])))
                self._buffer = self._buffer[end:]
        return found

    def forget(self) -> None:
        """Whatever was half told is not waited for any more."""
        self._drop(len(self._buffer))

    def _align(self) -> bool:
        """Drop what can not begin a reply; whether its length is there."""
        while self._buffer:
            head = bytes(self._buffer[: len(PREAMBLE)])
            if PREAMBLE.startswith(head):
                return len(self._buffer) >= 7
            self._drop(1)
        return False

    def _drop(self, count: int) -> None:
        self.stray += count
        self._buffer = self._buffer[count:]


def _reply(body: bytes) -> tuple:  # type: ignore[type-arg]  # no typing in the subset
    if _xor(body) != 0:  # with its own xor at the end
        return ("damaged",)
    return ("reply", body[4], body[5:-1])


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value
