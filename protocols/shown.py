"""A value in the text of an error: short, and the same on MicroPython as on CPython, unlike repr.

Errors about messages travel to the technician as a NodeLog, so their text is bytes on the wire.
MicroPython subset.
"""

LENGTH_MAX = 60


def shown(value: object) -> str:
    """Numbers and words as they are, text in quotes, of anything else what it is."""
    if value is None or isinstance(value, (bool, int)):  # two types on MicroPython
        return _cut(str(value))
    if isinstance(value, str):
        return (
            "'"
            + _cut("".join([_printable(character) for character in value[: LENGTH_MAX + 1]]))
            + "'"
        )
    if isinstance(value, (list, tuple)):
        return "a list of %d" % len(value)
    if isinstance(value, dict):
        return "an object of %d" % len(value)
    return "a " + value.__class__.__name__


def _printable(character: str) -> str:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return "\\u%04x" % code
    return character


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH_MAX else text[: LENGTH_MAX - 3] + "..."
