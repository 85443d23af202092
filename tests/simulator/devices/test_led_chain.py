"""The chain model, alone and between luma's driver and ours: the same registers and pixels."""

import random

import pytest
from luma.led_matrix.device import max7219 as luma_max7219
from PIL import Image

from protocols.peripherals import max7219
from simulator.devices.led_chain import LedChain


def picture(width: int, height: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(width // 8 * height)


def show(chain: LedChain, frame: bytes) -> None:
    for transfer in max7219.frame_transfers(frame, chain.width, chain.height):
        chain.transfer(transfer)


def started(width: int, height: int) -> LedChain:
    chain = LedChain(width, height)
    for transfer in max7219.start(width, height, 7):
        chain.transfer(transfer)
    return chain


@pytest.mark.parametrize(("width", "height"), [(8, 8), (64, 8), (128, 16), (128, 64)])
def test_luma_and_our_encoder_leave_the_same_registers_and_pixels(width: int, height: int) -> None:
    ours = started(width, height)
    theirs = LedChain(width, height)
    device = luma_max7219(theirs, width=width, height=height, contrast=0x70)
    for seed in range(3):
        frame = picture(width, height, seed)
        show(ours, frame)
        device.display(Image.frombytes("1", (width, height), frame))
        assert [vars(chip) for chip in ours.chips] == [vars(chip) for chip in theirs.chips]
        assert ours.frame() == theirs.frame() == frame
    assert ours.brightness() == theirs.brightness() == 15


def test_chips_wake_up_dark_and_stay_dark_until_started() -> None:
    chain = LedChain(16, 8)
    show(chain, b"\xff" * 16)
    assert chain.frame() == bytes(16)
    assert chain.brightness() == 0
    for transfer in max7219.refresh(16, 8, 0):
        chain.transfer(transfer)
    assert chain.frame() == b"\xff" * 16
    assert chain.brightness() == 1


def test_short_transfer_pushes_the_rest_along_as_the_wire_does() -> None:
    chain = started(16, 8)
    chain.transfer(bytes((max7219.DIGIT_0, 0xAA)))
    chain.transfer(bytes((max7219.DIGIT_0, 0x55)))
    assert [chip.digits[0] for chip in chain.chips] == [0x55, 0xAA]


def test_no_op_moves_data_without_changing_registers() -> None:
    chain = started(16, 8)
    chain.transfer(bytes((max7219.DIGIT_0, 0xAA, max7219.NO_OP, 0)))
    assert [chip.digits[0] for chip in chain.chips] == [0, 0xAA]


def test_scan_limit_decode_mode_and_display_test_change_what_is_seen() -> None:
    chain = started(8, 8)
    show(chain, b"\xff" * 8)
    chain.transfer(bytes((max7219.SCAN_LIMIT, 3)))
    assert chain.frame() == b"\xf0" * 8
    chain.transfer(bytes((max7219.DECODE_MODE, 0x01)))
    chain.transfer(bytes((max7219.DIGIT_0, 8)))
    assert chain.chips[0].columns()[0] == 0x7F
    chain.transfer(bytes((max7219.DISPLAY_TEST, 1)))
    assert chain.frame() == b"\xff" * 8
    assert chain.brightness() == 31


def test_dead_chip_is_dark_but_passes_bits_on() -> None:
    chain = started(24, 8)
    chain.dead_chips.add(1)
    show(chain, b"\xff" * 24)
    assert chain.frame() == b"\xff\x00\xff" * 8


def test_cut_wire_leaves_the_far_chips_with_their_old_picture() -> None:
    chain = started(24, 8)
    show(chain, b"\xff" * 24)
    chain.broken_after = 1
    show(chain, bytes(24))
    assert chain.frame() == b"\x00\xff\xff" * 8


def test_unplugged_chain_keeps_its_picture_and_power_cut_loses_it() -> None:
    chain = started(8, 8)
    show(chain, b"\xff" * 8)
    chain.unplugged = True
    show(chain, bytes(8))
    assert chain.frame() == b"\xff" * 8
    chain.power_cut()
    assert chain.frame() == bytes(8)


def test_rows_are_the_frame_as_booleans() -> None:
    chain = started(16, 8)
    show(chain, b"\x80\x01" + bytes(14))
    assert chain.rows()[0] == [True] + [False] * 14 + [True]
    assert not any(map(any, chain.rows()[1:]))
