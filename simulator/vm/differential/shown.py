"""Values as text that is the same on every runtime, unlike `repr`. MicroPython subset.

Text is ASCII with escapes, bytes are hexadecimal, messages list their fields in the order of the
wire, dictionaries are sorted by what their keys show.
"""

import binascii

from protocols.mqtt_packets import Packet
from protocols.wire import Message, Stamp, Struct

_PACKET_FIELDS: tuple[str, ...] = (
    "level",
    "client_id",
    "keepalive_s",
    "clean",
    "will",
    "username",
    "password",
)
_PACKET_FIELDS += ("session_present", "code", "topic", "payload", "qos", "retain", "dup")
_PACKET_FIELDS += ("packet_id", "filters", "granted")


def show(value: object) -> str:
    """The text of any value the product hands out."""
    if value is None or value is True or value is False or isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return show_text(value)
    if isinstance(value, (bytes, bytearray)):
        return "x" + str(binascii.hexlify(value), "ascii")
    if isinstance(value, (list, tuple)):
        return "(" + " ".join([show(entry) for entry in value]) + ")"
    if isinstance(value, dict):
        pairs = [(show(key), show(entry)) for key, entry in value.items()]
        return "{" + " ".join([key + ":" + entry for key, entry in sorted(pairs)]) + "}"
    if isinstance(value, (Struct, Stamp)):
        text = show_fields(value, [name for name, _ in value.FIELDS])
        if isinstance(value, Message) and value.stamp is not None:
            text += show(value.stamp)
        return text
    if isinstance(value, Packet):
        return show_fields(value, [name for name in _PACKET_FIELDS if hasattr(value, name)])
    if isinstance(value, Exception):
        return value.__class__.__name__ + ":" + show_text(str(value))
    raise TypeError("no text for a " + value.__class__.__name__)


def show_fields(value: object, names: list[str]) -> str:
    """Class(name=value ...)."""
    fields = [name + "=" + show(getattr(value, name)) for name in names]
    return value.__class__.__name__ + "(" + " ".join(fields) + ")"


def show_text(text: str) -> str:
    """Quoted, ASCII only."""
    out = []
    for character in text:
        code = ord(character)
        if 32 <= code < 127 and character not in "\\'":
            out.append(character)
        else:
            out.append("\\%x;" % code)
    return "'" + "".join(out) + "'"
