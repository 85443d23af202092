"""Key pairs and signatures are those of RFC 8554."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gateway.releases.signing import SigningKey
from protocols.lms import LEAVES, verify

GOLDEN = Path(__file__).parents[2] / "golden" / "lms" / "rfc8554-test-case-2.json"


def test_the_rfc_s_seed_gives_its_public_key_and_its_signature() -> None:
    case = json.loads(GOLDEN.read_text("utf-8"))
    key = SigningKey(bytes.fromhex(case["key_id"]), bytes.fromhex(case["seed"]))
    assert key.public_key.hex() == case["public_key"]
    chance, message = bytes.fromhex(case["chance"]), bytes.fromhex(case["message"])
    assert key.sign(case["index"], chance, message).hex() == "".join(case["signature"])


def test_every_index_signs(signing_key: SigningKey) -> None:
    for index in (0, 1, 511, 512, LEAVES - 1):
        signature = signing_key.sign(index, bytes(32), b"message")
        assert verify(hashlib.sha256, signing_key.public_key, signature, [b"message"]), index
