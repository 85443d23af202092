"""LMS signatures (RFC 8554): verifying, and what signing shares with it. MicroPython subset, pure.

One parameter set and no other: LMS_SHA256_M32_H10 over LMOTS_SHA256_N32_W4, 1024 signatures for a
key. A public key or signature of any other type is refused; nothing is negotiated.

    public key  u32 6 | u32 3 | I (16) | root (32)
    signature   u32 index | u32 3 | C (32) | 67 hashes | u32 6 | path of 10 hashes

`sha256` is hashlib's constructor, handed in. A message comes in pieces, so that a node need not
hold it.
"""

HASH_BYTES = 32
KEY_ID_BYTES = 16
TREE_HEIGHT = 10
LEAVES = 1 << TREE_HEIGHT
CHAINS = 67  # 64 of the digest, 3 of its checksum
STEPS = 15  # of a whole chain: digits of four bits
TREE_TYPE = b"\x00\x00\x00\x06"
CHAIN_TYPE = b"\x00\x00\x00\x03"
PUBLIC_KEY_BYTES = 8 + KEY_ID_BYTES + HASH_BYTES
_PATH_AT = 8 + HASH_BYTES * (1 + CHAINS)
SIGNATURE_BYTES = _PATH_AT + 4 + HASH_BYTES * TREE_HEIGHT

CHAINS_END = b"\x80\x80"
_MESSAGE = b"\x81\x81"
_LEAF = b"\x82\x82"
_INNER = b"\x83\x83"


def verify(sha256, public_key: bytes, signature: bytes, pieces) -> bool:  # type: ignore[no-untyped-def]  # the subset has no Callable, no Iterable
    """Whether `signature` is one of the key's on the message made of `pieces` (algorithm 6a)."""
    if len(public_key) != PUBLIC_KEY_BYTES or public_key[:8] != TREE_TYPE + CHAIN_TYPE:
        return False
    if len(signature) != SIGNATURE_BYTES or signature[4:8] != CHAIN_TYPE:
        return False
    if signature[_PATH_AT : _PATH_AT + 4] != TREE_TYPE:
        return False
    index = int.from_bytes(signature[:4], "big")
    if index >= LEAVES:
        return False
    key_id = public_key[8 : 8 + KEY_ID_BYTES]
    place = key_id + signature[:4]
    at = 8 + HASH_BYTES
    digits = message_digits(sha256, place, signature[8:at], pieces)
    ends = sha256(place + CHAINS_END)
    for chain in range(CHAINS):
        start = signature[at : at + HASH_BYTES]
        ends.update(walk(sha256, place, chain, start, digits[chain], STEPS))
        at += HASH_BYTES
    node = leaf(sha256, key_id, index, ends.digest())
    number = LEAVES + index
    at += 4
    while number > 1:
        other = signature[at : at + HASH_BYTES]
        pair = other + node if number & 1 else node + other
        number >>= 1
        node = inner(sha256, key_id, number, pair)
        at += HASH_BYTES
    root: bytes = public_key[8 + KEY_ID_BYTES :]
    return root == node


def message_digits(sha256, place: bytes, chance: bytes, pieces) -> list[int]:  # type: ignore[no-untyped-def]  # as above
    """How far each chain is walked for this message. `place` is I and index, `chance` is C."""
    hashing = sha256(place + _MESSAGE + chance)
    for piece in pieces:
        hashing.update(piece)
    digits: list[int] = []
    checksum = 0
    for byte in hashing.digest():
        digits.append(byte >> 4)
        digits.append(byte & STEPS)
        checksum += 2 * STEPS - digits[-2] - digits[-1]
    for shift in (8, 4, 0):
        digits.append(checksum >> shift & STEPS)
    return digits


def walk(sha256, place: bytes, chain: int, start: bytes, first: int, last: int) -> bytes:  # type: ignore[no-untyped-def]  # as above
    """Go on in a chain from step `first` to step `last`."""
    block = bytearray(place + chain.to_bytes(2, "big") + b"\x00" + start)
    for step in range(first, last):
        block[22] = step
        block[23:] = sha256(block).digest()
    return bytes(block[23:])


def leaf(sha256, key_id: bytes, index: int, one_time_key: bytes) -> bytes:  # type: ignore[no-untyped-def]  # as above
    """The leaf of the tree for a one-time public key."""
    number = (LEAVES + index).to_bytes(4, "big")
    node: bytes = sha256(key_id + number + _LEAF + one_time_key).digest()
    return node


def inner(sha256, key_id: bytes, number: int, pair: bytes) -> bytes:  # type: ignore[no-untyped-def]  # as above
    """The node over a pair of nodes; the root has number 1."""
    node: bytes = sha256(key_id + number.to_bytes(4, "big") + _INNER + pair).digest()
    return node
