"""JSON from bytes, the same on MicroPython as on CPython, whatever the bytes.

Not the `json` of the runtime: CPython takes NaN, MicroPython takes `1.`, `+1`, missing commas and
half surrogate pairs, and each goes on where the other refuses. Rules, stricter than RFC 8259:
- a number with a fraction or an exponent is a `Fraction`, which no field takes: floats are not the
  same on both, and this protocol has none;
- nothing nests deeper than DEPTH_MAX; half a surrogate pair is refused in UTF-8 and as an escape;
- of a name that comes twice the last counts. MicroPython subset, pure.
"""

from protocols.utf8 import text_of

DEPTH_MAX = 8

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS = 0x22, 0x5C, 0x2C, 0x3A, 0x2D
_OPEN_LIST, _CLOSE_LIST, _OPEN_OBJECT, _CLOSE_OBJECT = 0x5B, 0x5D, 0x7B, 0x7D
_WORDS = ((b"true", True), (b"false", False), (b"null", None))
_ESCAPES = ((0x22, '"'), (0x5C, "\\"), (0x2F, "/"), (0x62, "\b"), (0x66, "\f"), (0x6E, "\n")) + (
    (0x72, "\r"),
    (0x74, "\t"),
)


class JsonError(ValueError):
    """The bytes are not JSON as read here; the text says where."""


class Fraction:
    """A number that is not written as a whole one."""


def read_json(data: bytes) -> object:
    """The one value in `data`. Raises JsonError and nothing else."""
    try:
        reader = _Reader(data)
        value = reader.value(DEPTH_MAX)
        reader.skip()
    except IndexError:
        raise JsonError("it ends too early")
    except UnicodeError:
        raise JsonError("a text is not UTF-8")
    if reader.at < len(data):
        raise JsonError("byte %d comes after the end" % reader.at)
    return value


def _is_plain(data: bytes) -> bool:
    """Whether every text is just what stands between two quotes, as in most messages."""
    if not data or b"\\" in data or min(data) < 0x20:
        return False
    try:
        # As long in characters as in bytes is ASCII, whatever a runtime lets through.
        return len(str(data, "utf-8")) == len(data)
    except UnicodeError:
        return False  # the text that is wrong will be found


