"""The MAX7219 encoder by itself; against luma it is compared in the test of the chain model."""

import pytest

from protocols.peripherals import max7219


def test_one_block_is_turned_by_a_quarter() -> None:
    # The top left LED and the whole bottom row are lit.
    transfers = max7219.frame_transfers(b"\x80\0\0\0\0\0\0\xff", 8, 8)
    assert [t.hex() for t in transfers] == ["0181"] + [f"0{n}80" for n in range(2, 9)]


def test_bottom_right_block_is_shifted_first() -> None:
    frame = bytearray(2 * 16)
    frame[0] = 0x80  # top left
    frame[31] = 0x01  # bottom right
    transfers = max7219.frame_transfers(bytes(frame), 16, 16)
    assert transfers[0].hex() == "0100" + "0100" + "0100" + "0101"
    assert transfers[7].hex() == "0880" + "0800" + "0800" + "0800"


def test_start_sets_everything_before_it_lights() -> None:
    transfers = max7219.start(16, 8, 5)
    assert transfers[0] == b"\x0c\x00\x0c\x00"
    assert transfers[-1] == b"\x0c\x01\x0c\x01"
    assert [t[0] for t in transfers] == [0x0C, 0x0F, 0x0B, 0x09, 0x0A, 1, 2, 3, 4, 5, 6, 7, 8, 0x0C]
    assert transfers[4] == b"\x0a\x05\x0a\x05"


@pytest.mark.parametrize(("width", "height"), [(0, 8), (12, 8), (8, 9), (-8, 8)])
def test_wall_that_is_not_made_of_blocks_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="8 x 8 blocks"):
        max7219.chip_count(width, height)


def test_frame_of_the_wrong_size_and_intensity_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="16 x 8 needs 16"):
        max7219.frame_transfers(bytes(15), 16, 8)
    with pytest.raises(ValueError, match="intensity is 16"):
        max7219.intensity(16, 2)
