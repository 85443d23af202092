"""Any message to bytes and back, and damaged bytes into the decoder. MicroPython subset."""

from protocols.catalogue import MESSAGES
from protocols.wire import STAMP_FIELDS, Message, Stamp, WireError, decode, encode
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.messages import any_message, any_value
from simulator.vm.differential.shown import show

# What takes the place of something in a good message.
SPOILS: tuple[bytes, ...] = (
    b"",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\x00",
    b"1.5",
    b"1e3",
    b"-0",
    b"1e999",
    b"NaN",
)
SPOILS += (b"null", b"true", b"[]", b"{}", b'"', b"\\", b'"\\ud83d"', b'"\\u7a97"', b'"\\x"', b",")
SPOILS += (
    b":",
    b"}",
    b"]",
    b"99999999999999999999",
    b"-1",
    b"01",
    b"+1",
    b"0x10",
    b" ",
    b"\t",
    b"\n",
)
SPOILS += (b'{"a":1}', b'["b",2]', b'"\xe7\xaa\x97"', b"'", b"tru", b"\x0c", b"//", b"1_0", b"1.")


def _kinds() -> list[type[Message]]:
    return [kind for _, messages in MESSAGES for kind in messages]


def drive(what: str, chance: Chance, steps: int, say) -> None:
    """`steps` messages, each sent, read back, and spoilt once or twice; `what` is "all"."""
    assert what == "all"
    kinds = _kinds()
    for _ in range(steps):
        kind = chance.pick(kinds)
        message = any_message(chance, kind, {})
        assert isinstance(message, Message)
        stamp = None
        if kind.REPORT:
            stamp = Stamp(*[any_value(chance, field) for _, field in STAMP_FIELDS])  # type: ignore[arg-type]  # whole numbers all
        try:
            payload = encode(message, stamp)
        except WireError as error:
            say(show(error))
            continue
        say(show(payload))
        _read(payload, kinds, say)
        for _ in range(chance.between(1, 2)):
            _read(_spoilt(chance, payload), kinds, say)


def _spoilt(chance: Chance, payload: bytes) -> bytes:
    draw = chance.below(8)
    at = chance.below(len(payload))
    if draw == 0:
        return payload[:at]
    if draw == 1:
        return payload + chance.pick(SPOILS)
    if draw == 2:
        deep = chance.pick((3, 30, 500))
        return b'{"k":' + b"[" * deep + b"]" * deep + b"}"
    if draw == 3:
        return payload[:at] + chance.bytes(1) + payload[at + 1 :]
    # A value of the object, mostly: after a colon, up to what ends it.
    start = payload.find(b":", at) + 1
    end = start
    while end < len(payload) and payload[end] not in b",}":
        end += 1
    if draw == 4:
        end = start
    return payload[:start] + chance.pick(SPOILS) + payload[end:]


def _read(payload: bytes, kinds: list[type[Message]], say) -> None:
    try:
        message = decode(payload, tuple(kinds))
    except WireError as error:
        say(show(payload) + " " + show(error))
        return
    say(show(message))
    # What came through must go out again.
    say(show(encode(message, message.stamp)))