class _Reader:
    """Bytes and how far they are read. A read past the end is an IndexError."""

    def __init__(self, data: bytes) -> None:
        self.at = 0
        # A blank at the end, so that a number has one byte after it.
        self.data = data + b" "
        self.plain = _is_plain(data)

    def skip(self) -> None:
        """Over white space, except at the very end."""
        data = self.data
        end = len(data) - 1
        while self.at < end and data[self.at] in (0x20, 0x0A, 0x0D, 0x09):
            self.at += 1

    def mark(self) -> int:
        """The next byte that is no white space."""
        mark = self.data[self.at]
        if mark <= 0x20:
            self.skip()
            mark = self.data[self.at]
        return mark

    def value(self, depth: int) -> object:
        """Whatever comes next."""
        first = self.mark()
        if first == _QUOTE:
            self.at += 1
            return self.text()
        if 0x30 <= first <= 0x39 or first == _MINUS:
            return self.number()
        if first in (_OPEN_OBJECT, _OPEN_LIST):
            if depth == 0:
                raise JsonError("it nests deeper than %d" % DEPTH_MAX)
            self.at += 1
            return self.members(depth - 1) if first == _OPEN_OBJECT else self.entries(depth - 1)
        for word, value in _WORDS:
            if self.data[self.at : self.at + len(word)] == word:
                self.at += len(word)
                return value
        raise JsonError("byte %d begins no value" % self.at)

    def members(self, depth: int) -> dict[str, object]:
        """What follows an opening brace."""
        found: dict[str, object] = {}
        mark = self.mark()
        if mark == _CLOSE_OBJECT:
            self.at += 1
            return found
        while True:
            if mark != _QUOTE:
                raise JsonError("byte %d begins no name" % self.at)
            self.at += 1
            name = self.text()
            if self.mark() != _COLON:
                raise JsonError("byte %d is no colon" % self.at)
            self.at += 1
            found[name] = self.value(depth)
            mark = self.mark()
            if mark == _CLOSE_OBJECT:
                self.at += 1
                return found
            if mark != _COMMA:
                raise JsonError("byte %d is no comma" % self.at)
            self.at += 1
            mark = self.mark()

    def entries(self, depth: int) -> list[object]:
        """What follows an opening bracket."""
        found: list[object] = []
        if self.mark() == _CLOSE_LIST:
            self.at += 1
            return found
        while True:
            found.append(self.value(depth))
            mark = self.mark()
            self.at += 1
            if mark == _CLOSE_LIST:
                return found
            if mark != _COMMA:
                raise JsonError("byte %d is no comma" % (self.at - 1))

    def number(self) -> object:
        """A number, from its sign or first digit."""
        data = self.data
        start = self.at
        first = start + 1 if data[start] == _MINUS else start
        end = self.digits(first)
        if data[first] == 0x30 and end > first + 1:
            raise JsonError("byte %d begins no number" % start)
        whole_end = end
        if data[end] == 0x2E:
            end = self.digits(end + 1)
        if data[end] in (0x45, 0x65):
            end = self.digits(end + 2 if data[end + 1] in (0x2B, 0x2D) else end + 1)
        self.at = end
        return Fraction() if end > whole_end else int(str(data[start:end], "utf-8"))

    def digits(self, at: int) -> int:
        """Where the digits at `at` end; one at least."""
        data = self.data
        end = at
        while 0x30 <= data[end] <= 0x39:
            end += 1
        if end == at:
            raise JsonError("byte %d is no digit" % at)
        return end

    def text(self) -> str:
        """What follows an opening quote."""
        data = self.data
        start = self.at
        end = data.find(b'"', start)
        if end < 0:
            raise JsonError("a text has no end")
        part = data[start:end]
        if self.plain:
            self.at = end + 1
            return str(part, "utf-8")
        if b"\\" in part:
            return self.escaped_text()
        if part and min(part) < 0x20:
            raise JsonError("a text holds a control character")
        self.at = end + 1
        return text_of(part)

    def escaped_text(self) -> str:
        """The same, with escapes in it."""
        data = self.data
        parts: list[str] = []
        start = self.at
        while data[self.at] != _QUOTE:
            if data[self.at] < 0x20:
                raise JsonError("a text holds a control character")
            if data[self.at] == _BACKSLASH:
                parts.append(text_of(data[start : self.at]))
                self.at += 1
                parts.append(self.escape())
                start = self.at
            else:
                self.at += 1
        parts.append(text_of(data[start : self.at]))
        self.at += 1
        return "".join(parts)

    def escape(self) -> str:
        """What follows a backslash."""
        data = self.data
        for letter, character in _ESCAPES:
            if data[self.at] == letter:
                self.at += 1
                return character
        if data[self.at] != 0x75:
            raise JsonError("byte %d is no escape" % self.at)
        code = self.code(self.at + 1)
        if 0xD800 <= code < 0xDC00 and data[self.at : self.at + 2] == b"\\u":
            low = self.code(self.at + 2)
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            raise JsonError("an escape is half a surrogate pair")
        return chr(code)

    def code(self, at: int) -> int:
        """Four hexadecimal digits."""
        code = 0
        for index in range(at, at + 4):
            digit = self.data[index]
            if 0x30 <= digit <= 0x39:
                digit -= 0x30
            elif 0x41 <= digit & 0xDF <= 0x46:
                digit = (digit & 0xDF) - 0x37
            else:
                raise JsonError("byte %d is no hexadecimal digit" % index)
            code = code << 4 | digit
        self.at = at + 4
        return code
