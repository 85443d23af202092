"""XFS5152CE, a voice chip on a serial line: what to send to it. Its replies: `tts.ReplyParser`.

A frame is `FD length(2) command parameters`; the length counts all after itself. There is no
checksum, so noise on the line is spoken: keep it short. A speak frame cuts off what is being said.
Some boards carry the chip on I2C instead.

Source: four public source files that agree; no data sheet was seen. So the longest text is kept
to that of the sister chip SYN6288, and the line speed is the board's: look it up.
"""

from protocols.peripherals import tts

TEXT_BYTES_MAX = 200

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
    length = 1 + len(parameters)
    return bytes((_HEAD, length >> 8, length & 0xFF, command)) + parameters


def speak(text: bytes, encoding: int) -> bytes:
    """Say up to TEXT_BYTES_MAX bytes of text in GB2312 or GBK."""
    if not 1 <= len(text) <= TEXT_BYTES_MAX:
        raise ValueError(f"text has {len(text)} bytes; it must have from 1 to {TEXT_BYTES_MAX}")
    if encoding not in (GB2312, GBK):
        raise ValueError(f"encoding is {encoding}; it must be GB2312 or GBK")
    return frame(_SPEAK, bytes((encoding,)) + tts.check_text(text))


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
    """Save power."""
    return frame(_SLEEP, b"")
