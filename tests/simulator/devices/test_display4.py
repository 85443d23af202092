"""The TM1637 model reads back what the encoder wrote."""

import pytest

from protocols.peripherals import tm1637
from simulator.devices.display4 import Display4


def shown(text: str, brightness: int = 3) -> Display4:
    display = Display4()
    for transaction in tm1637.show(text, brightness, colon=False):
        display.transact(transaction)
    return display


@pytest.mark.parametrize("text", ["A023", "----", "PASS", "b 9_", "Err ", "HELP"])
def test_what_was_written_is_read(text: str) -> None:
    read = shown(text).text()
    assert read == text.replace("S", "5")
    assert read.upper() == text.replace("S", "5").upper()


def test_display_is_dark_before_it_is_switched_on_and_after_dark() -> None:
    display = Display4()
    assert display.segments() == bytes(4)
    display = shown("8888")
    assert display.segments() == b"\x7f" * 4
    display.transact(tm1637.dark()[0])
    assert display.text() == "    "
    assert bytes(display.memory[:4]) == b"\x7f" * 4


def test_fixed_address_writes_one_digit() -> None:
    display = shown("A023")
    display.transact(b"\x44")
    display.transact(b"\xc3\x07")
    assert display.text() == "A027"


def test_unknown_transactions_are_kept_and_change_nothing() -> None:
    display = shown("A023")
    for transaction in (b"\xc7\x01", b"\x42", b"", b"\x10"):
        display.transact(transaction)
    assert display.unknown == [b"\xc7\x01", b"\x42", b"", b"\x10"]
    assert display.text() == "A023"


def test_faults_are_seen() -> None:
    display = shown("8888")
    display.dead_segments = bytes((0x40, 0, 0, 0))
    assert display.text() == "0888"
    display.unplugged = True
    assert display.segments() == bytes(4)
    display.unplugged = False
    display.power_cut()
    assert display.segments() == bytes(4)
