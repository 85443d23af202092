"""ESC/POS bytes cut into operations, whole or in portions, with nothing skipped in silence."""

import pytest

from protocols.peripherals import escpos
from simulator.devices.printer_parser import Operation, Parser

RICH = b"".join(
    (
        escpos.INIT,
        escpos.CHINESE_ON,
        escpos.align(escpos.CENTRE),
        escpos.size(3, 2),
        "请A023号到3号窗口\n".encode("gb18030"),
        escpos.raster(2, 3, b"\x10\x04\x01\x1b\x40\x0a"),
        escpos.qr(b"https://hall.example/t/1", 5),
        escpos.density(-2),
        b"\x1b*\x21\x02\x00" + bytes(6),
        b"\x1bD\x08\x10\x00",
        b"\x1bp\x00\x19\xfa",
        escpos.cut(partial=True, feed=7),
        b"\x1dV\x00",
        escpos.process_id_request(b"AB12"),
    )
)


def operations(data: bytes, portion: int) -> list[Operation]:
    parser, buffer, taken = Parser(), bytearray(), []
    for start in range(0, len(data), portion):
        buffer += data[start : start + portion]
        while (operation := parser.take(buffer)) is not None:
            taken.append(operation)
    assert buffer == b""
    return taken


def joined(taken: list[Operation]) -> list[tuple[str, tuple[int, ...], bytes]]:
    """Runs of text brought together: where they break depends on how bytes arrived."""
    result: list[tuple[str, tuple[int, ...], bytes]] = []
    for operation in taken:
        if operation.name == "text" and result and result[-1][0] == "text":
            result[-1] = ("text", operation.arguments, result[-1][2] + operation.data)
        else:
            result.append((operation.name, operation.arguments, operation.data))
    return result


def test_every_command_is_known_and_carries_its_arguments() -> None:
    assert joined(operations(RICH, len(RICH))) == [
        ("init", (), b""),
        ("chinese_on", (), b""),
        ("align", (1,), b""),
        ("size", (0x21,), b""),
        ("text", (1,), "请A023号到3号窗口".encode("gb18030")),
        ("line_feed", (), b""),
        ("raster", (2, 3, 1, 1), b"\x10\x04\x01\x1b\x40\x0a"),
        ("qr_model", (0x32,), b""),
        ("qr_module", (5,), b""),
        ("qr_correction", (0x31,), b""),
        ("qr_store", (), b"https://hall.example/t/1"),
        ("qr_print", (), b""),
        ("density", (-2,), b""),
        ("column_image", (33, 2), bytes(6)),
        ("tab_stops", (8, 16), b""),
        ("drawer", (0, 25, 250), b""),
        ("cut", (1, 1, 7), b""),
        ("cut", (0, 0, 0), b""),
        ("process_id", (), b"AB12"),
    ]


@pytest.mark.parametrize("portion", [1, 2, 3, 7])
def test_portions_make_no_difference(portion: int) -> None:
    assert joined(operations(RICH, portion)) == joined(operations(RICH, len(RICH)))


def test_four_byte_characters_stay_whole() -> None:
    taken = operations("𬭎".encode("gb18030") + b"\n", 1)
    assert taken[0] == Operation("text", (1,), bytes.fromhex("9933a932"))


@pytest.mark.parametrize(
    "data", [b"\x00", b"\x1b\x7a", b"\x1dV\x07", b"\x1dv1\x00\x01\x00\x01\x00", b"\x7f"]
)
def test_byte_that_starts_no_command_is_unknown_and_alone(data: bytes) -> None:
    parser, buffer = Parser(), bytearray(data)
    assert parser.take(buffer) == Operation("unknown", (), data[:1])
    assert buffer == data[1:]


def test_unknown_extended_command_is_taken_with_its_whole_body() -> None:
    assert operations(b"\x1d(L\x02\x00\x30\x01A\n", 3)[0] == Operation(
        "unknown", (), b"\x1d(L\x02\x00\x30\x01"
    )


def test_outside_of_chinese_mode_high_bytes_are_single_characters() -> None:
    taken = operations(b"\x1c.\xc7\xeb\x1c&\xc7\xeb", 99)
    assert [(o.arguments, o.data) for o in taken if o.name == "text"] == [
        ((0,), b"\xc7\xeb"),
        ((1,), b"\xc7\xeb"),
    ]
