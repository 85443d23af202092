"""A signing key, made once, and small releases signed with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from gateway.releases.build import make_release
from gateway.releases.release import Release
from gateway.releases.signing import SigningKey

# A .mpy file begins with "M" and its version.
CONTENTS = {
    "firmware/__init__.mpy": b"M\x06\x00\x1f" + b"one",
    "protocols/a.mpy": b"M\x06" + b"x" * 1000,
}


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    """A key of these tests."""
    return SigningKey(b"a key of a test.", b"s" * 32)


@pytest.fixture(scope="session")
def signed_release(signing_key: SigningKey) -> Callable[..., Release]:
    """signed_release(number, contents): signed with an index of its own."""
    used: list[int] = []

    def make(number: int, contents: dict[str, bytes] | None = None) -> Release:
        release = make_release(number, contents or CONTENTS, f"0.0.{number}")
        used.append(number)
        signature = signing_key.sign(len(used), b"c" * 32, release.manifest_bytes)
        return dataclasses.replace(release, signature=signature)

    return make
