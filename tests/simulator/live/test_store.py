"""The flash of a virtual node."""

from pathlib import Path

import pytest

from simulator.live.store import NodeStore


def test_node_finds_its_values_and_counts_its_starts(tmp_path: Path) -> None:
    first = NodeStore(tmp_path, "w01-pad")
    assert first.start() == 1
    first.put("outbox", b"\x00\xff")
    again = NodeStore(tmp_path, "w01-pad")
    assert again.values == {"outbox": b"\x00\xff"}
    assert again.start() == 2
    assert NodeStore(tmp_path, "w02-pad").start() == 1


def test_damaged_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "w01-pad.json").write_text('{"boot": 3', encoding="ascii")
    with pytest.raises(ValueError, match=r"w01-pad\.json.*delete it"):
        NodeStore(tmp_path, "w01-pad")


def test_interrupted_writing_leaves_the_old_values(tmp_path: Path) -> None:
    store = NodeStore(tmp_path, "kiosk-1")
    store.put("jobs", b"old")
    (tmp_path / "kiosk-1.part").write_text("half of", encoding="ascii")
    assert NodeStore(tmp_path, "kiosk-1").values == {"jobs": b"old"}
