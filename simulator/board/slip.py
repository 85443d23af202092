"""SLIP frames as Espressif's loaders use them (RFC 1055): packets between END bytes. Sans-IO."""

END = b"\xc0"
ESC = b"\xdb"
_ESCAPED_END = b"\xdb\xdc"
_ESCAPED_ESC = b"\xdb\xdd"
# The longest is a block of flash with its head, every byte escaped.
PACKET_BYTES_MAX = 1 << 17


def frame(packet: bytes) -> bytes:
    """One packet as it goes over the line."""
    return END + packet.replace(ESC, _ESCAPED_ESC).replace(END, _ESCAPED_END) + END


class Deframer:
    """Bytes in, whole packets out; what comes before the first END is noise and dropped."""

    def __init__(self) -> None:
        self._partial: bytes | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that these bytes complete."""
        pieces = data.split(END)
        if self._partial is not None:
            pieces[0] = self._partial + pieces[0]
        elif len(pieces) == 1:
            return []
        else:
            del pieces[0]
        self._partial = pieces.pop()
        if len(self._partial) > PACKET_BYTES_MAX:
            self._partial = None
        return [
            piece.replace(_ESCAPED_END, END).replace(_ESCAPED_ESC, ESC) for piece in pieces if piece
        ]
