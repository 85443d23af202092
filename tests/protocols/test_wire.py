"""Encoding and decoding: every message survives, nothing but WireError comes out of bad bytes."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from protocols.fields import FieldError
from protocols.messages.node import Ack, Shown
from protocols.messages.pad import PadPressed
from protocols.messages.wall import WallRow, WallWant
from protocols.wire import (
    AGE_MS_MAX,
    PAYLOAD_BYTES_MAX,
    STAMP_FIELDS,
    Stamp,
    WireError,
    decode,
    encode,
)

STAMP = Stamp(boot=3, seq=14, age_ms=250, epoch=41, heard_ms=90_000)
PRESS = PadPressed(command="next", argument=0, seen=7)
PRESS_BYTES = (
    b'{"k":"pad_pressed","v":1,"boot":3,"seq":14,"age_ms":250,"epoch":41,"heard_ms":90000,'
    b'"command":"next","argument":0,"seen":7}'
)


def changed(payload: bytes, **values: object) -> bytes:
    """The payload with some fields set anew; a value of `...` leaves the field out."""
    body = json.loads(payload) | values
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


@settings(max_examples=200)
@given(data=st.data())
def test_every_message_survives_the_wire(data, kinds, messages, stamps) -> None:
    kind = data.draw(st.sampled_from(kinds))
    message = data.draw(messages(kind))
    stamp = data.draw(stamps) if kind.REPORT else None
    try:
        payload = encode(message, stamp)
    except WireError as error:
        # Escapes may swell text past the limit; then it is refused before it is sent.
        assume(f"at most {PAYLOAD_BYTES_MAX}" not in str(error))
        raise
    assert len(payload) <= PAYLOAD_BYTES_MAX
    received = decode(payload, kinds)
    assert received == message
    assert received.stamp == stamp
    assert list(json.loads(payload)) == ["k", "v"] + [
        name for name, _ in (STAMP_FIELDS if kind.REPORT else ()) + kind.FIELDS
    ]


@settings(max_examples=300)
@given(payload=st.binary(max_size=200))
@example(payload=b"")
@example(payload=b"null")
@example(payload=b"[1]")
@example(payload=b"\xff\xfe")
@example(payload=b'"' + b"a" * 1100 + b'"')
@example(payload=b"[" * 1024)
@example(payload=b'{"a":' * 200)
@example(payload=b'{"k":[]}')
@example(payload=b'{"k":"shown"}')
@example(payload=b'{"k":"shown","v":1,"epoch":1e999,"rev":NaN,"fresh":true}')
@example(payload=b'{"k":"node_log","v":1,"level":"info","text":"\\ud83d"}')
@example(payload=b'{"k":"wall_want","v":1,"epoch":0,"rev":0,"rows":{},"notice":"","waiting":0}')
@example(payload=b'{"k":"wall_want","v":1,"epoch":0,"rev":0,"rows":[1],"notice":"","waiting":0}')
@example(payload=b'{"k":"wall_want","v":1,"epoch":0,"rev":0,"rows":[{}],"notice":"","waiting":0}')
def test_bad_bytes_raise_only_wire_error(payload: bytes, kinds) -> None:
    with pytest.raises(WireError):
        decode(payload, kinds)


@settings(max_examples=300)
@given(data=st.data())
def test_damaged_payload_is_understood_or_refused_with_wire_error(data, kinds) -> None:
    payload = bytearray(PRESS_BYTES)
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        decode(bytes(payload), kinds)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@settings(max_examples=300)
@given(data=st.data())
def test_wrong_value_in_any_field_is_refused_by_name(data, kinds, messages, stamps) -> None:
    kind = data.draw(st.sampled_from(kinds))
    message = data.draw(messages(kind))
    fields = (STAMP_FIELDS if kind.REPORT else ()) + kind.FIELDS
    name, field = data.draw(st.sampled_from(fields))
    value = data.draw(json_values)
    try:
        payload = encode(message, data.draw(stamps) if kind.REPORT else None)
        field.check(name, value)
    except FieldError:
        payload = changed(payload, **{name: value})
        assume(len(payload) <= PAYLOAD_BYTES_MAX)
        with pytest.raises(WireError, match=name):
            decode(payload, kinds)
    except WireError:
        assume(False)


def test_press_has_these_bytes() -> None:
    assert encode(PRESS, STAMP) == PRESS_BYTES


def test_chinese_and_escapes_have_these_bytes() -> None:
    want = WallWant(
        epoch=1,
        rev=2,
        rows=(WallRow(number="A001", window="3", new=True),),
        notice='请"看\\屏\n幕',
        waiting=0,
    )
    assert (
        encode(want)
        == (
            '{"k":"wall_want","v":1,"epoch":1,"rev":2,'
            '"rows":[{"number":"A001","window":"3","new":true}],'
            '"notice":"请\\"看\\\\屏\\u000a幕","waiting":0}'
        ).encode()
    )


@pytest.mark.parametrize("version", [1, 2, 77])
def test_newer_sender_with_more_fields_is_understood(version: int) -> None:
    payload = changed(PRESS_BYTES, v=version, mood="new in 1.4", seen_by={"x": [1]})
    message = decode(payload, (Shown, PadPressed))
    assert message == PRESS
    assert message.stamp == STAMP


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None, ...])
def test_version_that_is_no_version_is_refused(version: object) -> None:
    with pytest.raises(WireError, match="is not a version"):
        decode(changed(PRESS_BYTES, v=version), (PadPressed,))


@pytest.mark.parametrize("payload", [b"[" * 1024, b'{"a":' * 204])
def test_nesting_too_deep_for_the_parser_is_refused(payload: bytes) -> None:
    # Apart from the random bytes: Hypothesis raises the recursion limit, nothing else does.
    with pytest.raises(WireError, match="not JSON"):
        decode(payload, (PadPressed,))


@pytest.mark.parametrize("name", [name for name, _ in STAMP_FIELDS + PadPressed.FIELDS])
def test_missing_field_is_refused_by_name(name: str) -> None:
    with pytest.raises(WireError, match=f"lacks {name}"):
        decode(changed(PRESS_BYTES, **{name: ...}), (PadPressed,))


def test_kind_of_another_channel_is_refused() -> None:
    with pytest.raises(WireError, match="kind 'pad_pressed' is not known here"):
        decode(PRESS_BYTES, (Ack,))


def test_report_without_stamp_and_stamp_without_report_are_refused() -> None:
    with pytest.raises(WireError, match="pad_pressed"):
        encode(PRESS)
    with pytest.raises(WireError, match="shown"):
        encode(Shown(epoch=1, rev=1, fresh=True, outbox_age_ms=0), STAMP)


def test_message_is_checked_when_it_is_made() -> None:
    with pytest.raises(FieldError, match="PadPressed needs seen"):
        PadPressed(command="next", argument=0)
    with pytest.raises(FieldError, match="PadPressed has no field hall"):
        PadPressed(command="next", argument=0, seen=7, hall="lf")
    with pytest.raises(FieldError, match="argument"):
        PadPressed(command="next", argument=10, seen=7)
    with pytest.raises(FieldError, match="age_ms"):
        Stamp(boot=1, seq=1, age_ms=AGE_MS_MAX + 1, epoch=0, heard_ms=0)


def test_payload_above_the_limit_is_refused_both_ways() -> None:
    rows = tuple(WallRow(number='""""', window='""""""""', new=False) for _ in range(8))
    want = WallWant(epoch=1, rev=1, rows=rows, notice="\n" * 120, waiting=0)
    with pytest.raises(WireError, match="at most 1024"):
        encode(want)
    padded = PRESS_BYTES + b" " * (PAYLOAD_BYTES_MAX + 1 - len(PRESS_BYTES))
    with pytest.raises(WireError, match="1025 bytes"):
        decode(padded, (PadPressed,))
    assert decode(padded[:-1], (PadPressed,)) == PRESS


def test_equal_messages_are_equal_and_hash_alike() -> None:
    other = PadPressed(command="next", argument=0, seen=7)
    assert other == PRESS
    assert hash(other) == hash(PRESS)
    assert PadPressed(command="next", argument=0, seen=8) != PRESS
    assert Stamp(3, 14, 250, 41, 90_000) == STAMP
    assert Stamp(3, 15, 250, 41, 90_000) != STAMP


def test_golden_samples_decode_and_encode_to_the_same_bytes(kinds) -> None:
    folder = Path(__file__).parents[1] / "golden" / "wire"
    for kind in kinds:
        lines = (folder / f"{kind.KIND}.json").read_bytes().splitlines()
        payloads = [line.removesuffix(b",") for line in lines[1:-1]]
        assert len(payloads) == 3
        for payload in payloads:
            message = decode(payload, (kind,))
            assert encode(message, message.stamp) == payload
