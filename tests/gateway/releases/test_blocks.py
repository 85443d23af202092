"""Blocks put together give the release; what is not there is not answered."""

from __future__ import annotations

import binascii
import dataclasses
from collections.abc import Callable

import pytest

from gateway.releases.blocks import Blocks
from gateway.releases.build import make_release
from gateway.releases.release import Release
from protocols.messages.service import BLOCK_BYTES_MAX, BlockWanted
from protocols.wire import encode


def fetched(blocks: Blocks, release: int, file: int) -> bytes | None:
    data = b""
    while True:
        block = blocks.answer(BlockWanted(release=release, file=file, at=len(data)))
        if block is None:
            return None
        encode(block)  # fits a message
        assert (block.release, block.file, block.at) == (release, file, len(data))
        piece = binascii.a2b_base64(block.data)
        assert len(piece) <= BLOCK_BYTES_MAX
        if not piece:
            return data
        data += piece


def test_blocks_put_together_are_the_release(signed_release: Callable[..., Release]) -> None:
    contents = {"a/one.mpy": b"M\x06" + bytes(range(256)) * 5, "a/two.mpy": b"M\x06" + b"y" * 478}
    release = signed_release(9, contents)
    blocks = Blocks([release])
    offer = blocks.offer(9)
    assert (offer.release, offer.name) == (9, "0.0.9")
    files = [fetched(blocks, 9, file) for file in range(4)]
    assert files == [release.manifest_bytes, release.signature, *contents.values()]
    assert (offer.manifest_bytes, offer.signature_bytes) == (len(files[0] or b""), 2508)


def test_what_is_not_there_is_not_answered(signed_release: Callable[..., Release]) -> None:
    blocks = Blocks([signed_release(9)])
    assert fetched(blocks, 8, 0) is None
    assert fetched(blocks, 9, 4) is None
    far = blocks.answer(BlockWanted(release=9, file=0, at=0x7FFFFFFF))
    assert far is not None
    assert far.data == ""
    with pytest.raises(KeyError):
        blocks.offer(8)


def test_an_unsigned_release_is_not_handed_out(signed_release: Callable[..., Release]) -> None:
    unsigned = make_release(10, {"a/b.mpy": b"M\x06"}, "x")
    blocks = Blocks([signed_release(9), unsigned])
    assert blocks.numbers() == [9]
    assert Blocks([dataclasses.replace(unsigned, signature=b"s")]).numbers() == [10]
