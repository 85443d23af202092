"""What a node keeps on its heap is known, and does not grow."""

from __future__ import annotations

import pytest

from simulator.vm.mount import compiled
from simulator.vm.size import KINDS, files, measure

# What a node of any kind lives in today, as .mpy files; smaller is the aim (see simulator.vm.size).
HEAP_KIB = 144


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_of_each_kind_starts_and_lives_in_the_heap_it_is_said_to_need(kind: str) -> None:
    size = measure(kind, HEAP_KIB, "mpy", duration_s=60)
    assert not size.failed, size
    assert size.imported < size.started


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_heap_is_flat_over_an_hour(kind: str) -> None:
    # Jobs are remembered up to a bound, which the first hour reaches.
    longer = measure(kind, HEAP_KIB, "mpy", duration_s=3 * 3600)
    hour = measure(kind, HEAP_KIB, "mpy", duration_s=3600)
    assert not longer.failed, longer
    assert not hour.failed, hour
    assert abs(longer.ended - hour.ended) < 512
    assert hour.ended - hour.started < 4096


def test_a_heap_that_is_too_small_says_so() -> None:
    assert "MemoryError" in measure("sign", 48, "mpy", duration_s=3).failed


def test_compiled_application_takes_less_flash_than_its_source() -> None:
    source = sum(len(content) for content in files("py").values())
    assert sum(len(content) for content in files("mpy").values()) < source // 2


def test_a_module_that_does_not_compile_is_named() -> None:
    with pytest.raises(ValueError, match=r"(?s)a/b\.py does not compile: .*SyntaxError"):
        compiled({"a/b.py": b"def"})
