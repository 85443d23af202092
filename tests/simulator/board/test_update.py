"""The whole program of a board takes the whole program anew, over the air, in the heap it has."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.core.releases import ReleaseInfo
from gateway.releases.blocks import Blocks
from gateway.releases.build import build_release, root_files
from gateway.releases.release import Release
from gateway.releases.signing import SigningKey
from simulator.board.virtual_bench import VirtualBench
from simulator.vm.size_board import SHIMS_KIB

# With which a board was seen to fetch, try and confirm; in 110 KiB it runs, and refuses the offer.
HEAPS_KIB = {"esp32-pad": 160, "esp32-sign": 128, "esp32-lamp": 128, "esp32-rating": 144}
UPDATE_MS = 180_000


class Two(Blocks):
    """What a gateway with two releases offers."""

    def __init__(self, releases: list[Release]) -> None:
        super().__init__(releases)
        self._all = releases

    def newest_first(self) -> list[ReleaseInfo]:
        return [
            ReleaseInfo(each.number, each.manifest.name, each.manifest.mpy, 0)
            for each in reversed(self._all)
        ]


@pytest.fixture(scope="module")
def releases() -> tuple[list[Release], bytes]:
    """Two of the source tree, and the public key."""
    key = SigningKey(b"key of this test", b"b" * 32)
    made = [build_release(number) for number in (1, 2)]
    signed = [
        dataclasses.replace(each, signature=key.sign(each.number, b"c" * 32, each.manifest_bytes))
        for each in made
    ]
    return signed, key.public_key


@pytest.fixture(params=HEAPS_KIB)
def bench(request: Any, releases: tuple[list[Release], bytes]) -> Iterator[VirtualBench]:
    """A board with release 1 in slot `a`, as a technician leaves it."""
    signed, public_key = releases
    files = root_files() | {"config/release.pub": public_key}
    files |= {f"a/{path}": data for path, data in signed[0].slot_files().items()}
    bench = VirtualBench(request.param, files=files, heap_kib=HEAPS_KIB[request.param] + SHIMS_KIB)
    bench.switch_on()
    assert bench.until(lambda: bench.gateway.running)
    bench.gateway.engine.service.releases = Two(signed)
    yield bench
    bench.close()


@pytest.mark.slow
def test_a_board_takes_a_release_over_the_air_and_confirms_it(bench: VirtualBench) -> None:
    assert bench.until(lambda: bench.online), bench.board.console
    service = bench.gateway.engine.service
    assert bench.until(lambda: service.runs(bench.node, 1), 120_000)
    service.order_update(bench.node, 2, bench.timeline.now_ms)
    done = bench.until(lambda: service.runs(bench.node, 2), UPDATE_MS)
    assert done, (service.view(bench.node, bench.timeline.now_ms), bench.board.console[-2000:])
