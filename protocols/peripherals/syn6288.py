"""SYN6288, a voice chip on a serial line: what to send to it. Its replies: `tts.ReplyParser`.

Line: 9600 8N1. A frame is `FD length(2) command parameters xor`; the length counts all after
itself, the xor covers all before itself. The bytes of a frame must follow each other within
8 ms, frames must lie more than 8 ms apart. A speak frame cuts off what is being said: send it
only to a chip that is idle. "accepted" comes at once, "idle" by itself when the text is spoken.

Marks in a text: [v0]..[v16] loudness, [m0].. background music, [t0]..[t5] speed, [n0] [n1] [n2]
digits by context, one by one, as a number; [y0] [y1] the digit 1 read yi or yao.
Source: data sheet of the maker (2016-03-09), checked vectors.
"""

from protocols.peripherals import tts

BAUD = 9600
TEXT_BYTES_MAX = 200
FRAME_GAP_MS = 9

GB2312 = 0
GBK = 1

_HEAD = 0xFD
_SPEAK = 0x01
_STOP = 0x02
_PAUSE = 0x03
_RESUME = 0x04
_STATUS = 0x21
_SLEEP = 0x88


def frame(command: int, parameters: bytes) -> bytes:
    """Any command as a frame."""
    length = 1 + len(parameters) + 1
    body = bytes((_HEAD, length >> 8, length & 0xFF, command)) + parameters
    return body + bytes((_xor(body),))


def speak(text: bytes, encoding: int, music: int = 0) -> bytes:
    """Say up to TEXT_BYTES_MAX bytes of text in GB2312 or GBK over `music` 0 (none) to 15."""
    if not 1 <= len(text) <= TEXT_BYTES_MAX:
        raise ValueError(f"text has {len(text)} bytes; it must have from 1 to {TEXT_BYTES_MAX}")
    if encoding not in (GB2312, GBK):
        raise ValueError(f"encoding is {encoding}; it must be GB2312 or GBK")
    if not 0 <= music <= 15:
        raise ValueError(f"music is {music}; it must be from 0 to 15")
    return frame(_SPEAK, bytes((encoding | music << 3,)) + tts.check_text(text))


def stop() -> bytes:
    """Be silent now."""
    return frame(_STOP, b"")


def pause() -> bytes:
    """Hold the speech."""
    return frame(_PAUSE, b"")


def resume() -> bytes:
    """Go on after `pause`."""
    return frame(_RESUME, b"")


def status() -> bytes:
    """Ask: answered by "busy" or "idle"."""
    return frame(_STATUS, b"")


def sleep() -> bytes:
    """Save power; the next frame wakes the chip, which needs 16 ms."""
    return frame(_SLEEP, b"")


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value
