"""LMS: the RFC's own signature is taken, and nothing that differs from it in a single bit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from protocols.lms import LEAVES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verify

GOLDEN = Path(__file__).parents[1] / "golden" / "lms" / "rfc8554-test-case-2.json"
# One place in each part: index, types, C, first and last chain, path.
PLACES = (0, 3, 4, 7, 8, 40, 2183, 2184, 2187, 2188, SIGNATURE_BYTES - 1)


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    """RFC 8554, appendix F, test case 2, the upper of its two trees."""
    found = json.loads(GOLDEN.read_text("utf-8"))
    found["signature"] = "".join(found["signature"])
    return {
        name: bytes.fromhex(value) if name not in ("source", "index") else value
        for name, value in found.items()
    }


def check(case: dict[str, Any], **changes: bytes) -> bool:
    values = {**case, **changes}
    return verify(hashlib.sha256, values["public_key"], values["signature"], [values["message"]])


def turned(data: bytes, place: int, bit: int = 0) -> bytes:
    spoilt = bytearray(data)
    spoilt[place] ^= 1 << bit
    return bytes(spoilt)


def test_the_signature_of_the_rfc_is_taken(case: dict[str, Any]) -> None:
    assert (len(case["public_key"]), len(case["signature"])) == (PUBLIC_KEY_BYTES, SIGNATURE_BYTES)
    assert check(case)


def test_a_message_may_come_in_pieces(case: dict[str, Any]) -> None:
    message = case["message"]
    pieces = [message[:7], b"", message[7:]]
    assert verify(hashlib.sha256, case["public_key"], case["signature"], pieces)


@pytest.mark.parametrize("bit", [0, 7])
def test_a_bit_turned_anywhere_is_refused(case: dict[str, Any], bit: int) -> None:
    for place in PLACES:
        assert not check(case, signature=turned(case["signature"], place, bit)), place
    for place in range(PUBLIC_KEY_BYTES):
        assert not check(case, public_key=turned(case["public_key"], place, bit)), place
    for place in range(len(case["message"])):
        assert not check(case, message=turned(case["message"], place, bit)), place


def test_each_of_the_chains_counts(case: dict[str, Any]) -> None:
    for chain in range(67):
        assert not check(case, signature=turned(case["signature"], 40 + 32 * chain)), chain


@pytest.mark.parametrize("name", ["public_key", "signature"])
def test_a_wrong_length_is_refused(case: dict[str, Any], name: str) -> None:
    assert not check(case, **{name: case[name][:-1]})
    assert not check(case, **{name: case[name] + b"\0"})
    assert not check(case, **{name: b""})


def test_an_index_that_no_key_has_is_refused(case: dict[str, Any]) -> None:
    for index in (LEAVES, 0xFFFFFFFF):
        assert not check(case, signature=index.to_bytes(4, "big") + case["signature"][4:])
