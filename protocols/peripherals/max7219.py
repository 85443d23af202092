"""MAX7219 LED drivers in a chain: a picture -> the bytes to shift out, one load at a time.

A **frame** is the picture, one bit per LED: rows from the top, `width // 8` bytes a row, most
significant bit on the left (MicroPython's `framebuf.MONO_HLSB`, Pillow's mode "1").
A **transfer** is what is shifted between two pulses of LOAD: one (register, value) pair for
every chip. The pair shifted first travels farthest, to the last chip. The first chip drives
the 8x8 block at the top left, the others follow row by row; so the bytes start with the block
at the bottom right. A digit register holds a column of its block, bit 0 at the top.

Source: MAX7219 datasheet table 2; the block order is luma.led_matrix's, tested against it.
"""

NO_OP = 0x00
DIGIT_0 = 0x01
DECODE_MODE = 0x09
INTENSITY = 0x0A
SCAN_LIMIT = 0x0B
SHUTDOWN = 0x0C
DISPLAY_TEST = 0x0F


def chip_count(width: int, height: int) -> int:
    """Chips for a wall of so many LEDs; both must be multiples of 8 above 0."""
    if width <= 0 or height <= 0 or width % 8 or height % 8:
        raise ValueError(f"a wall of {width} x {height} is not made of 8 x 8 blocks")
    return width // 8 * (height // 8)


def to_all(register: int, value: int, chips: int) -> bytes:
    """The transfer that sets one register to one value in every chip."""
    return bytes((register, value)) * chips


def intensity(level: int, chips: int) -> bytes:
    """The transfer for brightness 0 to 15."""
    if not 0 <= level <= 15:
        raise ValueError(f"intensity is {level}; it must be from 0 to 15")
    return to_all(INTENSITY, level, chips)


def power(on: bool, chips: int) -> bytes:
    """The transfer that leaves or enters shutdown; registers are kept."""
    return to_all(SHUTDOWN, 1 if on else 0, chips)


def start(width: int, height: int, level: int) -> list[bytes]:
    """The transfers after power-on. Chips wake with random registers: dark is set before on."""
    chips = chip_count(width, height)
    transfers = [
        power(False, chips),
        to_all(DISPLAY_TEST, 0, chips),
        to_all(SCAN_LIMIT, 7, chips),
        to_all(DECODE_MODE, 0, chips),
        intensity(level, chips),
    ]
    transfers.extend(frame_transfers(bytes(width // 8 * height), width, height))
    transfers.append(power(True, chips))
    return transfers


def refresh(width: int, height: int, level: int) -> list[bytes]:
    """The transfers that repair a chip upset by noise; send them now and then, flicker-free."""
    chips = chip_count(width, height)
    return [
        to_all(DISPLAY_TEST, 0, chips),
        to_all(SCAN_LIMIT, 7, chips),
        to_all(DECODE_MODE, 0, chips),
        intensity(level, chips),
        power(True, chips),
    ]


def frame_transfers(frame: bytes, width: int, height: int) -> list[bytes]:
    """A frame -> 8 transfers, one for each column of the blocks."""
    chips = chip_count(width, height)
    stride = width // 8
    if len(frame) != stride * height:
        raise ValueError(
            f"frame has {len(frame)} bytes; {width} x {height} needs {stride * height}"
        )
    transfers = [bytearray(2 * chips) for _ in range(8)]
    place = 0
    for band in range(height // 8 - 1, -1, -1):
        for block in range(stride - 1, -1, -1):
            _block_columns(frame, band * 8 * stride + block, stride, transfers, place)
            place += 2
    return [bytes(transfer) for transfer in transfers]


def _block_columns(
    frame: bytes, first: int, stride: int, transfers: list[bytearray], place: int
) -> None:
    """Turn one 8x8 block by a quarter: rows of the frame into columns of the chip."""
    columns = [0, 0, 0, 0, 0, 0, 0, 0]
    for row in range(8):
        bits = frame[first + row * stride]
        column = 7
        while bits:
            if bits & 1:
                columns[column] |= 1 << row
            bits >>= 1
            column -= 1
    for column in range(8):
        transfers[column][place] = DIGIT_0 + column
        transfers[column][place + 1] = columns[column]
