"""A value in two slots, so that no cut of power loses it: the sans-IO part. MicroPython subset.

A slot is magic, sequence (4 bytes), length (4), CRC-32 (4) of all the rest, and the value; all
big-endian. The valid slot with the higher sequence counts. A new value goes into the other slot, so
what counts is never written over: a write that is torn or lost leaves the old value.
"""

import binascii

MAGIC = b"HKS1"
_HEAD = 16


def encode_slot(sequence: int, value: bytes) -> bytes:
    """The contents of a slot."""
    start = MAGIC + sequence.to_bytes(4, "big") + len(value).to_bytes(4, "big")
    return start + _checksum(start + value) + value


def decode_slot(data: bytes | None) -> tuple[int, bytes] | None:
    """(sequence, value), or None when it is not whole."""
    if data is None or len(data) < _HEAD or data[:4] != MAGIC:
        return None
    value = data[_HEAD:]
    if int.from_bytes(data[8:12], "big") != len(value):
        return None
    if data[12:_HEAD] != _checksum(data[:12] + value):
        return None
    return int.from_bytes(data[4:8], "big"), value


def newest(slots: list[bytes | None]) -> tuple[int, int, bytes] | None:
    """(index, sequence, value) of the slot that counts, or None when none is whole."""
    found: tuple[int, int, bytes] | None = None
    for index in range(len(slots)):
        decoded = decode_slot(slots[index])
        if decoded is not None and (found is None or decoded[0] > found[1]):
            found = (index, decoded[0], decoded[1])
    return found


def _checksum(data: bytes) -> bytes:
    checksum: int = binascii.crc32(data) & 0xFFFFFFFF
    return checksum.to_bytes(4, "big")
