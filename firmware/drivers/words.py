"""What a window sign says in each mode; one place for real boards and for the simulated hall.

Four characters fill a sign of 64 dots. MicroPython subset, pure.
"""

from firmware.logic import events

SIGN_WORDS = (("closed", "暂未开放"), ("open", "请等叫号"), ("paused", "暂停服务"))
# What a number, and "not known", are made of.
NUMBER_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ- "


def sign_text(mode: str, number: str) -> str:
    """The text for ("sign", mode, number, window): the number while there is one to show."""
    if mode == events.IDENTIFY:
        return number.upper()  # the node, of the characters that glyphs.bin has
    if mode in ("called", "serving", events.STALE):
        return number
    for word_mode, word in SIGN_WORDS:
        if word_mode == mode:
            return word
    raise ValueError(f"sign mode {mode!r}: it has no words")


def sign_characters() -> str:
    """Every character a sign can show, each once, in the order of their code points."""
    found = NUMBER_CHARACTERS
    for _, word in SIGN_WORDS:
        found += word
    return "".join(sorted(set(found)))
