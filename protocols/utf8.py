"""Text from the wire and for it: UTF-8 read as strictly on MicroPython as on CPython.

MicroPython lets half a surrogate pair and overlong forms through. Text made here is always good,
and so is a text in our source; therefore encoding needs no such check on a node. Source: Unicode
15, table 3-7, well-formed byte sequences. MicroPython subset.
"""


def text_of(data: bytes) -> str:
    """The text in `data`. Raises UnicodeError."""
    if data and max(data) > 127:
        _check(data)
    return str(data, "utf-8")


def shortened(text: str, bytes_max: int) -> str:
    """As much of the beginning as fits, in whole characters."""
    text = text[:bytes_max]
    while len(text.encode()) > bytes_max:
        text = text[:-1]
    return text


def _check(data: bytes) -> None:
    at = 0
    end = len(data)
    while at < end:
        first = data[at]
        if first < 0x80:
            at += 1
            continue
        low, high, more = 0x80, 0xBF, 1
        if 0xE0 <= first <= 0xEF:
            more = 2
            if first == 0xE0:
                low = 0xA0  # overlong below
            elif first == 0xED:
                high = 0x9F  # surrogates above
        elif 0xF0 <= first <= 0xF4:
            more = 3
            if first == 0xF0:
                low = 0x90
            elif first == 0xF4:
                high = 0x8F  # no characters above
        elif not 0xC2 <= first <= 0xDF:
            raise UnicodeError("byte %d begins no character of UTF-8" % at)
        if at + more >= end:
            raise UnicodeError("the character at byte %d is cut off" % at)
        if not low <= data[at + 1] <= high:
            raise UnicodeError("the character at byte %d is not UTF-8" % at)
        for index in range(at + 2, at + more + 1):
            if data[index] & 0xC0 != 0x80:
                raise UnicodeError("the character at byte %d is not UTF-8" % at)
        at += more + 1
