"""An ID-card reader (its SAM) at the level of its bytes, in virtual time; all people are made up.

A card is found, selected and read, every time anew, and each step takes its time. A card pulled
while it is read gives "reading failed". The region of every number is 99, which does not exist.

Fault knobs: `mute`, `unplugged`, `slow_percent`, `damages` (so many replies get a wrong checksum),
`stops_after` (the next reply ends after so many bytes), `trusts_cards` (False: code 31).
Codes 0x21 for a request it does not know is from memory of the vendors' document; see the codec.
"""

import random
from dataclasses import dataclass, field

from protocols.peripherals import idcard_record, sam_idcard

FIND_MS, SELECT_MS, READ_MS, OTHER_MS = 20, 30, 700, 5
PHOTO_BYTES = 1024
MODULE_NUMBER = bytes.fromhex("05030000 09900101 99000001 00000001".replace(" ", ""))

_NOT_KNOWN, _NO_TRUST, _READ_FAILED, _NOT_FOUND, _NOT_SELECTED, _BAD_REQUEST = (
    *(0x21, 0x31, 0x41, 0x80, 0x81, 0x10),
)
_SURNAMES = "测试样例虚构"
_GIVEN = "甲乙丙丁戊己庚辛壬癸𬭎"


@dataclass(frozen=True)
class Card:
    """What the chip of a card holds: the text record and a photo that is only noise."""

    record: bytes
    photo: bytes = field(default=bytes(PHOTO_BYTES), repr=False)


