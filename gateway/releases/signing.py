"""LMS signatures (RFC 8554): the key pair and signing; `protocols.lms` verifies. Pure.

Whoever signs two messages with one index gives the key away: gateway/releases/keys.py sees to that.
A whole tree (1,029,120 hashes) takes about a second; nothing of it is kept.
"""

import hashlib

from protocols.lms import (
    CHAIN_TYPE,
    CHAINS,
    CHAINS_END,
    LEAVES,
    STEPS,
    TREE_TYPE,
    inner,
    leaf,
    message_digits,
    walk,
)

SEED_BYTES = 32


class SigningKey:
    """`key_id` (16 bytes) is public, `seed` (32 bytes) the secret all else comes from."""

    def __init__(self, key_id: bytes, seed: bytes) -> None:
        self._key_id = key_id
        self._seed = seed
        # By the number of a node: 1 is the root, LEAVES and up are the leaves.
        self._nodes = [b""] * LEAVES
        self._nodes += [
            leaf(hashlib.sha256, key_id, q, self._one_time_key(q)) for q in range(LEAVES)
        ]
        for number in range(LEAVES - 1, 0, -1):
            pair = self._nodes[2 * number] + self._nodes[2 * number + 1]
            self._nodes[number] = inner(hashlib.sha256, key_id, number, pair)

    @property
    def public_key(self) -> bytes:
        """What a node verifies with."""
        return TREE_TYPE + CHAIN_TYPE + self._key_id + self._nodes[1]

    def sign(self, index: int, chance: bytes, message: bytes) -> bytes:
        """The signature of `index`, which must never be used for another message.

        `chance` (32 bytes) is unforeseeable, so that nobody can prepare two messages of one digest.
        """
        place = self._place(index)
        digits = message_digits(hashlib.sha256, place, chance, [message])
        chains = [
            walk(hashlib.sha256, place, chain, self._secret(index, chain), 0, digits[chain])
            for chain in range(CHAINS)
        ]
        path = []
        number = LEAVES + index
        while number > 1:
            path.append(self._nodes[number ^ 1])
            number >>= 1
        one_time = CHAIN_TYPE + chance + b"".join(chains)
        return index.to_bytes(4, "big") + one_time + TREE_TYPE + b"".join(path)

    def _place(self, index: int) -> bytes:
        return self._key_id + index.to_bytes(4, "big")

    def _secret(self, index: int, chain: int) -> bytes:
        # RFC 8554, appendix A.
        text = self._place(index) + chain.to_bytes(2, "big") + b"\xff" + self._seed
        return hashlib.sha256(text).digest()

    def _one_time_key(self, index: int) -> bytes:
        place = self._place(index)
        ends = hashlib.sha256(place + CHAINS_END)
        for chain in range(CHAINS):
            secret = self._secret(index, chain)
            ends.update(walk(hashlib.sha256, place, chain, secret, 0, STEPS))
        return ends.digest()
