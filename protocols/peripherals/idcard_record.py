"""The text on an ID card's chip: 256 bytes, UTF-16 low byte first, fields padded with blanks.

Layouts, told apart by the character at byte 248:
- blank: the resident's card (GA/T 490);
- "I": the permanent residence card of a foreigner, 2017;
- "J": the residence permit for people from Hong Kong, Macau and Taiwan. Its fields are known, the
  widths of its fields are NOT confirmed, so it is refused, as is every other character (the card
  for foreigners of 2023 among them): a wrong guess would hand over somebody else's name.
Rules: a record is read whole or refused with the field named; the photo is never touched; `repr`
masks name and number, so that no log ever holds them.
Sources: GA/T 490 as told by wiki.nfc.im, offsets in two public code bases.
"""

from protocols.peripherals.sam_idcard import TEXT_BYTES

RESIDENT = "resident"
FOREIGNER_2017 = "foreigner_2017"

KIND_AT = 248
LONG_TERM = "长期"

# (field, width in bytes)
RESIDENT_FIELDS = (
    ("name", 30),
    ("sex", 2),
    ("nation", 4),
    ("birth", 16),
    ("address", 70),
    ("number", 36),
    ("issuer", 30),
    ("valid_from", 16),
    ("valid_to", 16),
    ("spare", 36),
)
FOREIGNER_2017_FIELDS = (
    ("name_en", 120),
    ("sex", 2),
    ("number", 30),
    ("nation", 6),
    ("name", 30),
    ("valid_from", 16),
    ("valid_to", 16),
    ("birth", 16),
    ("version", 4),
    ("issuer", 8),
    ("kind", 2),
    ("spare", 6),
)
SEXES = ("0", "1", "2", "9")  # unknown, male, female, not said

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class RecordError(ValueError):
    """The record can not be read; the text says why and names the field, never its value."""


class IdCard:
    """What stands on a card. Dates are YYYYMMDD, `valid_to` may be 长期; unused fields are ""."""

    def __init__(self, layout: str, values: dict[str, str]) -> None:
        self.layout = layout
        self.name = values["name"]
        self.name_en = values.get("name_en", "")
        self.sex = values["sex"]
        self.nation = values["nation"]
        self.birth = values["birth"]
        self.address = values.get("address", "")
        self.number = values["number"]
        self.issuer = values["issuer"]
        self.valid_from = values["valid_from"]
        self.valid_to = values["valid_to"]

    def masked_name(self) -> str:
        """The first character; a star for each of the others."""
        shown = self.name or self.name_en
        return shown[:1] + "*" * (len(shown) - 1)

    def masked_number(self) -> str:
        """The last four characters; a star for each of the others."""
        return "*" * (len(self.number) - 4) + self.number[-4:]

    def __repr__(self) -> str:
        return f"IdCard({self.layout}, {self.masked_name()}, {self.masked_number()})"


def parse(record: bytes) -> IdCard:
    """The card in a record of 256 bytes. Raises RecordError, and nothing else."""
    if len(record) != TEXT_BYTES:
        raise RecordError(f"the record has {len(record)} bytes, not {TEXT_BYTES}")
    kind = _text(record[KIND_AT : KIND_AT + 2], "kind")
    if kind == "":
        return _resident(_fields(record, RESIDENT_FIELDS))
    if kind == "I":
        return _foreigner(_fields(record, FOREIGNER_2017_FIELDS))
    if kind == "J":
        raise RecordError(
            "a residence permit for Hong Kong, Macau or Taiwan: the widths of its fields are not"
            " confirmed, so it is not read; take the person's details by hand"
        )
    raise RecordError("a kind of card whose fields are not known; take the details by hand")


def check_character(number: str) -> str:
    """The eighteenth character of a resident's number (GB 11643) for its seventeen digits."""
    total = 0
    for place in range(17):
        total += _WEIGHTS[place] * int(number[place])
    return _CHECKS[total % 11]


def _resident(values: dict[str, str]) -> IdCard:
    _check_common(values)
    number = values["number"]
    if len(number) != 18 or not _digits(number[:17]):
        raise RecordError("number: it must be 17 digits and a check character")
    if check_character(number) != number[17]:
        raise RecordError("number: its check character is wrong; read the card again")
    if number[6:14] != values["birth"]:
        raise RecordError("birth: it does not agree with the number; read the card again")
    return IdCard(RESIDENT, values)


def _foreigner(values: dict[str, str]) -> IdCard:
    _check_common(values)
    if len(values["number"]) != 15:
        raise RecordError("number: it must have 15 characters")
    return IdCard(FOREIGNER_2017, values)


def _check_common(values: dict[str, str]) -> None:
    if not values["name"] and not values.get("name_en", ""):
        raise RecordError("name: it is empty; read the card again")
    if values["sex"] not in SEXES:
        raise RecordError(f"sex: it must be one of {', '.join(SEXES)}")
    for name in ("birth", "valid_from", "valid_to"):
        value = values[name]
        if not (name == "valid_to" and value == LONG_TERM) and not _date(value):
            raise RecordError(f"{name}: it must be a date of eight digits")


def _fields(record: bytes, layout: tuple[tuple[str, int], ...]) -> dict[str, str]:
    values = {}
    at = 0
    for name, width in layout:
        values[name] = _text(record[at : at + width], name)
        at += width
    return values


def _text(data: bytes, name: str) -> str:
    """UTF-16 without blanks at its end; MicroPython has no codec for it."""
    out = []
    at = 0
    while at < len(data):
        unit = data[at] | data[at + 1] << 8
        at += 2
        if 0xD800 <= unit < 0xDC00 and at < len(data):
            low = data[at] | data[at + 1] << 8
            at += 2
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
            if not 0xDC00 <= low < 0xE000:
                raise RecordError(f"{name}: half a character; read the card again")
        elif unit < 0x20 or 0xD800 <= unit < 0xE000:
            raise RecordError(f"{name}: no text; read the card again")
        out.append(chr(unit))
    return "".join(out).rstrip(" ")


def _digits(text: str) -> bool:
    for character in text:
        if character not in "0123456789":
            return False
    return len(text) > 0


def _date(text: str) -> bool:
    if len(text) != 8 or not _digits(text):
        return False
    return 1 <= int(text[4:6]) <= 12 and 1 <= int(text[6:8]) <= 31