def _record(layout: tuple[tuple[str, int], ...], values: dict[str, str]) -> bytes:
    parts = []
    for name, width in layout:
        data = values.get(name, "").encode("utf-16-le")
        if len(data) > width:
            raise ValueError(f"{name} takes {len(data)} bytes, there is room for {width}")
        parts.append(data + b"\x20\x00" * ((width - len(data)) // 2))
    return b"".join(parts)


def resident(seed: int, **changes: str) -> Card:
    """The card of a resident who does not exist; fields of RESIDENT_FIELDS may be changed."""
    rng = random.Random(seed)
    birth = f"{rng.randint(1945, 2007)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    male = rng.randint(0, 1)
    digits = f"99{rng.randint(101, 9999):04}{birth}{rng.randint(0, 99):02}"
    digits += str(2 * rng.randint(0, 4) + male)
    values = {
        "name": rng.choice(_SURNAMES) + "".join(rng.choices(_GIVEN, k=rng.randint(1, 2))),
        "sex": "1" if male else "2",
        "nation": "01",
        "birth": birth,
        "address": f"虚构省样例市测试路{rng.randint(1, 999)}号",
        "number": digits + idcard_record.check_character(digits),
        "issuer": "样例市公安局",
        "valid_from": "20200101",
        "valid_to": rng.choice(("20400101", idcard_record.LONG_TERM)),
    }
    return Card(_record(idcard_record.RESIDENT_FIELDS, values | changes), _noise(rng))


def foreigner(seed: int, **changes: str) -> Card:
    """The 2017 card of a foreigner who does not exist; `kind="J"` makes one of no known layout."""
    rng = random.Random(seed)
    birth = f"{rng.randint(1945, 2007)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    values = {
        "name_en": f"SAMPLE, TESTER{rng.randint(1, 99)}",
        "sex": rng.choice("12"),
        "number": f"ZZZ990{birth[2:]}{rng.randint(0, 999):03}",
        "nation": "ZZZ",
        "name": "样例",
        "valid_from": "20180101",
        "valid_to": "20280101",
        "birth": birth,
        "version": "01",
        "issuer": "1500",
        "kind": "I",
    }
    return Card(_record(idcard_record.FOREIGNER_2017_FIELDS, values | changes), _noise(rng))


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(PHOTO_BYTES)


class IdReader:
    """One reader; call `advance` (or `write`, `read`) with a time that never goes back."""

    def __init__(self) -> None:
        self.mute = False
        self.unplugged = False
        self.slow_percent = 100
        self.damages = 0
        self.stops_after: int | None = None
        self.trusts_cards = True
        self.noise = 0  # bytes outside of any request
        self.reads = 0  # complete ones
        self.card: Card | None = None
        self._found = False
        self._selected = False
        self._pulled = False
        self._buffer = bytearray()
        self._pending: bytes | None = None  # the request under way
        self._done_ms = 0
        self._out = bytearray()
        self._now_ms = 0

    # --- hands ---------------------------------------------------------------------------

    def insert(self, card: Card, now_ms: int) -> None:
        """Put a card on."""
        self.advance(now_ms)
        self.pull(now_ms)
        self.card = card

    def pull(self, now_ms: int) -> None:
        """Take the card off, whatever is being done with it."""
        self.advance(now_ms)
        self.card = None
        self._found = self._selected = False
        self._pulled = self._pending is not None

    # --- the rim -------------------------------------------------------------------------

    def write(self, data: bytes, now_ms: int) -> None:
        """The host sends bytes."""
        self.advance(now_ms)
        if not self.unplugged:
            self._buffer += data
            self._begin()

    def read(self, now_ms: int) -> bytes:
        """What the reader has sent to the host since the last call."""
        self.advance(now_ms)
        data = bytes(self._out)
        self._out.clear()
        return data

    def advance(self, now_ms: int) -> None:
        """Let time pass up to `now_ms`."""
        if now_ms < self._now_ms:
            raise ValueError(f"time went back from {self._now_ms} to {now_ms} ms")
        while self._pending is not None and self._done_ms <= now_ms:
            self._now_ms = self._done_ms
            request, self._pending = self._pending, None
            self._carry_out(request)
            self._pulled = False
            self._begin()
        self._now_ms = now_ms

    def wake_at_ms(self) -> int | None:
        """When something will happen by itself; None when nothing will."""
        return None if self._pending is None else self._done_ms

    # --- requests ------------------------------------------------------------------------

    def _begin(self) -> None:
        """Take the next whole request, if none is under way."""
        while self._pending is None:
            start = self._buffer.find(sam_idcard.PREAMBLE)
            if start < 0:
                return
            self.noise += start
            del self._buffer[:start]
            if len(self._buffer) < 7:
                return
            end = 7 + int.from_bytes(self._buffer[5:7], "big")
            if len(self._buffer) < end:
                return
            self._pending = bytes(self._buffer[5:end])
            del self._buffer[:end]
            time_ms = {b"\x20\x01": FIND_MS, b"\x20\x02": SELECT_MS, b"\x30\x01": READ_MS}
            need_ms = time_ms.get(self._pending[2:4], OTHER_MS)
            self._done_ms = self._now_ms + need_ms * self.slow_percent // 100

    def _carry_out(self, request: bytes) -> None:
        check = 0
        for byte in request:
            check ^= byte
        if check:
            self._reply(_BAD_REQUEST)
            return
        command = request[2:4]
        if command in (b"\x10\xff", b"\x11\xff"):
            self._reply(sam_idcard.SUCCESS)
        elif command == b"\x12\xff":
            self._reply(sam_idcard.SUCCESS, MODULE_NUMBER)
        elif command == b"\x20\x01":
            self._found, self._selected = self.card is not None, False
            self._reply(*((sam_idcard.CARD_FOUND, bytes(4)) if self._found else (_NOT_FOUND,)))
        elif command == b"\x20\x02":
            self._selected, self._found = self._found, False
            self._reply(*((sam_idcard.SUCCESS, bytes(8)) if self._selected else (_NOT_SELECTED,)))
        elif command == b"\x30\x01":
            self._read_card()
        else:
            self._reply(_NOT_KNOWN)

    def _read_card(self) -> None:
        card, selected = self.card, self._selected
        self._selected = False
        if card is None or not selected or self._pulled:
            self._reply(_READ_FAILED)
        elif not self.trusts_cards:
            self._reply(_NO_TRUST)
        else:
            self.reads += 1
            lengths = len(card.record).to_bytes(2, "big") + len(card.photo).to_bytes(2, "big")
            self._reply(sam_idcard.SUCCESS, lengths + card.record + card.photo)

    def _reply(self, code: int, data: bytes = b"") -> None:
        body = (len(data) + 4).to_bytes(2, "big") + bytes((0, 0, code)) + data
        check = 0
        for byte in body:
            check ^= byte
        if self.damages:
            self.damages -= 1
            check ^= 0x55
        whole = sam_idcard.PREAMBLE + body + bytes((check,))
        whole, self.stops_after = whole[: self.stops_after], None
        if not self.mute and not self.unplugged:
            self._out += whole
